/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the sources of a bootset share, nobody else's business. */
#pragma once

#include "core/base/str.h"
#include "core/bootset.h"

/* How a source met a file. */
struct bootset_met {
	enum bootset_source source;
	uint32_t uid;
	uint16_t ops;  /* 0: told by name and mode */
	uint16_t mode; /* as the source has it, for files that are not there; 0 */
	bool early;
	bool there; /* what is not there is no use */
};

/* @path as it was met, absolute or below the target. 1: it was taken; 0: it names no plain
 * file (counted as nameless, but for folders and devices); -ENOMEM. */
int bootset_met(struct bootset *b, struct span path, const struct bootset_met *how);

/* What makes sense for such a file. @mode 0: not known. */
uint16_t bootset_ops_of(const char *path, uint16_t mode);

const struct root *bootset_root(const struct bootset *b);
/* For the source to count in and to say why. */
struct bootset_said *bootset_saying(struct bootset *b, enum bootset_source source);

/* The sources: what fails is said there, -ENOMEM alone is returned. */
int bootset_from_list(struct bootset *b);
int bootset_from_audit(struct bootset *b);
int bootset_from_mapping(struct bootset *b);
