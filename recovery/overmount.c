/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/overmount.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"
#include "core/base/remount.h"

static int make(int at, const char *path)
{
	struct remount m;
	int r = fs_mkdirs_at(at, path, 0755, NULL);

	if (r != -EROFS)
		return r;
	r = remount_writable(at, &m);
	if (r < 0)
		return r;
	r = fs_mkdirs_at(at, path, 0755, NULL);
	(void)remount_back(&m);
	return r;
}

static int open_folder(int at, const char *path)
{
	int fd = fspath_open(at, path, O_PATH | O_DIRECTORY), r;

	if (fd != -ENOENT)
		return fd;
	r = make(at, path);
	return r < 0 ? r : fspath_open(at, path, O_PATH | O_DIRECTORY);
}

/* The mount that lies there now, by its own descriptor. */
static int seal(int target, const char *onto, int from)
{
	_cleanup_close_ int fd = fspath_open(target, onto, O_PATH | O_DIRECTORY);
	struct stat is, wanted;
	char path[32];
	int r;

	if (fd < 0)
		return fd;
	if (fstat(fd, &is) < 0 || fstat(from, &wanted) < 0)
		return -errno;
	if (is.st_ino != wanted.st_ino || is.st_dev != wanted.st_dev)
		return -EXDEV;
	if (mount(NULL, fs_fd_path(path, fd), NULL, MS_REMOUNT | MS_BIND | MS_RDONLY,
		  NULL) == 0)
		return 0;
	r = -errno;
	(void)umount2(path, MNT_DETACH);
	return r;
}

static int bind_over(int target, int from, const char *onto)
{
	_cleanup_close_ int to = open_folder(target, onto);
	char a[32], b[32];

	if (to < 0)
		return to;
	if (mount(fs_fd_path(a, from), fs_fd_path(b, to), NULL, MS_BIND, NULL) < 0)
		return -errno;
	return seal(target, onto, from);
}

int overmount_folder(const struct root *target, int from, const char *onto,
		     struct diag *reterr)
{
	int r = bind_over(target->dir[ROOT_TARGET], from, onto);

	return r == 0 ? 0
		      : diag_set(reterr, DIAG_OVERMOUNT, -r,
				 "Nothing can be put in the place of /%s: %s.", onto,
				 diag_errno(-r));
}

int overmount_beneath(const struct root *target)
{
	int at = target->dir[ROOT_TARGET];
	int fd = open_tree(at, "",
			   OPEN_TREE_CLONE | (unsigned)O_CLOEXEC |
				   (unsigned)AT_EMPTY_PATH);

	if (fd < 0)
		fd = fcntl(at, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}
