/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An access that shows that a policy is in force: one that this very policy must measure, deny
 * or audit. Chosen from its rules, not from a list of usual ones, so that a policy for one user
 * alone is shown, too.
 */
#pragma once

#include "core/base/policymatch.h"

enum canary_kind {
	CANARY_NONE,	 /* no access of ours meets a rule */
	CANARY_MEASURED, /* it must come into the list */
	CANARY_DENIED,	 /* without a label it must be denied */
	CANARY_AUDITED,	 /* it must leave a record */
};

struct canary {
	enum canary_kind kind;
	size_t rule;	/* of the policy, that decides */
	const char *op; /* "read", "exec": of explain_op() */
	uint32_t uid;	/* by whom */
	uint32_t owner; /* of the file */
};

/* @file: what rules see of a file in the place where ours will lie. @enforces: what is denied
 * is denied. The best that there is: what is measured is seen most surely. */
void canary_choose(const struct policy *policy, const struct policy_kernel *kernel,
		   const struct policymatch_access *file, bool enforces,
		   struct canary *ret);
