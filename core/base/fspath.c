/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/fspath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"

static bool valid_component(const char *part, size_t len)
{
	return len > 0 && len < FSPATH_LEAF_MAX && !(len == 1 && part[0] == '.') &&
	       !(len == 2 && part[0] == '.' && part[1] == '.');
}

bool fspath_valid(const char *path)
{
	size_t total = strlen(path), len;

	if (total == 0 || total >= PATH_MAX)
		return false;
	for (const char *p = path;; p += len + 1) {
		len = strcspn(p, "/");
		if (!valid_component(p, len))
			return false;
		if (p[len] == '\0')
			return true;
	}
}

/* One component that is no link. O_DIRECTORY hides that it is one: told apart here. */
static int open_leaf(int at, const char *name, int flags)
{
	int fd = openat(at, name, flags | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd >= 0)
		return fd;
	if (errno == ENOTDIR && fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return S_ISLNK(st.st_mode) ? -ELOOP : -ENOTDIR;
	return -errno;
}

enum { AGAIN_MAX = 10000 };

/* For kernels before 5.6 and sandboxes that do not know openat2(). */
static int walk(int at, const char *path)
{
	_cleanup_close_ int fd = fcntl(at, F_DUPFD_CLOEXEC, 0);
	char name[FSPATH_LEAF_MAX];
	size_t len;
	int next;

	if (fd < 0)
		return -errno;
	for (const char *p = path; *p; p += len + (p[len] == '/')) {
		len = strcspn(p, "/");
		memcpy(name, p, len);
		name[len] = '\0';
		next = open_leaf(fd, name, O_PATH | O_DIRECTORY);
		if (next < 0)
			return next;
		(void)close(fd); /* O_PATH: nothing to report */
		fd = next;
	}
	return take_fd(&fd);
}

/* -EAGAIN: a rename or a mount anywhere on the machine kept the kernel from being sure of a
 * ".." (linux 6.1 fs/namei.c handle_dots()). It is asked again, many times: what comes
 * instead knows no links. */
static int openat2(int at, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {.flags = (unsigned)(flags | O_CLOEXEC),
			       .resolve = resolve};
	int tries = AGAIN_MAX;
	long fd;

	do
		fd = syscall(SYS_openat2, at, *path ? path : ".", &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || (errno == EAGAIN && --tries > 0)));
	return fd < 0 ? -errno : (int)fd;
}

/* Not known to the kernel or the sandbox, or a rename in the tree kept it from deciding.
 */
static bool undecided(int r)
{
	return r == -ENOSYS || r == -EPERM || r == -EAGAIN;
}

static int open_folder(int at, const char *path)
{
	int fd = openat2(at, path, O_PATH | O_DIRECTORY,
			 RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH);

	return undecided(fd) ? walk(at, path) : fd;
}

/* "usr/bin/ls": the length of the folder's part (7), and "ls" into @leaf. */
static int split(const char *path, char leaf[FSPATH_LEAF_MAX])
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	if (strlen(name) >= FSPATH_LEAF_MAX)
		return -ENAMETOOLONG;
	memcpy(leaf, name, strlen(name) + 1);
	return slash ? (int)(slash - path) : 0;
}

int fspath_parent(int at, const char *path, char leaf[FSPATH_LEAF_MAX])
{
	_cleanup_free_ char *parent = NULL;
	int len = split(path, leaf);

	if (at < 0)
		return -ENOENT;
	if (len < 0)
		return len;
	parent = strndup(path, (size_t)len);
	return parent ? open_folder(at, parent) : -ENOMEM;
}

int fspath_open(int at, const char *path, int flags)
{
	char leaf[FSPATH_LEAF_MAX];
	_cleanup_close_ int parent = -1;
	int fd;

	if (at < 0)
		return -ENOENT;
	fd = openat2(at, path, flags | O_NOFOLLOW, RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH);
	if (!undecided(fd))
		return fd;
	parent = fspath_parent(at, path, leaf);
	return parent < 0 ? parent : open_leaf(parent, *leaf ? leaf : ".", flags);
}

static bool holds(const struct fspath_folder *f, int at, const char *path, size_t len)
{
	return f->name && f->at == at && strlen(f->name) == len &&
	       memcmp(f->name, path, len) == 0;
}

int fspath_keep_parent(struct fspath_folder *f, int at, const char *path,
		       char leaf[FSPATH_LEAF_MAX])
{
	int len = split(path, leaf), fd;

	if (at < 0)
		return -ENOENT;
	if (len < 0)
		return len;
	if (holds(f, at, path, (size_t)len))
		return f->fd;
	fspath_folder_done(f);
	f->name = strndup(path, (size_t)len);
	if (!f->name)
		return -ENOMEM;
	fd = open_folder(at, f->name);
	if (fd < 0) {
		free(take_ptr(f->name));
		return fd;
	}
	f->at = at;
	f->turn++;
	return f->fd = fd;
}

void fspath_folder_done(struct fspath_folder *f)
{
	if (f->name)
		cleanup_closep(&f->fd);
	free(take_ptr(f->name));
}

int fspath_open_in(int at, const char *path, int flags)
{
	int fd = openat2(at, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	char leaf[FSPATH_LEAF_MAX];
	_cleanup_close_ int parent = -1;

	if (!undecided(fd))
		return fd;
	if (strcmp(path, ".") != 0 && !fspath_valid(path))
		return -EINVAL;
	parent = fspath_parent(at, path, leaf);
	if (parent < 0)
		return parent;
	return open_leaf(parent, leaf, flags);
}

static ssize_t name_of(int fd, char *buf, size_t size)
{
	char link[32];
	ssize_t n;

	n = readlink(fs_fd_path(link, fd), buf, size);
	if (n < 0)
		return -errno;
	if ((size_t)n == size)
		return -ENAMETOOLONG;
	buf[n] = '\0';
	return n;
}

/* Is that what the name leads to? It may have been removed or replaced. */
static bool same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino &&
	       x.st_dev == y.st_dev;
}

static bool leads_to(int at, const char *path, int fd)
{
	_cleanup_close_ int found = fspath_open_in(at, path, O_PATH | O_NOFOLLOW);

	return found >= 0 && same_file(found, fd);
}

int fspath_of(int at, int fd, struct strbuf *out)
{
	_cleanup_free_ char *root = malloc(PATH_MAX), *path = malloc(PATH_MAX);
	ssize_t above, n;

	if (!root || !path)
		return -ENOMEM;
	if (same_file(at, fd))
		return 0;
	above = name_of(at, root, PATH_MAX);
	n = name_of(fd, path, PATH_MAX);
	if (above < 0 || n < 0)
		return above < 0 ? (int)above : (int)n;
	if (strcmp(root, "/") == 0)
		above = 0;
	if (n <= above || strncmp(path, root, (size_t)above) != 0 || path[above] != '/')
		return -EXDEV;
	if (!leads_to(at, path + above + 1, fd))
		return -ENOENT;
	strbuf_adds(out, path + above + 1);
	return out->failed ? -ENOMEM : 0;
}

int fspath_below(int at, bool inside, const char *path, struct strbuf *out)
{
	const char *below = path + strspn(path, "/");
	_cleanup_close_ int fd = inside ? fspath_open_in(at, *below ? below : ".", O_PATH)
					: open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return inside ? fd : -errno;
	return fspath_of(at, fd, out);
}

int fspath_sync(int dirfd)
{
	_cleanup_close_ int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	do
		r = fsync(fd);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}
