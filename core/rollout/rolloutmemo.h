/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a rollout remembers over boots, as names below /etc/imactl, since files there may not
 * be readable under the policy that is rolled out (recovery.md, rule 17):
 *
 *   observe    GENERATION:SECONDS:BOOTS    for how long it is to be observed, at least
 *   observed   GENERATION:BOOTS:ID:SINCE   boots that were, the last of them, since when
 *   skip-STEP  GENERATION:WHY              nobody wants that step for this generation
 *   found-STEP GENERATION:WHEN:WHAT        the files were looked at then; what was in the way
 *
 * Of another generation than the one that is rolled out they count for nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/plan.h"
#include "core/base/root.h"
#include "core/base/trial.h"

enum rollout_id {
#define ROLLOUT_STEP(id, word, title, skip, about, changes, undo, command, key)          \
	ROLLOUT_##id,
#include "core/rollout/rollout-steps.inc"
#undef ROLLOUT_STEP
	_ROLLOUT_MAX,
};

enum {
	ROLLOUTMEMO_WHY = 120, /* with its NUL */
	ROLLOUTMEMO_WHAT = 200,
	ROLLOUTMEMO_SECONDS = 24 * 3600,
	ROLLOUTMEMO_SECONDS_MAX = 365 * 24 * 3600,
	ROLLOUTMEMO_BOOTS = 1,
	ROLLOUTMEMO_BOOTS_MAX = 99,
};

/* What a look at files had to say of a step. */
struct rolloutmemo_found {
	uint64_t when;		     /* since 1970; 0: they were not looked at */
	char what[ROLLOUTMEMO_WHAT]; /* that was in the way; foreign; "": nothing */
};

struct rolloutmemo {
	bool observe; /* it was begun: */
	uint64_t need_s;
	unsigned need_boots;
	unsigned boots;		       /* in log mode with that policy, until now */
	char boot_id[TRIAL_BOOT_SIZE]; /* of the last of them */
	uint64_t since; /* the first of them, since 1970; 0: there was none */
	char skip[_ROLLOUT_MAX][ROLLOUTMEMO_WHY]; /* foreign; "": not skipped */
	struct rolloutmemo_found found[_ROLLOUT_MAX];
};

/* Of generation @number. What is not there or not ours is left zero. */
void rolloutmemo_load(const struct root *root, unsigned number, struct rolloutmemo *ret);

/* Steps of a plan: it is observed from now on; the step is skipped. Or with @why "" no
 * longer. */
int rolloutmemo_observe(struct plan *plan, const struct root *root, unsigned number,
			uint64_t seconds, unsigned boots, struct diag *reterr);
int rolloutmemo_skip(struct plan *plan, const struct root *root, unsigned number,
		     enum rollout_id step, const char *why, struct diag *reterr);

/* Files were looked at for that step: what is in the way, cut where it is long; "": nothing.
 * The same within a minute is not written again. IMA-R011. */
int rolloutmemo_found(const struct root *root, unsigned number, enum rollout_id step,
		      uint64_t now, const char *what, struct diag *reterr);

/* This boot is one in which that generation is observed; once for each boot. 1: it was noted
 * now; 0: it was before. IMA-R011. */
int rolloutmemo_seen(const struct root *root, unsigned number, uint64_t now,
		     struct diag *reterr);
