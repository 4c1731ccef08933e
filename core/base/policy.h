/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of an IMA policy: what it says, and what a kernel would refuse of it.
 *
 * Follows linux security/integrity/ima/ima_policy.c of 6.1, 6.12 and 7.2:
 * ima_parse_add_rule(), ima_parse_rule(), ima_validate_rule() and, for the text that is
 * printed, ima_policy_show(). The first thing wrong in a rule is the one the kernel stops
 * at; the others are found too, so that a person mends a line once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/diag.h"
#include "core/base/hashalg.h"
#include "core/base/str.h"

#define POLICY_VERSION(major, minor) ((major) << 16 | (minor))

enum policy_class {
	POLICY_CLASS_MEASURE,
	POLICY_CLASS_APPRAISE,
	POLICY_CLASS_AUDIT,
	POLICY_CLASS_HASH,
	_POLICY_CLASS_MAX,
};

enum policy_cap {
#define POLICY_CAP(id, version, option, words) POLICY_CAP_##id,
#include "core/base/policy-caps.inc"
#undef POLICY_CAP
	_POLICY_CAP_MAX,
};

enum policy_action {
#define POLICY_ACTION(id, keyword, class, does, since, words) POLICY_##id,
#include "core/base/policy-actions.inc"
#undef POLICY_ACTION
	_POLICY_ACTION_MAX,
};

enum policy_func {
	POLICY_FUNC_NONE, /* every file access */
#define POLICY_FUNC(id, name, takes, since, words) POLICY_FUNC_##id,
#define POLICY_FUNC_OLD(name, id)
#include "core/base/policy-funcs.inc"
#undef POLICY_FUNC
#undef POLICY_FUNC_OLD
	_POLICY_FUNC_MAX,
};

enum policy_key {
#define POLICY_KEY(id, keyword, value, takes, since, words) POLICY_KEY_##id,
#include "core/base/policy-keys.inc"
#undef POLICY_KEY
	_POLICY_KEY_MAX,
};

enum policy_mask {
#define POLICY_MASK(id, name, value) POLICY_##id = value,
#include "core/base/policy-masks.inc"
#undef POLICY_MASK
};

enum policy_answer {
	POLICY_UNKNOWN,
	POLICY_NO,
	POLICY_YES,
};

/* What the kernel that shall take the policy is like. All zero: nothing is known of it. */
struct policy_kernel {
	enum policy_answer cap[_POLICY_CAP_MAX];
	uint32_t hashes;     /* 1 << enum hash_alg: it has them at boot, built in */
	uint32_t not_hashes; /* it lacks them for certain; others: unknown or a module */
	/* Labels that rules name mean something to the LSM; UNKNOWN: who knows. */
	enum policy_answer labels_defined;
	struct span template_format; /* ima_template_fmt=; empty: none. Borrowed */
};

struct policy_id {
	char op; /* '=', '<' or '>' */
	uint32_t value;
};

/* A rule as far as it was understood; a key's value counts where has() is true. Spans
 * point into the policy. */
struct policy_rule {
	unsigned line;		   /* 1-based */
	struct span text;	   /* without the blanks before and behind it */
	bool refused;		   /* by this kernel, for certain */
	bool depends;		   /* it may be, by what is not known */
	enum policy_action action; /* _POLICY_ACTION_MAX: none */
	enum policy_func func;
	uint32_t keys;	  /* 1 << enum policy_key */
	uint8_t mask;	  /* enum policy_mask */
	bool mask_within; /* "^": the mask is one of those asked for */
	uint8_t pcr;
	bool verity;	/* digest_type=verity */
	bool signature; /* appraise_type=, whichever */
	bool sigv3;
	bool modsig;
	bool blacklist; /* appraise_flag= counts (before 6.6) */
	uint64_t fsmagic;
	uint8_t fsuuid[16];
	uint32_t algos;			       /* 1 << enum hash_alg */
	struct policy_id ids[_POLICY_KEY_MAX]; /* of UID to FGROUP */
	struct span values[_POLICY_KEY_MAX];   /* as written */
};

