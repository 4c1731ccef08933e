/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What rules of a policy have in common by their conditions alone: which one leaves
 * another nothing to match, and which two never meet the same access.
 */
#pragma once

#include "core/base/policy.h"

/* Is it something that an access must be like, not what is done then? */
bool rulecover_is_condition(enum policy_key key);
/* Rules of these hooks meet nothing else, and others do not meet them:
 * ima_policy.c ima_match_rules(), ima_init_policy() for SETXATTR_CHECK. */
bool rulecover_apart(enum policy_func func);

/* Does the condition on a number let nobody through ("<0")? */
bool rulecover_nobody(struct policy_id id);

/* Does whatever meets @later meet @first, which is of the same class (both measure or
 * not, ...)? Rules that are refused do not. */
bool rulecover_covers(const struct policy_rule *first, const struct policy_rule *later);
/* For certain there is no access that both match. */
bool rulecover_disjoint(const struct policy_rule *a, const struct policy_rule *b);

/* Rules one after the other, each asked whether one before it covers it. What a rule costs
 * depends on how many kinds of rules there are (options, not values), not on how many
 * rules. All zero before. */
struct rulecover {
	const struct policy_rule *rules; /* borrowed */
	struct rulecover_shape *shapes;
	struct rulecover_entry *entries;
	uint32_t *heads;
	uint64_t key[2];
	size_t n_shapes, n_entries, mask;
};

/* For the rules of @policy, which must stay. -ENOMEM. */
int rulecover_init(struct rulecover *c, const struct policy *policy);
void rulecover_done(struct rulecover *c);
#define _cleanup_rulecover_ __attribute__((cleanup(rulecover_done)))

/* Takes the next rule, in the order of the policy, each once. Returns one before it that
 * covers it, or SIZE_MAX. */
size_t rulecover_next(struct rulecover *c, size_t rule);
