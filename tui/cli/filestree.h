/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plain files of a tree on its file system, in the order of their names, each folder
 * as a whole: the same tree gives the same plan.
 */
#pragma once

#include <stddef.h>

#include "core/base/diag.h"
#include "core/base/root.h"

struct filestree_entry {
	char *path; /* below the target; owned */
	int err;    /* 0: a file; positive errno: a folder that cannot be read */
};

/* All zero before. */
struct filestree {
	struct filestree_entry *at;
	size_t n, cap;
};

/* Below the folder @top, named below the target; "": the target itself. IMA-H001,
 * IMA-H006, IMA-G001. */
int filestree_read(const struct root *root, const char *top, struct filestree *ret,
		   struct diag *reterr);
/* The plain file of that name; NULL: none. */
const struct filestree_entry *filestree_find(const struct filestree *t, const char *path);
void filestree_done(struct filestree *t);
#define _cleanup_filestree_ __attribute__((cleanup(filestree_done)))
