/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How finely file systems stamp changes. Most go by the clock's ticks: what changes twice
 * within one shows once. Kernels from 6.13 on give a change a stamp of its own when the one
 * before has been looked at (linux 6.13 fs/inode.c inode_set_ctime_current()), on file
 * systems of some types (FS_MGTIME). Tried, never derived from a version.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct grain {
	bool finer; /* so it is with the type that was tried: */
	uint32_t magic;
	uint64_t dev; /* the device that was asked for last; 0: none */
	bool is_type; /* it is of that type */
};

/* With a nameless file in @dir, which must be writable; where that cannot be had: not
 * finer. */
struct grain grain_try(int dir);
/* Does a change of the file @fd (O_PATH will do), which is on @dev and has been looked at,
 * get a stamp of its own? False where that is not known. */
bool grain_is_finer(struct grain *g, int fd, uint64_t dev);
