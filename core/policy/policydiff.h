/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What two policies differ in, rule by rule: as a kernel reads them, so that it is all the
 * same how a rule is written. What the differences mean: core/policy/accessdiff.h.
 */
#pragma once

#include "core/base/policy.h"

enum policydiff_kind {
	POLICYDIFF_REMOVED,
	POLICYDIFF_ADDED,
	POLICYDIFF_CHANGED, /* one option of it */
	POLICYDIFF_MOVED,
	_POLICYDIFF_KIND_MAX,
};

struct policydiff_change {
	enum policydiff_kind kind;
	size_t from, to; /* indexes of rules; SIZE_MAX: in the other policy only */
	uint32_t keys;	 /* CHANGED: 1 << enum policy_key that differ */
	bool matters;	 /* MOVED: past a rule that decides the same accesses otherwise */
};

struct policydiff {
	struct policydiff_change *changes; /* in the order of the rules */
	size_t n;
	size_t spelled; /* rules that are the same and written differently */
};

/* IMA-G001. */
int policydiff_run(const struct policy *from, const struct policy *to,
		   struct policydiff *ret, struct diag *reterr);
void policydiff_done(struct policydiff *d);
#define _cleanup_policydiff_ __attribute__((cleanup(policydiff_done)))

/* Is anything different but spelling and moves that change nothing? */
bool policydiff_same(const struct policydiff *d);
/* Do lines differ that are no rules? */
bool policydiff_comments(struct span from, struct span to);

const char *policydiff_kind_word(enum policydiff_kind kind); /* "added" */
