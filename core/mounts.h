/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What type of file system is mounted from which device: proc_pid_mountinfo(5). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/root.h"

enum { MOUNTS_NAME = 32 };

struct mounts {
	struct mounts_fs {
		uint64_t dev; /* st_dev */
		char name[MOUNTS_NAME];
	} * at;
	size_t n;
};

/* -ENOMEM. Where the table cannot be read nothing is known. */
int mounts_load(const struct root *root, struct mounts *ret);
void mounts_done(struct mounts *m);
#define _cleanup_mounts_ __attribute__((cleanup(mounts_done)))

/* "ext4"; "" when it is not known. */
const char *mounts_type(const struct mounts *m, uint64_t dev);
