/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What two policies differ in, in lines that people read: for the command and the console. */
#pragma once

#include "core/policy/accessdiff.h"
#include "core/policy/policydiff.h"
#include "core/policy/ruleset.h"

enum difftext_kind {
	DIFFTEXT_REMOVED,
	DIFFTEXT_ADDED,
	DIFFTEXT_MOVED,
	DIFFTEXT_ACCESS, /* what the differences mean */
	DIFFTEXT_REMARK, /* about all of it */
};

/* One line; foreign bytes. */
typedef void (*difftext_fn)(void *user, enum difftext_kind kind, struct span line);

/* The rules. */
void difftext_rules(const struct ruleset *from, const struct ruleset *to,
		    const struct policydiff *d, difftext_fn fn, void *user);
/* The accesses. @same: the rules are. */
void difftext_accesses(const struct accessdiff *d, bool same, difftext_fn fn, void *user);

char difftext_mark(enum difftext_kind kind); /* '-', '+', '>'; ' ' */
