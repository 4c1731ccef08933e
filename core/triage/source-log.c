/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/host/auditlog.h"
#include "core/host/auditrec.h"
#include "core/host/lines.h"
#include "core/triage/source-internal.h"

struct text {
	struct source s;
	const struct root *root; /* NULL: a file of somebody's */
	int fd;			 /* that is read now, -1 */
	unsigned left;		 /* rotations to come, oldest first */
	bool follow;
	struct lines lines;
};

static int cannot_read(int err, struct diag *reterr)
{
	return diag_set(reterr, DIAG_READ, err, "Cannot read the audit records: %s.",
			diag_errno(err));
}

/* Goes on with another file. */
static int use(struct text *t, int fd, bool follow, struct diag *reterr)
{
	lines_done(&t->lines);
	cleanup_closep(&t->fd);
	t->fd = fd;
	if (lines_open(&t->lines, fd, AUDITREC_LINE_MAX) < 0)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Not enough memory.");
	t->lines.follow = follow;
	return 0;
}

/* A rotation that is gone meanwhile was the oldest. */
static int open_next(struct text *t, struct diag *reterr)
{
	int fd = -ENOENT;

	while (t->left && fd < 0) {
		t->left--;
		fd = auditlog_open(t->root, t->left, t->left ? NULL : reterr);
	}
	return fd < 0 ? fd : use(t, fd, t->follow && !t->left, reterr);
}

/* auditd renames its log and begins a new one: where the name leads to another file now,
 * that one follows. */
static bool was_rotated(const struct text *t)
{
	_cleanup_close_ int fd = auditlog_open(t->root, 0, NULL);
	struct stat here, there;

	return fd >= 0 && fstat(t->fd, &here) == 0 && fstat(fd, &there) == 0 &&
	       (here.st_ino != there.st_ino || here.st_dev != there.st_dev);
}

/* At the end of a file. 1: another one follows. */
static int at_end(struct text *t, struct diag *reterr)
{
	int r;

	if (t->left) {
		r = open_next(t, reterr);
		return r < 0 ? r : 1;
	}
	if (!t->follow || !was_rotated(t))
		return 0;
	t->left = 1;
	r = open_next(t, reterr);
	return r < 0 ? r : 1;
}

static int text_read(struct source *s, source_fn fn, void *user, struct diag *reterr)
{
	struct text *t = (struct text *)s;
	struct source_slice slice = source_slice();
	struct span line;
	int r;

	while (source_goes_on(&slice)) {
		r = lines_next(&t->lines, &line);
		if (r < 0)
			return cannot_read(-r, reterr);
		if (r > 0) {
			r = fn(user, line);
			if (r < 0)
				return r;
			continue;
		}
		r = at_end(t, reterr);
		if (r <= 0)
			return r;
	}
	return 1;
}

static void text_done(struct source *s)
{
	struct text *t = (struct text *)s;

	lines_done(&t->lines);
	cleanup_closep(&t->fd);
}

static const struct source_ops of_log = {.kind = DENIAL_FROM_LOG,
					 .read = text_read,
					 .done = text_done};
static const struct source_ops of_file = {.kind = DENIAL_FROM_FILE,
					  .read = text_read,
					  .done = text_done};

int source_open_log(const struct root *root, bool follow, bool from_end,
		    struct source **ret, struct diag *reterr)
{
	_cleanup_(source_freep) struct source *s =
		source_new(&of_log, sizeof(struct text), reterr);
	struct text *t = (struct text *)s;
	int r;

	if (!s)
		return -ENOMEM;
	t->fd = -1;
	t->root = root;
	t->follow = follow;
	t->left = from_end ? 1 : auditlog_count(root);
	t->left = t->left ? t->left : 1; /* which says why there is none */
	r = open_next(t, reterr);
	if (r < 0)
		return r;
	if (from_end)
		(void)lseek(t->fd, 0, SEEK_END);
	*ret = take_ptr(s);
	return 0;
}

int source_open_file(int fd, struct source **ret, struct diag *reterr)
{
	_cleanup_(source_freep) struct source *s =
		source_new(&of_file, sizeof(struct text), reterr);
	struct text *t = (struct text *)s;
	int r;

	if (!s) {
		(void)close(fd);
		return -ENOMEM;
	}
	t->fd = -1;
	r = use(t, fd, false, reterr);
	if (r < 0)
		return r;
	*ret = take_ptr(s);
	return 0;
}
