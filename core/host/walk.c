/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/host/walk-internal.h"

enum { FOLDERS = 8 }; /* handed to a worker at once */

static const struct {
	const char *word, *words;
} skips[_WALK_SKIP_MAX] = {
	[WALK_SKIP_FS] = {"file-system", "of a file system that is left out"},
	[WALK_SKIP_UNREADABLE] = {"unreadable", "folder that cannot be read"},
	[WALK_SKIP_TWICE] = {"twice", "folder that was seen under another name"},
	[WALK_SKIP_MOUNTED] = {"mounted", "file that is mounted over another one"},
};

struct walk {
	struct pool *pool;
	const struct root *root;
	const struct walk_ops *ops;
	struct walk_counts counts;
	struct walk_stack stack;  /* folders of this mount still to be handed out */
	struct walk_stack mounts; /* starts still to come */
	struct walk_fs **fs;
	size_t n_fs;
	struct walk_seen seen, fresh; /* folders, of this mount in .fresh */
	struct walk_job **jobs;
	size_t n_jobs, busy;
	int err; /* ends it all */
};

const char *walk_skip_words(enum walk_skip why)
{
	return skips[why].words;
}

const char *walk_skip_word(enum walk_skip why)
{
	return skips[why].word;
}

int walk_facts(int fd, struct walk_file *ret)
{
	bool mount;

	return walk_stat(fd, "", AT_EMPTY_PATH, ret, &mount);
}

int walk_facts_at(int dir, const char *name, struct walk_file *ret)
{
	bool mount;

	return walk_stat(dir, name, 0, ret, &mount);
}

static void skip(struct walk *w, const char *path, enum walk_skip why, int err)
{
	w->counts.skipped[why]++;
	if (w->ops->skip)
		w->ops->skip(w->ops->user, path, why, err);
}

static void add_counts(struct walk_counts *to, struct walk_counts *from)
{
	to->folders += from->folders;
	to->files += from->files;
	to->wanted += from->wanted;
	to->links += from->links;
	to->special += from->special;
	*from = (struct walk_counts){0};
}

static void hand_over(struct walk *w, struct walk_job *job, struct walk_found *f)
{
	const char *text = strbuf_str(&job->text), *path = text + f->path;
	int r = 0;

	switch (f->kind) {
	case WALK_FOUND_FILE:
		f->file.path = path;
		f->file.value.ptr = (const uint8_t *)text + f->value;
		f->file.also.ptr = (const uint8_t *)text + f->also;
		r = w->ops->file(w->ops->user, &f->file);
		break;
	case WALK_FOUND_FOLDER:
		r = walk_seen_add(&w->fresh, &f->file);
		break;
	case WALK_FOUND_MOUNT:
		r = walk_push(&w->mounts, span_of(path), NULL);
		break;
	case WALK_FOUND_SKIP:
		skip(w, path, f->skip, f->err);
		break;
	}
	if (r < 0)
		w->err = r;
}

/* Folders that a worker found and has not read go back, so that others can. */
static void take_back(struct walk *w, struct walk_job *job)
{
	for (size_t i = 0; i < job->stack.n; i++) {
		struct walk_folder *f = &job->stack.at[i];

		if (walk_push(&w->stack, span_of(f->path), f->fs) < 0)
			w->err = -ENOMEM;
		free(f->path);
	}
	job->stack.n = 0;
}

static void job_done(struct pool_job *pool_job)
{
	struct walk_job *job = (struct walk_job *)pool_job;
	struct walk *w = job->owner;

	w->busy--;
	job->idle = true;
	add_counts(&w->counts, &job->counts);
	for (size_t i = 0; i < job->n_found && !w->err; i++)
		hand_over(w, job, &job->found[i]);
	job->n_found = 0;
	strbuf_clear(&job->text);
	if (job->err && !w->err)
		w->err = job->err;
	take_back(w, job);
}

/* What an idle worker's job gets: the folder it was in the middle of, and some more. */
static bool fill(struct walk *w, struct walk_job *job)
{
	size_t share = w->stack.n / w->n_jobs + 1;

	for (size_t i = 0; i < FOLDERS && i < share && w->stack.n; i++) {
		struct walk_folder f = w->stack.at[w->stack.n - 1];

		if (walk_push(&job->stack, span_of(f.path), f.fs) < 0) {
			w->err = -ENOMEM;
			return false;
		}
		free(f.path);
		w->stack.n--;
	}
	return job->stack.n || job->dir;
}

