/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One access to one file, as rules look at it. */
#pragma once

#include "core/base/policymatch.h"
#include "core/base/root.h"
#include "core/mounts.h"

struct explain {
	struct policymatch_access access; /* the file's part of it; borrows from here */
	struct mounts mounts;
};

/* The file's owner, group and file system; @path below the target. IMA-H001, IMA-A020. */
int explain_file(const struct root *root, const char *path, struct explain *ret,
		 struct diag *reterr);
void explain_done(struct explain *e);
#define _cleanup_explain_ __attribute__((cleanup(explain_done)))

/* The @i-th access of an operation ("exec") that @kernel asks its policy about, hook and
 * mask set in @access; false: there are no more. */
bool explain_op(const char *word, size_t i, const struct policy_kernel *kernel,
		struct policymatch_access *access);
/* "read, write, ...". */
void explain_ops(struct strbuf *out);
