/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own word on a policy, without loading it: what is written first is refused on
 * purpose, so that the kernel answers to every rule and discards them all at the end. linux
 * 6.12 security/integrity/ima/ima_fs.c ima_write_policy(), ima_release_policy().
 *
 * It leaves traces: an audit record for each rule (1807) and for the policy (1802), "policy
 * update failed" in the kernel log, and by path a measurement of the file where a rule asks
 * for that.
 */
#pragma once

#include "core/base/bytes.h"
#include "core/base/diag.h"
#include "core/base/policy.h"
#include "core/base/root.h"

/* The word that the kernel refuses, and its audit record of type 1807 tells. */
#define POLICYTRY_REFUSED "refused"

struct policytry_rule {
	unsigned line;
	int err; /* positive errno; 0: the kernel takes it */
};

struct policytry {
	struct policytry_rule *rules;
	size_t n;
	bool only_by_path; /* rules that are written are refused: the file must be signed */
	bool fixes;	   /* ima_appraise=fix: it was not asked by path, see below */
	bool has_path;	   /* it was asked by path, too */
	int path_err;	   /* what the kernel said then; positive errno, 0 */
};

/* Asks the running kernel about each line of @text, and where @path (absolute, as this
 * process sees it) is not NULL about the file as a whole. In fix mode not about that: the
 * kernel would write the file's label (ima_appraise.c ima_fix_xattr()). A file whose last line
 * has no newline is refused by its path without a question. IMA-P021: not
 * possible here; IMA-H006. */
int policytry_run(const struct root *root, struct span text, const char *path,
		  struct policytry *ret, struct diag *reterr);
size_t policytry_refused(const struct policytry *t); /* rules */
/* Does the kernel take it, rule by rule and by its path? */
bool policytry_taken(const struct policytry *t);
/* What policy_parse() has to say of that line; NULL: nothing. Borrowed from @p. */
const struct diag *policytry_why(const struct policy *p, unsigned line);
/* ": why" of a rule that is refused, for behind that word. Appends. */
void policytry_rule_text(const struct policytry_rule *r, const struct policy *p,
			 struct strbuf *out);
/* The verdict and the traces, some lines. Appends. */
void policytry_text(const struct policytry *t, struct strbuf *out);
void policytry_done(struct policytry *t);
#define _cleanup_policytry_ __attribute__((cleanup(policytry_done)))
