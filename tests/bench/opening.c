/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * opening JOBS DIR: opens each file of a tree as 'label apply --by-kernel' has it done, found
 * and announced by the same code, so that a kernel in fix mode would label it. What the plan
 * and its journal take besides is not in it. Prints the number of files.
 */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/label/act-label.h"
#include "core/label/refmake.h"
#include "core/host/walk.h"

struct opening {
	struct refmake *refs;
	struct strbuf paths; /* with their NULs */
	uint64_t files;
};

static int note(void *user, const struct walk_file *file)
{
	struct opening *o = user;

	strbuf_add(&o->paths, file->path, strlen(file->path) + 1);
	o->files++;
	return o->paths.failed ? -ENOMEM : 0;
}

static struct refmake_ask ask_of(const char *path)
{
	return (struct refmake_ask){.path = path, .what = REFMAKE_OPEN};
}

/* Announced as far ahead as the change engine does it. */
static void open_all(struct opening *o)
{
	enum { AHEAD = 512 };
	const char *next = o->paths.ptr, *now = o->paths.ptr;
	struct refmake_answer answer;
	struct refmake_ask ask;
	struct diag why = {0};
	uint64_t announced = 0;

	for (uint64_t i = 0; i < o->files; i++, now += strlen(now) + 1) {
		for (; announced < o->files && announced < i + AHEAD; announced++) {
			ask = ask_of(next);
			if (refmake_ahead(o->refs, &ask) < 0)
				errx(1, "out of memory");
			next += strlen(next) + 1;
		}
		ask = ask_of(now);
		if (refmake_take(o->refs, &ask, &answer, &why) < 0)
			errx(1, "%s", why.text);
	}
}

int main(int argc, char **argv)
{
	static const char *const all[] = {""};
	struct opening o = {0};
	struct walk_ops ops = {.file = note, .user = &o};
	struct walk_counts counts;
	struct pool *pool = NULL;
	struct root root;

	if (argc != 3)
		errx(2, "opening JOBS DIR");
	if (root_open_live(&root, argv[2], NULL) < 0 ||
	    pool_new((unsigned)atoi(argv[1]), &pool, NULL) < 0 ||
	    walk_run(pool, &root, ACT_LABEL_ATTR, all, 1, &ops, &counts, NULL) < 0 ||
	    refmake_new(pool, &root, NULL, 0, &o.refs, NULL) < 0)
		errx(1, "%s", argv[2]);
	open_all(&o);
	printf("%" PRIu64 "\n", o.files);
	refmake_free(o.refs);
	pool_free(pool);
	root_done(&root);
	strbuf_done(&o.paths);
	return 0;
}
