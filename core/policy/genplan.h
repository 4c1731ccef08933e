/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plans over generations that people ask for: what is there is recorded, one is called good
 * or no longer so, keys and numbers are barred for good.
 */
#pragma once

#include "core/policy/genfound.h"
#include "core/policy/policyplan.h"

/* What there is is a generation, good for the running kernel where this machine was started
 * with it and it is no candidate. @release: of the running kernel; "": of another system.
 * A machine with all of that has nothing to do. As genfound_keep(). */
int genplan_record(const struct root *root, const char *release, struct plan *ret,
		   struct genfound_kept *ret_said, struct diag *reterr);

/* Good for that kernel. Whole it must be, and nothing that was barred (IMA-R021); where
 * @judged is not NULL the running kernel is the one, and must take its policy (IMA-P026):
 * what it said is there afterwards, with .text in *ret_text. IMA-R020: there is none of
 * that number; IMA-R001, IMA-R002. */
int genplan_bless(const struct root *root, unsigned number, const char *release,
		  struct policyplan *judged, struct strbuf *ret_text, struct plan *ret,
		  struct diag *reterr);

/* What a kernel would go back to when a plan was carried out, and what it bars. */
struct genplan_left {
	unsigned newest; /* 0: none is left */
	struct strbuf
		barred; /* the numbers that may be gone back to until then: "2, 3" */
};
void genplan_left_done(struct genplan_left *left);
#define _cleanup_genplan_left_ __attribute__((cleanup(genplan_left_done)))

/* No longer good for that kernel. */
int genplan_unbless(const struct root *root, unsigned number, const char *release,
		    struct plan *ret, struct genplan_left *ret_left, struct diag *reterr);
/* For good, both. @release: of the kernel that @ret_left is for. */
int genplan_revoke(const struct root *root, const char *key_hash, const char *release,
		   struct plan *ret, struct genplan_left *ret_left, struct diag *reterr);
int genplan_minimum(const struct root *root, unsigned number, const char *release,
		    struct plan *ret, struct genplan_left *ret_left, struct diag *reterr);

/* Steps for another plan, for good but for the first: a generation is good for that kernel
 * and no candidate, a key is revoked, and none before it may be gone back to. */
int genplan_succeed(const struct root *root, unsigned number, const char *key_hash,
		    const char *release, struct plan *plan, struct genplan_left *ret_left,
		    struct diag *reterr);

/* For other plans over generations. What was found will be read under its own rules: do
 * copies of it need labels? */
bool genplan_needs_labels(const struct root *root, const struct genfound *f);
/* IMA-R001, IMA-R002: it is not whole. */
int genplan_check_whole(const struct root *root, unsigned number, struct diag *reterr);
/* Their failures: IMA-R020, IMA-R021. */
int genplan_none(unsigned number, struct diag *reterr);
int genplan_barred(const struct gen_list *list, unsigned number, struct diag *reterr);
