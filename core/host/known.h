/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files whose label was found right, so that a second look need not read them: marks of
 * (file system, inode, size, times, value or kind of the label) in imactl's cache. Whatever
 * changes the contents changes the mark: only root, by setting the clock back, or somebody
 * who writes to the disk behind the file system's back, can keep it.
 *
 * Marks are 128 bits under a key of this file's own, so nobody can make two files share
 * one. A cache that is missing, damaged or of another version is an empty one.
 */
#pragma once

#include <stdbool.h>

#include "core/base/cleanup.h"
#include "core/base/diag.h"
#include "core/base/root.h"
#include "core/host/walk.h"

struct known;

/* -ENOMEM only. */
int known_load(const struct root *root, struct known **ret, struct diag *reterr);
struct known *known_free(struct known *k);
DEFINE_CLEANUP(struct known *, known_free)

/* Was this value right for what the stamp stands for? */
bool known_has(struct known *k, uint64_t fsid, const struct stamp *stamp,
	       struct span value);
/* It is: of a stamp that shows every change since the contents were read (walk_file's
 * settled). Memory that is lacking costs a second look, nothing else. */
void known_add(struct known *k, uint64_t fsid, const struct stamp *stamp,
	       struct span value);

/* The same of a label that need not be looked at: where setting one changes the stamp
 * (walk_file's attr_shows), the stamp stands for the label, too. @what says in the caller's
 * bytes which kind of label was right. known_has_unseen() may be called in several
 * threads, also while others are added: it knows those from before known_settle(). */
#define KNOWN_ANY_HASH ((struct span){(const uint8_t *)"\xff", 1})
void known_settle(struct known *k);
bool known_has_unseen(const struct known *k, uint64_t fsid, const struct stamp *stamp,
		      struct span what);
void known_add_unseen(struct known *k, uint64_t fsid, const struct stamp *stamp,
		      struct span what);

/* It will not be saved: nothing more is added. */
void known_freeze(struct known *k);

/* Writes the cache. @all: everything there is was looked at, so what was neither asked for
 * nor added is forgotten. Nothing new: does nothing. */
int known_save(struct known *k, struct root *root, bool all, struct diag *reterr);