static inline bool policy_has(const struct policy_rule *rule, enum policy_key key)
{
	return rule->keys >> key & 1;
}

enum policy_severity {
	POLICY_ERROR,	/* this kernel refuses it */
	POLICY_DEPENDS, /* it may refuse it: what decides is not known here */
	POLICY_WARNING, /* it takes it, and somebody will be sorry */
	POLICY_NOTE,
};

/* Where: line and column of @d; 0: the whole policy. */
struct policy_finding {
	enum policy_severity severity;
	size_t rule; /* index; SIZE_MAX: of none */
	struct diag d;
};

struct policy {
	struct strbuf text;	   /* as it was read */
	struct policy_rule *rules; /* comments and empty lines are none */
	size_t n_rules;
	struct policy_finding *findings; /* in the order of the lines */
	size_t n_findings;
};

/* Reads a policy of any bytes. -ENOMEM, or -EFBIG (IMA-H003). What a kernel would refuse
 * is a finding, not a failure. */
int policy_parse(struct span text, const struct policy_kernel *kernel, struct policy *ret,
		 struct diag *reterr);
void policy_done(struct policy *p);
#define _cleanup_policy_ __attribute__((cleanup(policy_done)))

/* For checks beyond the kernel's; the fields of @d are its to set. -ENOMEM. */
int policy_note(struct policy *p, enum policy_severity severity, size_t rule,
		const struct diag *d);
/* Is it a rule, not an empty line or a comment? */
bool policy_line_is_rule(struct span line);
/* Is @item one of a list that is divided by bars? */
bool policy_listed(struct span list, struct span item);
/* "MAY_READ|MAY_WRITE". */
void policy_mask_print(struct strbuf *out, uint8_t mask);

/* By line and column, errors first. */
void policy_sort_findings(struct policy *p);
size_t policy_count(const struct policy *p, enum policy_severity severity);
/* "this kernel refuses it"; @ret: POLICY_ERROR, POLICY_DEPENDS, POLICY_NOTE where it is
 * taken. */
const char *policy_verdict(const struct policy *p, enum policy_severity *ret);

/* The rule as the kernel prints it (without the blank at its end); one that is refused as
 * it was written. Foreign bytes in both. A kernel takes it again: digest_type= comes before appraise_type=, as kernels before 7.1 want it. */
void policy_print(struct strbuf *out, const struct policy_rule *rule);

/* As fsuuid= takes it. */
void policy_print_uuid(struct strbuf *out, const uint8_t uuid[16]);

/* A line that the kernel refuses, as it was probably meant and as the kernel takes it; it may
 * become two. False: there is no telling. */
bool policy_repair(struct span line, const struct policy_kernel *kernel,
		   struct strbuf *out);

/* POLICY_VERSION() of "6.12.117-amd64"; 0: it does not begin like that. */
unsigned policy_version_of(struct span release);
/* A kernel as kernel.org made it; of version 0 nothing is known. */
void policy_kernel_of_version(unsigned version, struct policy_kernel *ret);

/* For certain it has no such hook. */
bool policy_kernel_lacks(const struct policy_kernel *kernel, enum policy_func func);

const char *policy_action_name(enum policy_action action);
enum policy_class policy_action_class(enum policy_action action);
bool policy_action_does(enum policy_action action); /* false: dont_... */
/* "leaves it out of the measurement list": of the file or data that matches */
const char *policy_action_words(enum policy_action action);
const char *policy_func_name(enum policy_func func); /* "" for NONE */
const char *policy_func_words(enum policy_func func);
const char *policy_key_name(enum policy_key key);
const char *policy_key_words(enum policy_key key); /* what its value is about */
const char *policy_cap_words(enum policy_cap cap);
const char *policy_cap_option(enum policy_cap cap); /* without CONFIG_; NULL */
const char *policy_class_name(enum policy_class class);
const char *policy_severity_name(enum policy_severity severity);
