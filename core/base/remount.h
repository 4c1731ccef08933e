/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A root file system that is still mounted read-only, made writable for the moment: that is
 * how it stands between the initramfs and PID 1's own remount.
 */
#pragma once

#include <stdbool.h>

struct remount {
	int dirfd; /* borrowed */
	bool changed;
	unsigned long flags; /* as they were, for mount(2) */
};

/* @dirfd: the root folder of the mount (it may be O_PATH). What is writable already is left
 * alone. -errno: the device is read-only, the folder is not where a mount begins, no
 * permission; nothing was changed then. */
int remount_writable(int dirfd, struct remount *ret);
/* Back to how it was; what was written is on the disk first. -EBUSY: somebody writes, and
 * it stays writable. */
int remount_back(struct remount *m);