static void feed(struct walk *w)
{
	for (size_t i = 0; i < w->n_jobs && !w->err; i++) {
		struct walk_job *job = w->jobs[i];

		if (!job->idle || !fill(w, job))
			continue;
		job->idle = false;
		w->busy++;
		pool_submit(w->pool, &job->job);
	}
}

static void cancel(struct walk *w)
{
	for (size_t i = 0; i < w->n_jobs; i++)
		if (!w->jobs[i]->idle)
			pool_cancel(&w->jobs[i]->job);
}

/* Everything on the stack, and below it. */
static int drain(struct walk *w)
{
	struct pollfd p = {.fd = pool_fd(w->pool), .events = POLLIN};

	feed(w);
	while (w->busy) {
		(void)poll(&p, 1, -1); /* interrupted: looked at again */
		(void)pool_dispatch(w->pool);
		if (w->ops->progress)
			w->ops->progress(w->ops->user, &w->counts);
		if (!w->err && w->ops->stop && w->ops->stop(w->ops->user))
			w->err = -ECANCELED;
		if (w->err)
			cancel(w);
		else
			feed(w);
	}
	return w->err ? w->err : walk_seen_merge(&w->seen, &w->fresh);
}

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

/* linux 6.12 fs/ext4/xattr.c ext4_xattr_set_handle(), fs/xfs/libxfs/xfs_attr.c
 * xfs_attr_set(), fs/btrfs/xattr.c btrfs_setxattr_trans(). Not so f2fs, nor tmpfs before
 * 6.0. */
bool walk_attr_shows(uint32_t magic)
{
	return magic == EXT4_SUPER_MAGIC || magic == XFS_SUPER_MAGIC ||
	       magic == BTRFS_SUPER_MAGIC;
}

/* The file system that @fd is on; NULL: out of memory. */
static const struct walk_fs *fs_of(struct walk *w, uint64_t dev, const struct statfs *s)
{
	struct walk_fs **more = reallocarray(w->fs, w->n_fs + 1, sizeof(*more));
	struct walk_fs *fs = malloc(sizeof(*fs));
	uint64_t id;

	if (more)
		w->fs = more;
	if (!more || !fs) {
		free(fs);
		return NULL;
	}
	memcpy(&id, &s->f_fsid, sizeof(id));
	*fs = (struct walk_fs){
		.dev = dev,
		.fsid = id,
		.magic = (uint32_t)s->f_type,
		.read_only = s->f_flags & ST_RDONLY,
		.attr_shows = walk_attr_shows((uint32_t)s->f_type),
	};
	for (size_t i = 0; i < w->n_fs; i++)
		fs->again |= w->fs[i]->dev == dev;
	return w->fs[w->n_fs++] = fs;
}

/* A path that is a file itself: found in its folder as the others are. */
static int start_file(struct walk *w, const char *path, const struct walk_fs *fs,
		      struct walk_file *facts, int64_t now)
{
	struct walk_job *job = w->jobs[0];
	const struct walk_ops *ops = w->ops;
	char leaf[FSPATH_LEAF_MAX];
	_cleanup_close_ int dir = fspath_parent(w->root->dir[ROOT_TARGET], path, leaf);
	struct walk_found f = {.kind = WALK_FOUND_FILE};

	if (dir < 0)
		return dir;
	w->counts.files++;
	walk_place(facts, fs, now);
	if (ops->want && !ops->want(ops->user, facts))
		return 0;
	w->counts.wanted++;
	f.file = *facts;
	strbuf_adds(&job->text, path);
	strbuf_addc(&job->text, '\0');
	walk_value(job, dir, leaf, &f);
	if (job->text.failed)
		return -ENOMEM;
	hand_over(w, job, &f);
	strbuf_clear(&job->text);
	return w->err;
}

static int cannot(const char *path, int err, struct diag *reterr)
{
	char q[160];

	return diag_set(reterr, err == -EACCES ? DIAG_PERMISSION : DIAG_OPEN, err,
			"Cannot look at /%s: %s.", str_quote(q, sizeof(q), span_of(path)),
			diag_errno(err));
}

