/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy, loaded into the running kernel. Nothing takes it back before the next boot.
 *
 * Whether it was taken is never told by what write() and close() return (close() always
 * returns 0, linux 6.12 security/integrity/ima/ima_fs.c ima_release_policy()), but by what
 * can be seen after that: the rules, where the kernel shows them; the file that is gone or
 * takes no more; "policy update completed" in the kernel log.
 *
 * A step's argument is the path by which the kernel is to read the file: that is one write,
 * so a process that is killed loads all or nothing. Without it the rules are written one
 * by one, and those that were written stay.
 */
#pragma once

#include "core/base/action.h"
#include "core/base/plan.h"

extern const struct action_ops act_policy_ops;

struct act_policy {
	const char *path;     /* absolute, as this process sees it; NULL: by rules */
	struct span text;     /* what stands in the file */
	struct span as_shown; /* its rules, a line each, as policy_print() has them */
};

/* Adds the step. IMA-P025: this kernel takes no policy any more; IMA-H007: no IMA; IMA-C003:
 * somebody else has the policy open. */
int act_policy_load(struct plan *plan, const struct root *root,
		    const struct act_policy *what, const char *why, struct diag *reterr);
