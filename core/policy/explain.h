/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One access to one file, as rules look at it. */
#pragma once

#include "core/base/policymatch.h"
#include "core/base/root.h"
#include "core/host/mounts.h"

struct explain {
	struct policymatch_access access; /* the file's part of it; borrows from here */
	struct mounts mounts;
	uint16_t mode;
};

/* The file's owner, group and file system; @path below the target. IMA-H001, IMA-A020. */
int explain_file(const struct root *root, const char *path, struct explain *ret,
		 struct diag *reterr);
void explain_done(struct explain *e);
#define _cleanup_explain_ __attribute__((cleanup(explain_done)))

/* What came of one rule on the way of an access through a policy. */
struct explain_rule {
	enum policy_answer answer;
	enum policy_key why; /* what does not match, or is not known */
	bool tried; /* false: its class was decided before, or the kernel refuses it */
};

/* @result is policymatch_decide()'s of the same. */
struct explain_rule explain_rule(const struct policy *policy, size_t rule,
				 const struct policymatch_access *access,
				 const struct policymatch_result *result);
/* "rule 3 came first", "not known: obj_type"; nothing where it matches. Appends. */
void explain_rule_text(const struct policy *policy, size_t rule, struct explain_rule e,
		       const struct policymatch_result *result, struct strbuf *out);
/* "appraise: yes, by rule 3; a signature is wanted". Appends. */
void explain_class_text(const struct policymatch_result *result, enum policy_class class,
			struct strbuf *out);

/* The @i-th access of an operation ("exec") that @kernel asks its policy about, hook and
 * mask set in @access; false: there are no more. */
bool explain_op(const char *word, size_t i, const struct policy_kernel *kernel,
		struct policymatch_access *access);
/* "read, write, ...". */
void explain_ops(struct strbuf *out);
