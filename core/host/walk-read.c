/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading folders: what a worker does. */
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"
#include "core/host/walk-internal.h"

enum {
	VALUE_MAX = 65536, /* XATTR_SIZE_MAX, linux/limits.h */
	/* The kernel allocates and clears as much as it is offered (linux 6.12 fs/xattr.c
	 * do_getxattr()). */
	VALUE_FIRST = 640,
	SETTLED = 2, /* seconds; the coarsest clock is that of small ext4 inodes: 1 s */
};

/* linux 6.13, include/uapi/linux/xattr.h and the system call tables: 464 everywhere. */
#ifndef SYS_getxattrat
#define SYS_getxattrat 464
#endif

struct xattr_args {
	uint64_t value;
	uint32_t size, flags;
};

int walk_stat(int dir, const char *name, int flags, struct walk_file *ret, bool *mount)
{
	struct statx st;

	if (statx(dir, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | flags,
		  STATX_BASIC_STATS, &st) < 0)
		return -errno;
	*ret = (struct walk_file){
		.stamp = stamp_of(&st),
		.dev = makedev(st.stx_dev_major, st.stx_dev_minor),
		.uid = st.stx_uid,
		.gid = st.stx_gid,
		.links = st.stx_nlink,
		.mode = st.stx_mode,
		.immutable = st.stx_attributes & STATX_ATTR_IMMUTABLE,
		.append = st.stx_attributes & STATX_ATTR_APPEND,
	};
	*mount = st.stx_attributes & STATX_ATTR_MOUNT_ROOT;
	return 0;
}

int64_t walk_now(void)
{
	struct timespec t;

	/* the one by which file systems stamp changes: current_time() in fs/inode.c */
	(void)clock_gettime(CLOCK_REALTIME_COARSE, &t);
	return t.tv_sec;
}

void walk_place(struct walk_file *file, const struct walk_fs *fs, int64_t now)
{
	file->fsid = fs->fsid;
	file->fs_magic = fs->magic;
	file->read_only = fs->read_only;
	file->attr_shows = fs->attr_shows;
	file->settled = file->stamp.ctime.sec < now - SETTLED;
}

/* By name below a descriptor. Kernels before 6.13 have no call for that: the magic link of
 * the folder leads to it. */
