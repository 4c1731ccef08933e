/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the steps of a rollout are looked at with; rollout.c calls them in their order. */
#pragma once

#include "core/policy/policyplan.h"
#include "core/rollout/rollout.h"
#include "core/rollout/trialready.h"
#include "core/simulate/simulate.h"

struct rollout_work {
	const struct root *root;
	const struct rollout_ask *ask;
	struct rollout *r;
	struct rollout_step *step; /* that is looked at */
	const char *release;
	struct probe *probe;
	struct gen_list list;
	struct bootloader loader;
	struct strbuf text; /* of the generation's policy */
	struct policyplan judged;
	bool has_rules; /* .judged was read, and a kernel takes it */
	/* What the policy would do to the files in use. */
	struct bootset *set;
	struct pkgdb *packages;
	struct simulate result;
	bool simulated;
	struct diag not_simulated; /* .id: why not */
	bool looked;		   /* at files, for this step */
	bool failed;		   /* memory ended */
};

__attribute__((format(printf, 5, 6))) void rollout_say(struct rollout_work *w,
						       enum rollout_mark mark,
						       const char *fix, const char *key,
						       const char *fmt, ...);
__attribute__((format(printf, 2, 3))) void rollout_sum(struct rollout_work *w,
						       const char *fmt, ...);

void rollout_see_assess(struct rollout_work *w);
void rollout_see_policy(struct rollout_work *w);
void rollout_see_label(struct rollout_work *w);
void rollout_see_observe(struct rollout_work *w);
void rollout_see_preflight(struct rollout_work *w);
void rollout_see_arm(struct rollout_work *w);
void rollout_see_trial(struct rollout_work *w);
void rollout_see_confirm(struct rollout_work *w);
void rollout_see_bless(struct rollout_work *w);

/* A brief look: the step is as it was found last, or done where what comes behind it was
 * begun; @fix: against what was in the way, NULL: the step's command. */
void rollout_recall(struct rollout_work *w, enum rollout_id id, bool begun,
		    const char *fix);

/* What was found before this boot is none any more. */
void rollout_forget(struct rollout_work *w, enum rollout_id id);

/* Tries the policy on the files in use, once. False: .not_simulated. */
bool rollout_simulate(struct rollout_work *w);
