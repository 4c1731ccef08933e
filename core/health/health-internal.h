/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of health. */
#pragma once

#include "core/health/health.h"

enum { HEALTH_PROGRAM_MAX = 20 }; /* seconds */

void health_say(struct health *h, enum health_id id, enum health_verdict v,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Runs words[0] (absolute) without terminal or input. Its exit status, 128 + n after signal n,
 * -ETIMEDOUT; -errno: it could not be run at all. */
int health_run(const struct root *root, const char *const words[]);

void health_programs(const struct root *root, struct health *h);
/* PID 1 loaded it, and what the kernel says of its rules. */
void health_policy(const struct root *root, struct health *h);
void health_canary(const struct root *root, struct health *h);
void health_login(const struct root *root, struct health *h);

/* The text of the policy that is meant to be in force: what the gate saw. IMA-H001;
 * IMA-P050: it is another one by now. */
int health_policy_text(const struct root *root, const struct health *h,
		       struct strbuf *out, struct diag *reterr);
