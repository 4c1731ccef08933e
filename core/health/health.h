/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is this boot one to stay with? That a target was reached says nothing: under a policy that
 * denies everything systemd reaches them all, and where no rule is in force everything works.
 * So programs are really run, a login is really made, and the policy is shown to be in force:
 * the gate's word in the kernel log, the kernel's own after it, what can be read back, and an
 * access that this very policy must measure, deny or audit, and did (recovery.md, rule 1).
 */
#pragma once

#include <stdbool.h>

#include "core/base/bootnote.h"
#include "core/base/diag.h"
#include "core/base/root.h"

enum health_id {
#define HEALTH_PART(id, word, text) HEALTH_##id,
#include "core/health/health-parts.inc"
#undef HEALTH_PART
	_HEALTH_MAX,
};

enum health_verdict {
	HEALTH_UNKNOWN, /* nothing can be said, and nothing needs to be */
	HEALTH_PASSED,
	HEALTH_FAILED,
};

struct health_part {
	enum health_verdict verdict;
	char text[240]; /* what was seen, or what is missing; escaped */
};

struct health {
	struct bootnote note;
	bool read_back; /* the kernel's rules were compared */
	struct health_part part[_HEALTH_MAX];
};

const char *health_word(enum health_id id);
const char *health_verdict_word(enum health_verdict v); /* "passed" */

/* Looks at all parts of the running machine, some seconds. Fails for want of memory only. */
int health_check(const struct root *root, struct health *ret, struct diag *reterr);
bool health_passed(const struct health *h);

/* Tells the guard and keeps the verdict: /run/imactl/healthy or unhealthy; of a boot that
 * passed its trial says so and the marks of restarts are removed. IMA-R011, IMA-H00x. */
int health_conclude(struct root *root, const struct health *h, struct diag *reterr);
