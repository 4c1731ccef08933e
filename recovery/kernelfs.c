/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/kernelfs.h"

#include <errno.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/cleanup.h"

#define SECURITYFS 0x73636673 /* linux/magic.h */

static int mount_apart(void)
{
	_cleanup_close_ int fs = (int)syscall(SYS_fsopen, "securityfs", FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

int kernelfs_security(struct root *root)
{
	struct statfs st;
	int fd;

	if (root->dir[ROOT_SECURITYFS] >= 0 &&
	    fstatfs(root->dir[ROOT_SECURITYFS], &st) == 0 && st.f_type == SECURITYFS)
		return 0;
	fd = mount_apart();
	if (fd < 0)
		return fd;
	cleanup_closep(&root->dir[ROOT_SECURITYFS]);
	root->dir[ROOT_SECURITYFS] = fd;
	return 0;
}

/* linux 6.1 fs/proc/vmcore.c: the file is there in such a kernel alone. */
bool kernelfs_saves_dump(const struct root *root)
{
	struct stat st;

	return fstatat(root->dir[ROOT_PROC], "vmcore", &st, 0) == 0;
}
