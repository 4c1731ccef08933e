/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands in the way of a trial: looked at before one is armed, because a machine that
 * nobody can reach must come back by itself (recovery.md, rules 7 to 13). Each check is a row
 * of trialready-checks.inc.
 */
#pragma once

#include "core/boot/bootloader.h"
#include "core/boot/bootmode.h"
#include "core/base/gen.h"

enum trialready_id {
#define TRIALREADY(id, diag, word, title) TRIALREADY_##id,
#include "core/rollout/trialready-checks.inc"
#undef TRIALREADY
	_TRIALREADY_MAX,
};

enum trialready_verdict {
	TRIALREADY_GOOD,
	TRIALREADY_TOLD,    /* no reason against it, and worth knowing */
	TRIALREADY_REFUSED, /* no trial with that */
};

struct trialready_ask {
	bool in_place;	 /* the next boot is to be the trial, whichever entry starts it */
	bool passphrase; /* somebody will be there to type what a TPM no longer gives out */
};

struct trialready {
	struct trialready_ask ask;
	unsigned number;    /* the candidate; 0: there is none */
	enum bootmode mode; /* that it is to be tried with; _BOOTMODE_MAX: as it is */
	struct bootloader loader;
	struct trialready_check {
		enum trialready_verdict verdict;
		char text[240]; /* a sentence; escaped */
	} check[_TRIALREADY_MAX];
};

/* @release: of the kernel that will be started. Fails for want of memory only. */
int trialready_look(const struct root *root, const char *release,
		    const struct trialready_ask *ask, struct trialready *ret,
		    struct diag *reterr);

const char *trialready_word(enum trialready_id id);  /* "hook": never renamed */
const char *trialready_title(enum trialready_id id); /* "The hook in the initramfs" */
const char *trialready_verdict_word(enum trialready_verdict v); /* "refused" */

/* The first that refuses, as a failure; 0: nothing does. */
int trialready_refuse(const struct trialready *ready, struct diag *reterr);
