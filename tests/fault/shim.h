/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands between the code under test and every system call with which it changes a file
 * system (linked with --wrap): counts them, ends the process before or after the n-th, or
 * makes it fail, or records them for a power cut. Reading calls pass.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum shim_mode {
	SHIM_OFF,
	SHIM_COUNT,
	SHIM_KILL_BEFORE, /* SIGKILL to itself instead of the n-th call */
	SHIM_KILL_AFTER,
	SHIM_FAIL_ONE,	/* the n-th call fails with err */
	SHIM_FAIL_FROM, /* so do all after it */
	SHIM_SHORT,	/* the n-th call, when it is a write, writes half */
	SHIM_RECORD,
};

enum shim_type {
	SHIM_WRITE,
	SHIM_CREATE, /* open with O_CREAT or O_TRUNC */
	SHIM_MKDIR,
	SHIM_SYMLINK,
	SHIM_RENAME,
	SHIM_UNLINK,
	SHIM_XATTR,
	SHIM_META, /* owner, mode, times */
	SHIM_FSYNC,
	SHIM_SYNCFS,
};

/* A recorded call. Paths are absolute and name what they named at the time. */
struct shim_op {
	enum shim_type type;
	char *path;
	char *other; /* new name; text of a link; name of an attribute */
	char *data;  /* written, or the attribute's value; NULL: removed */
	size_t len;
	unsigned arg; /* mode; AT_REMOVEDIR */
};

void shim_set(enum shim_mode mode, size_t at, int err);
/* Calls seen since shim_set(). */
size_t shim_count(void);
/* Calls recorded; stays the shim's until shim_forget(). */
const struct shim_op *shim_ops(size_t *n);
void shim_forget(void);
