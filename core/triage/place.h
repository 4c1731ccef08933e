/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a file is of which the kernel told the file system, the number of the inode, and the
 * last part of the name, or the name from the file system's own root: among what is mounted
 * here, by name, then by looking through the folders. What is found has that number and that
 * name now; that it had them then is likely, not certain.
 *
 * Bounded: PLACE_STEPS_MAX names are looked at in all; the last answers are kept.
 */
#pragma once

#include "core/base/cleanup.h"
#include "core/base/root.h"
#include "core/triage/denial.h"

enum { PLACE_STEPS_MAX = 500000, PLACE_KEPT = 64 };

struct place;

/* NULL: no memory. @root is live, and must outlive it. */
struct place *place_new(const struct root *root);
struct place *place_free(struct place *p);
DEFINE_CLEANUP(struct place *, place_free)

/* The whole path of a denial whose name is a part, borrowed until PLACE_KEPT others were
 * asked for; empty: not found. */
struct span place_find(struct place *p, const struct denial *d);
