/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files that hold a policy against a machine. */
#pragma once

#include "core/base/policymatch.h"
#include "core/policy/policyhost.h"

struct policyhost {
	const struct root *root;
	const struct probe *probe;
	struct ruleset *rules;
	struct ruleset boot; /* before any policy is loaded */
	struct kconfig config;
	int err;
};

/* Of a rule; SIZE_MAX: of the policy as a whole. */
__attribute__((format(printf, 5, 6))) void policyhost_say(struct policyhost *h,
							  enum policy_severity severity,
							  size_t rule, enum diag_id id,
							  const char *fmt, ...);

/* Files without which there is no boot or no login. */
void policyhost_deadly(struct policyhost *h);
/* What is measured again and again. */
void policyhost_growth(struct policyhost *h);
