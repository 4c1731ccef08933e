/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a policy would do to this very machine and nobody wants: files without which it does
 * not boot that have no label, labels that no LSM knows yet when PID 1 loads the policy,
 * signatures without a key, a list that grows by what is read again and again, and what
 * Secure Boot makes of it. Beside core/policy/policylint.h, which needs no machine.
 */
#pragma once

#include "core/policy/ruleset.h"

/* A live list longer than this is not read: each read costs the kernel a walk along it. */
enum { POLICYHOST_ENTRIES = 20000 };

/* Adds findings to @rules->policy (of ruleset_with()), sorted with the others. What cannot
 * be looked at is passed over. -ENOMEM. */
int policyhost_run(const struct root *root, const struct probe *probe,
		   struct ruleset *rules, struct diag *reterr);