/* Something to begin with: a path that was asked for, or a mount. */
static int start(struct walk *w, const char *path, bool named)
{
	_cleanup_close_ int fd = fspath_open(w->root->dir[ROOT_TARGET], path, O_PATH);
	int64_t now = walk_now();
	const struct walk_fs *fs;
	struct walk_file facts;
	struct statfs s;
	int r = fd < 0 ? fd : walk_facts(fd, &facts);

	if (r == 0 && fstatfs(fd, &s) < 0)
		r = -errno;
	if (r < 0)
		return r;
	if (w->ops->enter && !w->ops->enter(w->ops->user, (uint32_t)s.f_type, named)) {
		skip(w, path, WALK_SKIP_FS, 0);
		return walk_mounts_below(w->root, path, &w->mounts);
	}
	fs = fs_of(w, facts.dev, &s);
	if (!fs)
		return -ENOMEM;
	if (S_ISREG(facts.mode))
		return start_file(w, path, fs, &facts, now);
	if (!S_ISDIR(facts.mode)) {
		w->counts.special++;
		return 0;
	}
	if (walk_seen_has(&w->seen, &facts)) {
		skip(w, path, WALK_SKIP_TWICE, 0);
		return 0;
	}
	r = walk_seen_add(&w->fresh, &facts);
	if (r == 0)
		r = walk_push(&w->stack, span_of(path), fs);
	return r < 0 ? r : drain(w);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct walk_folder *)a)->path,
		      ((const struct walk_folder *)b)->path);
}

/* Mounts in the order of their names: always the same one comes first. */
static int start_mounts(struct walk *w)
{
	int r = 0;

	while (w->mounts.n && r == 0) {
		size_t first = 0;

		for (size_t i = 1; i < w->mounts.n; i++)
			if (by_path(&w->mounts.at[i], &w->mounts.at[first]) < 0)
				first = i;
		_cleanup_free_ char *path = w->mounts.at[first].path;

		w->mounts.at[first] = w->mounts.at[--w->mounts.n];
		r = start(w, path, false);
		if (r == -ENOENT || r == -EACCES) {
			skip(w, path, WALK_SKIP_UNREADABLE, -r);
			r = 0;
		}
	}
	return r;
}

static int make_jobs(struct walk *w, const char *attr)
{
	size_t n = 2 * pool_threads(w->pool);

	w->jobs = calloc(n, sizeof(struct walk_job *));
	if (!w->jobs)
		return -ENOMEM;
	while (w->n_jobs < n) {
		struct walk_job *job = calloc(1, sizeof(*job));

		if (!job)
			return -ENOMEM;
		w->jobs[w->n_jobs++] = job;
		job->job.run = walk_read;
		job->job.done = job_done;
		job->root = w->root;
		job->attr = attr;
		job->ops = w->ops;
		job->seen = &w->seen;
		job->idle = true;
		job->owner = w;
	}
	return 0;
}

static void done(struct walk *w)
{
	for (size_t i = 0; i < w->n_jobs; i++) {
		walk_folder_close(w->jobs[i]);
		walk_stack_done(&w->jobs[i]->stack);
		strbuf_done(&w->jobs[i]->text);
		free(w->jobs[i]);
	}
	free(w->jobs);
	for (size_t i = 0; i < w->n_fs; i++)
		free(w->fs[i]);
	free(w->fs);
	walk_seen_done(&w->seen);
	walk_seen_done(&w->fresh);
	walk_stack_done(&w->stack);
	walk_stack_done(&w->mounts);
}

/* The paths in order, "" first: what lies below another one is seen with that. */
static int run(struct walk *w, const char *attr, const char *const *paths, size_t n,
	       struct diag *reterr)
{
	struct walk_stack starts = {0};
	int r = make_jobs(w, attr);

	for (size_t i = 0; i < n && r == 0; i++)
		r = walk_push(&starts, span_of(paths[i]), NULL);
	if (starts.n)
		qsort(starts.at, starts.n, sizeof(*starts.at), by_path);
	for (size_t i = 0; i < starts.n && r == 0; i++) {
		r = start(w, starts.at[i].path, true);
		if (r < 0 && r != -ENOMEM && !w->err)
			(void)cannot(starts.at[i].path, r, reterr);
		if (r == 0)
			r = start_mounts(w);
	}
	if (r == -ENOMEM)
		(void)no_memory(reterr);
	walk_stack_done(&starts);
	return r;
}

int walk_run(struct pool *pool, const struct root *root, const char *attr,
	     const char *const *paths, size_t n_paths, const struct walk_ops *ops,
	     struct walk_counts *ret, struct diag *reterr)
{
	struct walk w = {.pool = pool, .root = root, .ops = ops};
	int r = run(&w, attr, paths, n_paths, reterr);

	done(&w);
	if (r == 0)
		*ret = w.counts;
	return r;
}
