/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a kernel takes without a word and somebody will be sorry for: rules that are never
 * reached, pseudo file systems that nobody left out, rules that keep system calls from
 * working. Each is a finding of the rule that it is about.
 */
#pragma once

#include "core/policy/ruleset.h"

/* Adds findings to @rules->policy, of rules that were loaded (RULESET_CUSTOM) only, sorted
 * with the others. -ENOMEM. */
int policylint_run(struct ruleset *rules, struct diag *reterr);
