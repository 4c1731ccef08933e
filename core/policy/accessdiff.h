/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which accesses two policies decide differently: every kind of access that their rules
 * tell apart is put to both, and those that change in the same way are put together again
 * into as few sentences as it takes ("programs run by root: now appraised").
 */
#pragma once

#include "core/base/policy.h"
#include "core/base/str.h"

enum {
	ACCESSDIFF_VALUES =
		64, /* of one kind (users, file systems) that are told apart */
	ACCESSDIFF_SENTENCES = 500,
};

struct accessdiff_change {
	enum policy_class class;
	bool before, after;   /* does the policy do it? */
	size_t what, was, is; /* offsets in .texts, each with its NUL; foreign bytes */
};

struct accessdiff {
	struct accessdiff_change *changes;
	size_t n;
	struct strbuf texts;
	bool rough; /* the rules tell more apart than was tried */
};

/* Of accesses that @kernel has. IMA-G001. */
int accessdiff_run(const struct policy *from, const struct policy *to,
		   const struct policy_kernel *kernel, struct accessdiff *ret,
		   struct diag *reterr);
void accessdiff_done(struct accessdiff *d);
#define _cleanup_accessdiff_ __attribute__((cleanup(accessdiff_done)))

/* "programs run by root" */
static inline const char *accessdiff_text(const struct accessdiff *d, size_t offset)
{
	return strbuf_str(&d->texts) + offset;
}
