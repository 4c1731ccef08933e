/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/restore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"
#include "core/base/fstate.h"
#include "core/base/remount.h"
#include "recovery/evidence.h"
#include "recovery/overmount.h"

#define POLICIES "etc/ima"
#define POLICY	 "ima-policy"
#define KEYS	 "etc/keys/ima"
#define ASIDE	 ".imactl-restored"

struct work {
	int at; /* the root folder */
	const struct restore *good;
	struct restore_report *report;
	int evidence; /* -1: none is kept */
};

static int open_folder(const struct work *w, const char *path)
{
	return fspath_open(w->at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int make_copy(int folder, const struct restore_file *f)
{
	_cleanup_close_ int fd =
		openat(folder, ASIDE,
		       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = fs_write_all(fd, strbuf_str(&f->text), f->text.len);
	if (r == 0 && f->xattrs.len)
		r = fstate_write_xattrs(fd, strbuf_span(&f->xattrs));
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	/* Closed before it gets its name: closing may write its label. */
	if (close(take_fd(&fd)) < 0 && r == 0)
		r = -errno;
	return r;
}

/* The generation's own file under another name: opens nothing. Whoever then edits the policy
 * in place edits the generation too, which its manifest will tell. */
static int make_link(const struct work *w, int folder, const struct restore_file *f)
{
	_cleanup_strbuf_ struct strbuf path = {0};
	char leaf[FSPATH_LEAF_MAX];
	_cleanup_close_ int from = -1;

	strbuf_addf(&path, GEN_FOLDER "/gen/%u/%s", w->good->number, f->name);
	if (path.failed)
		return -ENOMEM;
	from = fspath_parent(w->at, strbuf_str(&path), leaf);
	if (from < 0)
		return from;
	return linkat(from, leaf, folder, ASIDE, 0) < 0 ? -errno : 0;
}

static int put(const struct work *w, int folder, const char *leaf,
	       const struct restore_file *f)
{
	int r = -EACCES;

	if (unlinkat(folder, ASIDE, 0) < 0 && errno != ENOENT)
		return -errno;
	if (!w->good->linked)
		r = make_copy(folder, f);
	if (r == -EACCES || r == -EPERM) {
		(void)unlinkat(folder, ASIDE, 0); /* begun and denied */
		r = make_link(w, folder, f);
		w->report->linked |= r == 0;
	}
	if (r == 0 && renameat(folder, ASIDE, folder, leaf) < 0)
		r = -errno;
	(void)unlinkat(folder, ASIDE, 0); /* a link to what is there is not renamed */
	return r < 0 ? r : fspath_sync(folder);
}

/* Under a second name, so that there is a policy at any moment. */
static void keep(const struct work *w, int folder, const char *leaf)
{
	if (w->evidence >= 0)
		(void)!linkat(folder, leaf, w->evidence, leaf, 0); /* for people */
}

static const struct restore_file *policy_of(const struct restore *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->file[i].name, GEN_POLICY) == 0)
			return &r->file[i];
	return NULL;
}

static int put_policy(const struct work *w)
{
	const struct restore_file *f = policy_of(w->good);
	_cleanup_close_ int folder = -1;
	int r = f ? fs_mkdirs_at(w->at, POLICIES, 0755, NULL) : 0;

	if (r < 0)
		return r;
	folder = open_folder(w, POLICIES);
	if (folder < 0)
		return folder == -ENOENT && !f ? 0 : folder;
	keep(w, folder, POLICY);
	if (f)
		return put(w, folder, POLICY, f);
	if (unlinkat(folder, POLICY, 0) < 0 && errno != ENOENT)
		return -errno;
	return fspath_sync(folder);
}

/* Keys */

/* The key of the generation with these contents; NULL: it is none of its keys. */
static const struct restore_file *key_with(const struct restore *r, int folder,
					   const char *leaf)
{
	_cleanup_strbuf_ struct strbuf text = {0};

	if (fs_read_at(folder, leaf, GEN_FILE_MAX, &text, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->file[i].name, GEN_POLICY) != 0 &&
		    span_equal(strbuf_span(&text), strbuf_span(&r->file[i].text)))
			return &r->file[i];
	return NULL;
}

static bool is_certificate(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && strcmp(dot, ".der") == 0;
}

/* What the generation does not have goes to the evidence; of what it has @there is set. */
static int sort_keys(const struct work *w, int folder, bool *there)
{
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *e;
	int r = 0;

	if (!dir) {
		r = -errno;
		cleanup_closep(&copy);
		return r;
	}
	while (r == 0 && (e = readdir(dir))) {
		const struct restore_file *f;

		if (!is_certificate(e->d_name))
			continue;
		f = key_with(w->good, folder, e->d_name);
		if (f) {
			there[f - w->good->file] = true;
		} else if (w->evidence >= 0 &&
			   renameat(folder, e->d_name, w->evidence, e->d_name) == 0) {
			w->report->keys_taken++;
		} else {
			r = w->evidence >= 0 ? -errno : -ENOSPC;
		}
	}
	(void)closedir(dir);
	return r;
}

/* "keys/HASH.der" as HASH.der: who loads keys at boot takes every name. */
static int put_keys(const struct work *w)
{
	_cleanup_close_ int folder = -1;
	bool there[GEN_FILES_MAX] = {0};
	int r;

	if (w->good->no_policy || w->good->linked)
		return 0; /* without a policy a key decides nothing */
	r = w->good->n > 1 ? fs_mkdirs_at(w->at, KEYS, 0755, NULL) : 0;
	folder = r < 0 ? r : open_folder(w, KEYS);
	if (folder < 0)
		return folder == -ENOENT && w->good->n <= 1 ? 0 : folder;
	r = sort_keys(w, folder, there);
	for (size_t i = 0; i < w->good->n && i < GEN_FILES_MAX && r == 0; i++) {
		const struct restore_file *f = &w->good->file[i];

		if (there[i] || strcmp(f->name, GEN_POLICY) == 0)
			continue;
		r = put(w, folder, strrchr(f->name, '/') + 1, f);
		w->report->keys_put += r == 0;
	}
	return r < 0 ? r : fspath_sync(folder);
}

static int apply(struct work *w)
{
	_cleanup_close_ int top = -1;
	int r;

	w->evidence = evidence_new(w->at, &w->report->evidence);
	/* The keys first: with the policy in place, and not its keys, PID 1 would stop. */
	r = put_keys(w);
	if (r == 0)
		r = put_policy(w);
	if (w->evidence >= 0)
		(void)fspath_sync(w->evidence);
	top = open_folder(w, "");
	if (top >= 0)
		(void)syncfs(top); /* each step was synced by itself */
	cleanup_closep(&w->evidence);
	return r;
}

int restore_apply(const struct root *root, const struct restore *good,
		  struct restore_report *ret, struct diag *reterr)
{
	struct restore_report report = {0};
	struct work w = {.good = good, .report = &report, .evidence = -1};
	struct remount m = {.dirfd = -1};
	_cleanup_close_ int at = -1;
	int r = remount_writable(root->dir[ROOT_TARGET], &m);

	if (r == 0) {
		at = overmount_beneath(root);
		w.at = at;
		r = at < 0 ? at : apply(&w);
		(void)remount_back(&m); /* PID 1 mounts it as it likes it */
	}
	if (r < 0)
		return diag_set(reterr, DIAG_ROLLBACK_FAILED, -r,
				"Generation %u cannot be put in place on the disk: %s.",
				good->number, diag_errno(-r));
	*ret = report;
	return 0;
}

void restore_text(const struct restore *r, const struct restore_report *report,
		  struct strbuf *out)
{
	if (r->no_policy)
		strbuf_adds(out,
			    "There is no policy in /etc/ima any more, as generation ");
	else
		strbuf_adds(out, "In /etc/ima is the policy of generation ");
	strbuf_addf(out, "%u%s, from the next boot on.\n", r->number,
		    r->no_policy ? " has none" : "");
	if (report->keys_put || report->keys_taken)
		strbuf_addf(out, "In /etc/keys/ima: %u put back, %u taken away.\n",
			    report->keys_put, report->keys_taken);
	if (report->evidence)
		strbuf_addf(out,
			    "What was there is kept in /" GEN_FOLDER "/evidence/%u.\n",
			    report->evidence);
	if (report->linked)
		strbuf_adds(out, "It is a link to the file of the generation, because "
				 "reading or writing files is denied here.\n");
}
