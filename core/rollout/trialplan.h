/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trial from its beginning to its end, as plans for the change engine:
 *
 *   stage    a policy, its keys and the appraise mode wished for become a generation, the
 *            candidate; nothing is in force
 *   arm      the next boot, by an entry of its own, or in place, tries the candidate
 *   confirm  in that boot, when it was found healthy: the candidate is written to the disk
 *   prove    the boot after that loaded it from there: it is called good
 *   abort    what is armed, running or failed is none any more; candidate and evidence stay
 *
 * Each but the last two can be undone. Who runs the plans, asks for them, and what becomes of
 * a boot meanwhile (recovery/gate-trial.c, guard.c) is not here. What stands in the way of arm
 * is trialready.h's, what is known of a trial trialnow.h's.
 */
#pragma once

#include "core/base/trial.h"
#include "core/boot/bootmode.h"
#include "core/policy/genback.h"
#include "core/policy/policyinstall.h"
#include "core/rollout/trialready.h"

enum {
	TRIALPLAN_BOOTS = 3,	  /* before what is armed expires */
	TRIALPLAN_DEADLINE = 900, /* seconds since the trial's boot began */
	TRIALPLAN_DEADLINE_MIN = 120,
	TRIALPLAN_DEADLINE_MAX = 24 * 3600, /* recovery/guard-decide.h believes no more */
};

/* stage: as policyinstall_plan(), and its failures; .candidate_only and .words of @in are
 * set here. @mode: _BOOTMODE_MAX: the kernel is given what it is given now. */
int trialplan_stage(const struct policyinstall *in, enum bootmode mode, struct plan *ret,
		    struct policyinstall_said *ret_said, struct diag *reterr);

/* The mode that a generation is to be tried with; _BOOTMODE_MAX: none was wished for.
 * IMA-R001, IMA-R002. */
int trialplan_mode(const struct root *root, unsigned number, enum bootmode *ret,
		   struct diag *reterr);

struct trialplan_arm {
	const struct trialready *ready; /* trialready_look() was called */
	unsigned boots;			/* 1 to TRIAL_BOOTS_MAX; 0: TRIALPLAN_BOOTS */
	unsigned deadline;		/* 0: TRIALPLAN_DEADLINE */
};

struct trialplan_armed {
	unsigned number;
	char id[TRIAL_ID_SIZE]; /* the same for the same generation in the same boot */
	enum bootmode mode;	/* _BOOTMODE_MAX: as it is */
	bool in_place;
	unsigned boots, deadline;
	struct strbuf words; /* that the kernel is given for this once; "": none */
};
void trialplan_armed_done(struct trialplan_armed *armed);

/* IMA-R031 to R038: what trialready.h found first in the way. */
int trialplan_arm(const struct root *root, const struct trialplan_arm *in,
		  struct plan *ret, struct trialplan_armed *ret_said,
		  struct diag *reterr);

struct trialplan_confirmed {
	unsigned number;
	enum bootmode mode;
	struct genback_said put;
	bool by_hand;		/* the words are to be changed by hand: */
	struct strbuf hand;	/* how, whole lines */
	struct strbuf hand_why; /* why imactl does not */
};
void trialplan_confirmed_done(struct trialplan_confirmed *said);

/* @root: of bareroot_enter(), so that the disk is seen and not what the gate bound over it.
 * IMA-R039: nothing waits to be confirmed, and why; as genback_add(). */
int trialplan_confirm(const struct root *root, const char *release, struct plan *ret,
		      struct trialplan_confirmed *ret_said, struct diag *reterr);
/* Before that plan is run: the guard does not restart the machine meanwhile. After it was:
 * it ends. IMA-H00x. */
int trialplan_hold(struct root *root, struct diag *reterr);
int trialplan_release(struct root *root, struct diag *reterr);

/* 1: this boot loaded the confirmed policy from the disk and is healthy, and the plan says
 * so of the generation; 0: there is none to prove, or not here. */
int trialplan_prove(const struct root *root, const char *release, struct plan *ret,
		    struct diag *reterr);

/* IMA-R040: it was confirmed already. *ret_running: this very boot is the trial; its policy
 * is in force until the machine is started again. @root as for confirm. */
int trialplan_abort(const struct root *root, struct plan *ret, bool *ret_running,
		    struct diag *reterr);
