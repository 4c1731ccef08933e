/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/remount.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"

/* What mount(2) would take away when it is not named again: linux 6.12 fs/namespace.c
 * path_mount(). The bits of statvfs are those of mount(2) but for relatime, which is the
 * default. */
static unsigned long kept(const struct statvfs *st)
{
	static const struct {
		unsigned long is, flag;
	} of[] = {{ST_NOSUID, MS_NOSUID},	  {ST_NODEV, MS_NODEV},
		  {ST_NOEXEC, MS_NOEXEC},	  {ST_SYNCHRONOUS, MS_SYNCHRONOUS},
		  {ST_MANDLOCK, MS_MANDLOCK},	  {ST_NOATIME, MS_NOATIME},
		  {ST_NODIRATIME, MS_NODIRATIME}, {ST_RELATIME, MS_RELATIME}};
	unsigned long flags = 0;

	for (size_t i = 0; i < array_size(of); i++)
		if (st->f_flag & of[i].is)
			flags |= of[i].flag;
	return flags;
}

static int set(int dirfd, unsigned long flags)
{
	char path[32];

	return mount(NULL, fs_fd_path(path, dirfd), NULL, MS_REMOUNT | flags, NULL) < 0
		       ? -errno
		       : 0;
}

int remount_writable(int dirfd, struct remount *ret)
{
	struct remount m = {.dirfd = dirfd};
	struct statvfs st;
	int r;

	if (fstatvfs(dirfd, &st) < 0)
		return -errno;
	if (st.f_flag & ST_RDONLY) {
		m.flags = kept(&st) | MS_RDONLY;
		r = set(dirfd, kept(&st));
		if (r < 0)
			return r;
		m.changed = true;
	}
	*ret = m;
	return 0;
}

int remount_back(struct remount *m)
{
	_cleanup_close_ int fd = -1;

	if (!m->changed)
		return 0;
	fd = openat(m->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		(void)syncfs(fd); /* what had to be durable was synced by itself */
	m->changed = false;
	return set(m->dirfd, m->flags);
}