static ssize_t get_value(int dir, const char *name, const char *attr, char *value,
			 size_t size)
{
	struct xattr_args args = {(uintptr_t)value, (uint32_t)size, 0};
	ssize_t n = syscall(SYS_getxattrat, dir, name, AT_SYMLINK_NOFOLLOW, attr, &args,
			    sizeof(args));
	char path[32 + NAME_MAX + 2], link[32];

	if (n >= 0 || (errno != ENOSYS && errno != EPERM))
		return n;
	if (snprintf(path, sizeof(path), "%s/%s", fs_fd_path(link, dir), name) >=
	    (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return lgetxattr(path, attr, value, size);
}

int walk_get(int dir, const char *name, const char *attr, struct strbuf *out)
{
	_cleanup_free_ char *large = NULL;
	char small[VALUE_FIRST], *value = small;
	ssize_t n = get_value(dir, name, attr, small, sizeof(small));

	if (n < 0 && errno == ERANGE) {
		value = large = malloc(VALUE_MAX);
		if (!large)
			return -ENOMEM;
		n = get_value(dir, name, attr, large, VALUE_MAX);
	}
	if (n < 0)
		return -errno;
	strbuf_add(out, value, (size_t)n);
	return out->failed ? -ENOMEM : 0;
}

void walk_value(struct walk_job *job, int dir, const char *name, struct walk_found *f)
{
	const char *also = job->ops->also;

	f->value = job->text.len;
	f->file.err = job->attr ? -walk_get(dir, name, job->attr, &job->text) : ENODATA;
	f->also = job->text.len;
	f->file.value.len = f->also - f->value;
	f->file.also_err = also ? -walk_get(dir, name, also, &job->text) : ENODATA;
	f->file.also.len = job->text.len - f->also;
}

int walk_push(struct walk_stack *stack, struct span path, const struct walk_fs *fs)
{
	size_t cap = stack->cap ? 2 * stack->cap : 32;
	struct walk_folder *more;
	char *copy;

	if (stack->n == stack->cap) {
		more = reallocarray(stack->at, cap, sizeof(*more));
		if (!more)
			return -ENOMEM;
		stack->at = more;
		stack->cap = cap;
	}
	copy = strndup(path.len ? (const char *)path.ptr : "", path.len);
	if (!copy)
		return -ENOMEM;
	stack->at[stack->n++] = (struct walk_folder){copy, fs};
	return 0;
}

void walk_stack_done(struct walk_stack *stack)
{
	while (stack->n)
		free(stack->at[--stack->n].path);
	free(stack->at);
	*stack = (struct walk_stack){0};
}

void walk_folder_close(struct walk_job *job)
{
	if (job->dir)
		(void)closedir(job->dir); /* read only */
	job->dir = NULL;
	free(take_ptr(job->now.path));
}

/* Room for one more, its path in .text ("usr/bin" and "ls", or either alone). */
static struct walk_found *found(struct walk_job *job, enum walk_found_kind kind,
				const char *name)
{
	struct walk_found *f = &job->found[job->n_found++];
	const char *folder = job->now.path;

	f->kind = kind;
	f->path = job->text.len;
	strbuf_adds(&job->text, folder);
	if (*folder && *name)
		strbuf_addc(&job->text, '/');
	strbuf_adds(&job->text, name);
	strbuf_addc(&job->text, '\0');
	return f;
}

static void skip(struct walk_job *job, const char *name, enum walk_skip why, int err)
{
	struct walk_found *f = found(job, WALK_FOUND_SKIP, name);

	f->skip = why;
	f->err = err;
}

static void take_folder(struct walk_job *job, const char *name,
			const struct walk_file *facts, bool mount)
{
	struct walk_found *f;

	if (!mount && job->now.fs->again && walk_seen_has(job->seen, facts)) {
		skip(job, name, WALK_SKIP_TWICE, 0);
		return;
	}
	f = found(job, mount ? WALK_FOUND_MOUNT : WALK_FOUND_FOLDER, name);
	f->file = *facts;
	if (!mount && !job->text.failed &&
	    walk_push(&job->stack, span_of(job->text.ptr + f->path), job->now.fs) < 0)
		job->err = -ENOMEM;
}

static void take_file(struct walk_job *job, const char *name, struct walk_file *facts,
		      bool mount)
{
	const struct walk_ops *ops = job->ops;
	struct walk_found *f;

	job->counts.files++;
	walk_place(facts, job->now.fs, job->dir_sec);
	if (ops->want && !ops->want(ops->user, facts))
		return;
	if (mount) {
		skip(job, name, WALK_SKIP_MOUNTED, 0);
		return;
	}
	job->counts.wanted++;
	f = found(job, WALK_FOUND_FILE, name);
	f->file = *facts;
	if (ops->known && !job->text.failed)
		f->file.known = ops->known(ops->user, job->text.ptr + f->path, facts);
	if (!f->file.known)
		walk_value(job, dirfd(job->dir), name, f);
}

/* The kind of an entry that is known without asking; 0: it must be asked for. */
static void take_entry(struct walk_job *job, const struct dirent *e)
{
	struct walk_file facts;
	bool mount;

	if (e->d_name[0] == '.' &&
	    (!e->d_name[1] || (e->d_name[1] == '.' && !e->d_name[2])))
		return;
	if (e->d_type == DT_LNK) {
		job->counts.links++;
		return;
	}
	if (walk_stat(dirfd(job->dir), e->d_name, 0, &facts, &mount) < 0)
		return; /* gone since */
	if (S_ISDIR(facts.mode))
		take_folder(job, e->d_name, &facts,
			    mount || facts.dev != job->now.fs->dev);
	else if (S_ISREG(facts.mode))
		take_file(job, e->d_name, &facts, mount);
	else if (S_ISLNK(facts.mode))
		job->counts.links++;
	else
		job->counts.special++;
}

static DIR *open_dir(const struct root *root, const char *path)
{
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int fd = fspath_open(root->dir[ROOT_TARGET], path, flags | O_NOATIME);
	DIR *dir;

	if (fd == -EPERM) /* not its owner */
		fd = fspath_open(root->dir[ROOT_TARGET], path, flags);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (fd < 0)
		errno = -fd;
	else if (!dir)
		(void)close(fd); /* nothing was read */
	return dir;
}

/* The next folder of the stack. */
static void enter(struct walk_job *job)
{
	job->now = job->stack.at[--job->stack.n];
	job->dir_sec = walk_now();
	job->dir = open_dir(job->root, job->now.path);
	if (job->dir) {
		job->counts.folders++;
		return;
	}
	if (errno != ENOENT) /* gone since */
		skip(job, "", WALK_SKIP_UNREADABLE, errno);
	walk_folder_close(job);
}

void walk_read(struct pool_job *pool_job)
{
	struct walk_job *job = (struct walk_job *)pool_job;
	struct dirent *e;

	while (job->n_found < WALK_CHUNK && !job->err && !job->text.failed &&
	       !atomic_load(&job->job.cancelled)) {
		if (!job->dir && !job->stack.n)
			break;
		if (!job->dir) {
			enter(job);
			continue;
		}
		errno = 0;
		e = readdir(job->dir);
		if (e) {
			take_entry(job, e);
			continue;
		}
		if (errno)
			skip(job, "", WALK_SKIP_UNREADABLE, errno);
		walk_folder_close(job);
	}
	if (job->text.failed)
		job->err = -ENOMEM;
}
