/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mounts of a machine, as /proc/self/mountinfo has them: proc_pid_mountinfo(5). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/root.h"
#include "core/base/str.h"

/* One line; borrowed. */
struct mounts_line {
	uint64_t id, dev;  /* stx_mnt_id; st_dev */
	struct span point; /* where, escaped as it stands there */
	struct span type,
		subtype;     /* "fuse.sshfs" is fuse and sshfs; subtype may be empty */
	struct span source;  /* "/dev/vda1", escaped as it stands there */
	struct span options; /* of the file system itself */
};

/* The next whole line that reads like one; false at the end. */
bool mounts_next(struct bytes *in, struct mounts_line *ret);

/* Appends .point as it is: what is a blank or a backslash is escaped in the table. */
void mounts_point(struct span point, struct strbuf *out);
/* "98:0", as that table and files of sysfs have a device, as st_dev. */
bool mounts_device(struct span word, uint64_t *ret);

/* The types alone, to be asked for many files. */
struct mounts {
	struct strbuf text;
	struct mounts_type {
		uint64_t dev;
		struct span type, subtype; /* into .text */
	} * at;
	size_t n;
};

/* -ENOMEM. Where the table cannot be read nothing is known. */
int mounts_load(const struct root *root, struct mounts *ret);
void mounts_done(struct mounts *m);
#define _cleanup_mounts_ __attribute__((cleanup(mounts_done)))

/* What is mounted from @dev; NULL when that is not known. */
const struct mounts_type *mounts_find(const struct mounts *m, uint64_t dev);
