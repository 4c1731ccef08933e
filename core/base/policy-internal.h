/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files that read a policy. */
#pragma once

#include "core/base/policy.h"

/* A kind of func=, for which options may stand beside it: a case of the switch in
 * ima_policy.c ima_validate_rule(). */
enum policy_takes {
	POLICY_TAKES_FILE,
	POLICY_TAKES_READ,
	POLICY_TAKES_CMDLINE,
	POLICY_TAKES_KEY,
	POLICY_TAKES_DATA,
	POLICY_TAKES_SETXATTR,
};

/* One word of a rule while it is read. */
struct policy_word {
	const struct policy_kernel *kernel;
	struct policy *policy;
	struct policy_rule *rule;
	struct span word;
	unsigned column;
	enum policy_key key;
	char op; /* 0: a word alone */
	struct span value;
};

enum policy_action policy_action_from_word(struct span word);
enum policy_key policy_key_from_name(struct span name);
enum policy_func policy_func_from_name(struct span name);
uint8_t policy_mask_from_name(struct span name); /* 0: none */
enum policy_cap policy_action_since(enum policy_action action);
enum policy_cap policy_func_since(enum policy_func func);
enum policy_cap policy_key_since(enum policy_key key);
enum policy_takes policy_func_takes(enum policy_func func);
bool policy_key_beside(enum policy_key key, enum policy_func func);
/* What was meant, "func=" or "measure"; NULL: nothing is near. */
const char *policy_nearest(struct span word);
/* The same of masks, "^MAY_READ". */
const char *policy_nearest_mask(struct span word);

/* The kernel refuses the rule because of this word. */
__attribute__((format(printf, 3, 4))) void
policy_refuse(const struct policy_word *w, enum diag_id id, const char *fmt, ...);
/* It does where it lacks @cap: refused, or it depends. */
void policy_need(const struct policy_word *w, enum policy_cap cap);
__attribute__((format(printf, 2, 3))) void policy_depend(const struct policy_word *w,
							 const char *fmt, ...);

/* Reads the value of w->key into the rule. */
void policy_value(const struct policy_word *w);
/* ima_validate_rule(), for a rule whose words are all right. */
void policy_validate(const struct policy_word *w);
