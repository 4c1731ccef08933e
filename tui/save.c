/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/save.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct save {
	struct export *export;
	const struct mstore *store;
	struct filter *filter;
	const struct filter_context *ctx;
	mref *marks;
	size_t n_marks, at;
	mref next; /* MSTORE_NONE: the end */
	struct strbuf scratch;
	int dir, fd;
	bool overwrite, done;
	char temp[64];
	char name[256];
};

static int failed(int err, const char *what, const char *name, struct diag *reterr)
{
	char q[160];

	return diag_set(reterr,
			err == EEXIST			? DIAG_EXISTS
			: err == EACCES || err == EPERM ? DIAG_PERMISSION
							: DIAG_WRITE,
			err, "Cannot %s %s: %s.", what,
			str_quote(q, sizeof(q), span_of(name)), diag_errno(err));
}

/* The folder and the name in it; the file itself is only touched through the folder. */
static int open_folder(struct save *s, const char *path, struct diag *reterr)
{
	_cleanup_free_ char *dir = strdup(path), *base = strdup(path);

	if (!dir || !base)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	(void)snprintf(s->name, sizeof(s->name), "%s", basename(base));
	s->dir = open(dirname(dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		return diag_set(reterr, errno == EACCES ? DIAG_PERMISSION : DIAG_WRITE,
				errno, "Cannot open the folder: %s.", diag_errno(errno));
	return 0;
}

static int open_temp(struct save *s, const char *path, struct diag *reterr)
{
	struct stat st;
	char q[160];

	if (fstatat(s->dir, s->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (!S_ISREG(st.st_mode))
			return diag_set(reterr, DIAG_WRITE, EINVAL,
					"Cannot replace %s: %s.",
					str_quote(q, sizeof(q), span_of(path)),
					S_ISDIR(st.st_mode) ? "a folder, not a file"
							    : "not a plain file");
		if (!s->overwrite)
			return failed(EEXIST, "write", path, reterr);
	}
	(void)snprintf(s->temp, sizeof(s->temp), ".imactl-%ld.tmp", (long)getpid());
	s->fd = openat(s->dir, s->temp,
		       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return s->fd < 0 ? failed(errno, "write", path, reterr) : 0;
}

static int copy_selection(struct save *s, const struct save_what *what,
			  struct diag *reterr)
{
	if (what->filter)
		return filter_new(filter_text(what->filter), &s->filter, reterr);
	if (!what->marks)
		return 0;
	s->marks = calloc(what->n_marks + 1, sizeof(*s->marks));
	if (!s->marks)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	memcpy(s->marks, what->marks, what->n_marks * sizeof(*s->marks));
	s->n_marks = what->n_marks;
	return 0;
}

int save_start(const struct save_what *what, const char *path, bool overwrite,
	       struct save **ret, struct diag *reterr)
{
	_cleanup_(save_freep) struct save *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	*s = (struct save){.store = what->store,
			   .ctx = what->ctx,
			   .dir = -1,
			   .fd = -1,
			   .overwrite = overwrite,
			   .next = mstore_first(what->store)};
	r = copy_selection(s, what, reterr);
	if (r >= 0)
		r = open_folder(s, path, reterr);
	if (r >= 0)
		r = open_temp(s, path, reterr);
	if (r >= 0)
		r = export_new(what->format, what->store, what->pkgs, s->fd, &s->export,
			       reterr);
	if (r < 0)
		return r;
	*ret = take_ptr(s);
	return 0;
}

static bool passes(struct save *s, mref ref)
{
	struct mlog_entry entry;
	uint64_t number = 0;

	if (!s->filter)
		return true;
	(void)mstore_number(s->store, ref, &number);
	return mstore_entry(s->store, ref, &s->scratch, &entry) &&
	       filter_match(s->filter, s->ctx, mstore_dialect(s->store), &entry, number,
			    ref);
}

static mref next_ref(void *user)
{
	struct save *s = user;
	mref ref;

	if (s->marks)
		return s->at < s->n_marks ? s->marks[s->at++] : MSTORE_NONE;
	do {
		ref = s->next;
		if (ref != MSTORE_NONE)
			s->next = mstore_next(s->store, ref);
	} while (ref != MSTORE_NONE && !passes(s, ref));
	return ref;
}

/* In its place in one step; without @overwrite only where nothing stands. */
static int put_in_place(struct save *s, struct diag *reterr)
{
	if (fsync(s->fd) < 0)
		return failed(errno, "sync", s->name, reterr);
	if (renameat2(s->dir, s->temp, s->dir, s->name,
		      s->overwrite ? 0 : RENAME_NOREPLACE) == 0) {
		s->done = true;
		(void)fsync(s->dir); /* some file systems cannot: the content is synced */
		return 0;
	}
	if (errno != EINVAL) /* a file system without RENAME_NOREPLACE */
		return failed(errno, "write", s->name, reterr);
	if (linkat(s->dir, s->temp, s->dir, s->name, 0) < 0)
		return failed(errno, "write", s->name, reterr);
	return 0; /* save_free() removes the other name */
}

int save_step(struct save *s, unsigned budget_us, struct diag *reterr)
{
	struct mstore_progress p;
	int r;

	mstore_progress(s->store, &p);
	if (!s->marks && p.state == MSTORE_LOADING)
		return 1; /* the whole list, or none of it */
	r = export_step(s->export, next_ref, s, budget_us, reterr);
	if (r != 0)
		return r;
	r = export_finish(s->export, reterr);
	return r < 0 ? r : put_in_place(s, reterr);
}

uint64_t save_count(const struct save *s)
{
	return export_count(s->export);
}

struct save *save_free(struct save *s)
{
	if (!s)
		return NULL;
	export_free(s->export);
	if (s->fd >= 0 && !s->done)
		(void)unlinkat(s->dir, s->temp, 0);
	cleanup_closep(&s->fd);
	cleanup_closep(&s->dir);
	filter_free(s->filter);
	strbuf_done(&s->scratch);
	free(s->marks);
	free(s);
	return NULL;
}
