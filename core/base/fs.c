/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/cleanup.h"

#define XATTR_LIMIT 65536 /* XATTR_SIZE_MAX, linux/limits.h */
/* The kernel allocates and clears as much as it is offered (linux 6.12 fs/xattr.c
 * do_getxattr()), so most values are read into a small buffer. */
#define XATTR_SMALL 640
#define CHUNK	    16384 /* of a file, at a time */

static const char *quoted(char *buf, size_t size, const char *name)
{
	return str_quote(buf, size, span_of(name));
}

int fs_read_fd(int fd, size_t limit, const char *name, struct strbuf *out,
	       struct diag *reterr)
{
	_cleanup_free_ char *chunk = malloc(CHUNK);
	size_t total = 0;
	char q[128];
	ssize_t n;

	if (!chunk)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	for (;;) {
		n = read(fd, chunk, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return diag_set(reterr, DIAG_READ, errno, "Cannot read %s: %s.",
					quoted(q, sizeof(q), name), diag_errno(errno));
		if (n == 0)
			break;
		total += (size_t)n;
		if (total > limit)
			return diag_set(reterr, DIAG_TOO_LARGE, EFBIG,
					"%s is larger than %zu bytes.",
					quoted(q, sizeof(q), name), limit);
		strbuf_add(out, chunk, (size_t)n);
	}
	strbuf_add(out, "", 0);
	if (out->failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory reading %s.",
				quoted(q, sizeof(q), name));
	return 0;
}

int fs_read_at(int dirfd, const char *path, size_t limit, struct strbuf *out,
	       struct diag *reterr)
{
	_cleanup_close_ int fd =
		openat(dirfd, path, /* never waits for a FIFO */
		       O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	char q[128];

	if (fd < 0)
		return diag_set(reterr, errno == EACCES ? DIAG_PERMISSION : DIAG_OPEN,
				errno, "Cannot open %s: %s.", quoted(q, sizeof(q), path),
				diag_errno(errno));
	return fs_read_fd(fd, limit, path, out, reterr);
}

int fs_write_all(int fd, const void *data, size_t len)
{
	const uint8_t *p = data;
	ssize_t n;

	while (len) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_tmp(int dirfd, const char *tmp, const void *data, size_t len,
		     mode_t mode)
{
	_cleanup_close_ int fd = -1;
	int r;

	/* what lies there may be a link to, or belong to, somebody else */
	(void)unlinkat(dirfd, tmp, 0);
	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		    mode);
	if (fd < 0)
		return -errno;
	r = fs_write_all(fd, data, len);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	return r;
}

/* The folder that holds @name must reach the disk too, or the rename may be lost. */
static int sync_parent(int dirfd, const char *name)
{
	const char *slash = strrchr(name, '/');
	char parent[512] = ".";
	_cleanup_close_ int fd = -1;

	if (slash)
		(void)snprintf(parent, sizeof(parent), "%.*s",
			       slash == name ? 1 : (int)(slash - name), name);
	fd = openat(dirfd, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

int fs_replace_at(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		  struct diag *reterr)
{
	char tmp[512], q[128];
	int r;

	if ((size_t)snprintf(tmp, sizeof(tmp), "%s.new", name) >= sizeof(tmp))
		return diag_set(reterr, DIAG_WRITE, ENAMETOOLONG, "File name too long.");
	r = write_tmp(dirfd, tmp, data, len, mode);
	if (r == 0 && renameat(dirfd, tmp, dirfd, name) < 0)
		r = -errno;
	if (r == 0)
		r = sync_parent(dirfd, name);
	if (r < 0) {
		(void)unlinkat(dirfd, tmp,
			       0); /* best effort: the next write truncates it */
		return diag_set(reterr, DIAG_WRITE, r, "Cannot write %s: %s.",
				quoted(q, sizeof(q), name), diag_errno(r));
	}
	return 0;
}

/* Some file systems do not know RENAME_NOREPLACE; a link takes no name that is taken. */
static int put_in_place(int dirfd, const char *tmp, const char *name)
{
	if (renameat2(dirfd, tmp, dirfd, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (linkat(dirfd, tmp, dirfd, name, 0) < 0)
		return -errno;
	(void)unlinkat(dirfd, tmp, 0); /* only the second name of what is in place */
	return 0;
}

int fs_create_at(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		 struct diag *reterr)
{
	char tmp[512], q[128];
	int r;

	(void)quoted(q, sizeof(q), name);
	if ((size_t)snprintf(tmp, sizeof(tmp), "%s.new", name) >= sizeof(tmp))
		return diag_set(reterr, DIAG_WRITE, ENAMETOOLONG, "File name too long.");
	r = write_tmp(dirfd, tmp, data, len, mode);
	if (r == 0)
		r = put_in_place(dirfd, tmp, name);
	if (r == 0)
		r = sync_parent(dirfd, name);
	if (r == 0)
		return 0;
	(void)unlinkat(dirfd, tmp, 0); /* best effort: the next write begins anew */
	if (r == -EEXIST)
		return diag_set(reterr, DIAG_EXISTS, EEXIST, "%s is there already.", q);
	return diag_set(reterr, DIAG_WRITE, r, "Cannot write %s: %s.", q, diag_errno(r));
}

int fs_mkdirs_at(int dirfd, const char *path, mode_t mode, struct diag *reterr)
{
	char part[512], q[128];
	size_t len = strlen(path);

	if (len >= sizeof(part))
		return diag_set(reterr, DIAG_WRITE, ENAMETOOLONG,
				"Folder name too long.");
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdirat(dirfd, part, mode) < 0 && errno != EEXIST)
			return diag_set(reterr, DIAG_WRITE, errno,
					"Cannot make folder %s: %s.",
					quoted(q, sizeof(q), part), diag_errno(errno));
	}
	return 0;
}

const char *fs_fd_path(char buf[32], int fd)
{
	(void)snprintf(buf, 32, "/proc/self/fd/%d", fd);
	return buf;
}

int fs_get_xattr(int fd, const char *name, struct strbuf *out)
{
	_cleanup_free_ char *large = NULL;
	char link[32], small[XATTR_SMALL], *value = small;
	ssize_t n = getxattr(fs_fd_path(link, fd), name, small, sizeof(small));

	if (n < 0 && errno == ERANGE) {
		value = large = malloc(XATTR_LIMIT);
		if (!large)
			return -ENOMEM;
		n = getxattr(link, name, large, XATTR_LIMIT);
	}
	if (n < 0)
		return -errno;
	strbuf_add(out, value, (size_t)n);
	return out->failed ? -ENOMEM : 0;
}

int fs_set_xattr(int fd, const char *name, struct span value)
{
	char link[32];
	int r;

	(void)fs_fd_path(link, fd);
	do
		r = setxattr(link, name, value.ptr, value.len, 0);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

int fs_remove_xattr(int fd, const char *name)
{
	char link[32];
	int r;

	(void)fs_fd_path(link, fd);
	do
		r = removexattr(link, name);
	while (r < 0 && errno == EINTR);
	return r < 0 && errno != ENODATA ? -errno : 0;
}
