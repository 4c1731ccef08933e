/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files and folders a walk has come by already: a set of (dev, ino). */
#pragma once

#include "core/host/walk.h"

/* All zero before the first use. */
struct walk_seen {
	struct walk_id {
		uint64_t dev, ino;
	} * at;
	size_t n, cap;
};

bool walk_seen_has(const struct walk_seen *seen, const struct walk_file *f);
int walk_seen_add(struct walk_seen *seen, const struct walk_file *f); /* -ENOMEM */
/* Moves all of @from to @to. */
int walk_seen_merge(struct walk_seen *to, struct walk_seen *from);
void walk_seen_done(struct walk_seen *seen);
