/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * imactl's own notes are in the scope of every policy that appraises root's files, and
 * without a label nobody could read the journal by which labels are taken back. They cannot
 * be in a plan, since they change while it is carried out: they get their hash at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"
#include "core/label/relabel-internal.h"
#include "core/label/relabel-job-internal.h"

const char *const relabel_own[] = {"var/lib/imactl", "var/cache/imactl", NULL};

struct names {
	char **at;
	size_t n;
};

static int take(void *user, const struct walk_file *f)
{
	struct names *names = user;
	char **more = reallocarray(names->at, names->n + 1, sizeof(*more));
	char *copy = strdup(f->path);

	if (more)
		names->at = more;
	if (!more || !copy) {
		free(copy);
		return -ENOMEM;
	}
	names->at[names->n++] = copy;
	return 0;
}

static void label(const struct root *root, struct refmake *refs, enum hash_alg alg,
		  const char *path)
{
	struct refmake_ask ask = {.path = path, .what = REFMAKE_HASH, .alg = alg};
	_cleanup_close_ int fd = fspath_open(root->dir[ROOT_TARGET], path, O_PATH);
	struct refmake_answer answer;

	if (fd < 0 || refmake_take(refs, &ask, &answer, NULL) < 0)
		return;
	/* one that stays without is as it was before */
	(void)fs_set_xattr(fd, ACT_LABEL_ATTR, answer.value);
}

void relabel_label_own(struct pool *pool, const struct root *root, struct refmake *refs,
		       enum hash_alg alg)
{
	struct names names = {0};
	struct walk_ops ops = {.file = take, .user = &names};
	struct walk_counts counts;

	for (const char *const *own = relabel_own; *own; own++)
		(void)walk_run(pool, root, ACT_LABEL_ATTR, own, 1, &ops, &counts, NULL);
	for (size_t i = 0; i < names.n; i++) {
		label(root, refs, alg, names.at[i]);
		free(names.at[i]);
	}
	free(names.at);
}
