/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fault/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static struct {
	enum shim_mode mode;
	size_t at, seen;
	int err;
	pid_t thread; /* that of shim_set(): calls of others pass */
	struct shim_op *ops;
	size_t n;
} shim;

void shim_set(enum shim_mode mode, size_t at, int err)
{
	shim.mode = mode;
	shim.at = at;
	shim.err = err;
	shim.seen = 0;
	shim.thread = gettid();
}

size_t shim_count(void)
{
	return shim.seen;
}

const struct shim_op *shim_ops(size_t *n)
{
	*n = shim.n;
	return shim.ops;
}

void shim_forget(void)
{
	for (size_t i = 0; i < shim.n; i++) {
		free(shim.ops[i].path);
		free(shim.ops[i].other);
		free(shim.ops[i].data);
	}
	free(shim.ops);
	shim.ops = NULL;
	shim.n = 0;
}

static bool passes(void)
{
	return shim.mode == SHIM_OFF || gettid() != shim.thread;
}

static _Noreturn void die(void)
{
	(void)kill(getpid(), SIGKILL);
	for (;;)
		(void)pause();
}

/* Before a call; true: it must fail with errno set. */
static bool enter(void)
{
	size_t i = shim.seen++;

	if (shim.mode == SHIM_KILL_BEFORE && i == shim.at)
		die();
	if ((shim.mode == SHIM_FAIL_ONE && i == shim.at) ||
	    (shim.mode == SHIM_FAIL_FROM && i >= shim.at)) {
		errno = shim.err;
		return true;
	}
	return false;
}

static void leave(void)
{
	if (shim.mode == SHIM_KILL_AFTER && shim.seen - 1 == shim.at)
		die();
}

static char *path_of_fd(int fd, const char *name)
{
	char link[64], dir[1024], *path;
	ssize_t n;

	if (name && *name == '/')
		(void)snprintf(link, sizeof(link), "%s", name);
	else
		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, dir, sizeof(dir) - 1);
	if (n < 0)
		abort();
	dir[n] = '\0';
	if (!name || *name == '/')
		return strdup(dir);
	if (asprintf(&path, "%s/%s", dir, name) < 0)
		abort();
	return path;
}

static void record(enum shim_type type, char *path, char *other, const void *data,
		   size_t len, unsigned arg)
{
	struct shim_op op = {type, path, other, NULL, len, arg};

	if (data) {
		op.data = malloc(len ? len : 1);
		memcpy(op.data, data, len);
	}
	shim.ops = realloc(shim.ops, (shim.n + 1) * sizeof(op));
	shim.ops[shim.n++] = op;
}

static bool recording(long r)
{
	return shim.mode == SHIM_RECORD && r >= 0;
}

/* Defines __wrap_NAME() around the real call; @REC records it when it worked. */
#define WRAP(type, name, params, args, rec)                                              \
	type __real_##name params;                                                       \
	type __wrap_##name params;                                                       \
	type __wrap_##name params                                                        \
	{                                                                                \
		type r;                                                                  \
                                                                                         \
		if (passes())                                                            \
			return __real_##name args;                                       \
		if (enter())                                                             \
			return -1;                                                       \
		r = __real_##name args;                                                  \
		if (recording(r)) {                                                      \
			rec;                                                             \
		}                                                                        \
		leave();                                                                 \
		return r;                                                                \
	}

WRAP(int, fsync, (int fd), (fd),
     record(SHIM_FSYNC, path_of_fd(fd, NULL), NULL, NULL, 0, 0))
WRAP(int, syncfs, (int fd), (fd), record(SHIM_SYNCFS, NULL, NULL, NULL, 0, 0))
WRAP(int, mkdirat, (int at, const char *name, mode_t mode), (at, name, mode),
     record(SHIM_MKDIR, path_of_fd(at, name), NULL, NULL, 0, mode))
WRAP(int, symlinkat, (const char *text, int at, const char *name), (text, at, name),
     record(SHIM_SYMLINK, path_of_fd(at, name), strdup(text), NULL, 0, 0))
WRAP(int, unlinkat, (int at, const char *name, int flags), (at, name, flags),
     record(SHIM_UNLINK, path_of_fd(at, name), NULL, NULL, 0, (unsigned)flags))
WRAP(int, renameat, (int from_at, const char *from, int to_at, const char *to),
     (from_at, from, to_at, to),
     record(SHIM_RENAME, path_of_fd(from_at, from), path_of_fd(to_at, to), NULL, 0, 0))
WRAP(int, renameat2,
     (int from_at, const char *from, int to_at, const char *to, unsigned f),
     (from_at, from, to_at, to, f),
     record(SHIM_RENAME, path_of_fd(from_at, from), path_of_fd(to_at, to), NULL, 0, 0))
WRAP(int, setxattr, (const char *path, const char *name, const void *v, size_t n, int f),
     (path, name, v, n, f),
     record(SHIM_XATTR, path_of_fd(-1, path), strdup(name), v, n, 0))
WRAP(int, removexattr, (const char *path, const char *name), (path, name),
     record(SHIM_XATTR, path_of_fd(-1, path), strdup(name), NULL, 0, 0))
WRAP(int, fsetxattr, (int fd, const char *name, const void *v, size_t n, int f),
     (fd, name, v, n, f), record(SHIM_XATTR, path_of_fd(fd, NULL), strdup(name), v, n, 0))
WRAP(int, fremovexattr, (int fd, const char *name), (fd, name),
     record(SHIM_XATTR, path_of_fd(fd, NULL), strdup(name), NULL, 0, 0))
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode),
     record(SHIM_META, path_of_fd(fd, NULL), NULL, NULL, 0, mode))
/* Owners are our own in the tests, times of what is put back the only others. */
WRAP(int, fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid), (void)0)
WRAP(int, fchownat, (int at, const char *name, uid_t uid, gid_t gid, int flags),
     (at, name, uid, gid, flags), (void)0)
WRAP(int, futimens, (int fd, const struct timespec times[2]), (fd, times),
     record(SHIM_META, path_of_fd(fd, NULL), NULL, times, 2 * sizeof(*times), 0))

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	ssize_t r;

	if (passes() || fd <= 2)
		return __real_write(fd, data, len);
	if (enter())
		return -1;
	if (shim.mode == SHIM_SHORT && shim.seen - 1 == shim.at && len > 1)
		len /= 2;
	r = __real_write(fd, data, len);
	if (recording(r))
		record(SHIM_WRITE, path_of_fd(fd, NULL), NULL, data, (size_t)r, 0);
	leave();
	return r;
}

static int open_and_note(int (*real)(int, const char *, int, ...), int at,
			 const char *name, int flags, mode_t mode)
{
	int r;

	if (passes() || !(flags & (O_CREAT | O_TRUNC)))
		return real(at, name, flags, mode);
	if (enter())
		return -1;
	r = real(at, name, flags, mode);
	if (recording(r))
		record(SHIM_CREATE, path_of_fd(at, name), NULL, NULL, 0, mode);
	leave();
	return r;
}

#define WRAP_OPEN(name)                                                                  \
	int __real_##name(int at, const char *path, int flags, ...);                     \
	int __wrap_##name(int at, const char *path, int flags, ...);                     \
	int __wrap_##name(int at, const char *path, int flags, ...)                      \
	{                                                                                \
		va_list ap;                                                              \
		mode_t mode;                                                             \
                                                                                         \
		va_start(ap, flags);                                                     \
		mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;                         \
		va_end(ap);                                                              \
		return open_and_note(__real_##name, at, path, flags, mode);              \
	}

WRAP_OPEN(openat)
WRAP_OPEN(openat64)
