/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The single changes of a list that are tried: what verify-search.c asks verify-trial.c. */
#pragma once

#include "core/verify-internal.h"

/* The lane extends what the list has before @at, then @put instead of @skip records. */
struct verify_trial {
	enum verify_edit edit;
	size_t at, other;
	size_t skip;
	unsigned n_put;
	const uint8_t *put[2];
	const uint8_t *start; /* the PCR at that place; NULL: as it is */
	size_t end, last;     /* after as many of the list's records it is compared */
};

/* Where a walk through the possible changes stands. */
struct verify_cursor {
	enum verify_stage {
		/* Changes that few records allow: */
		STAGE_FRONT,
		STAGE_SUSPECTS,
		STAGE_TWINS,
		STAGE_OTHERS, /* of other PCRs */
		STAGE_FAKED,
		/* Those that any record allows: */
		STAGE_SWEEP,
		STAGE_OVER,
	} stage;
	size_t at;     /* counts down; 1 is the first record */
	unsigned kind; /* of the changes of a stage */
};

/* No change lies behind this record. */
size_t verify_trial_top(const struct verify_problem *p);
struct verify_cursor verify_trial_begin(const struct verify_problem *p,
					enum verify_stage stage);
/* The next change of the cursor's stage; false: that was the last one. */
bool verify_trial_next(const struct verify_problem *p, struct verify_cursor *c,
		       struct verify_trial *ret);

/* What the kernel extended for the record. */
static inline const uint8_t *verify_trial_extended(const struct verify_problem *p,
						   size_t i)
{
	return p->seq->mark[i] & SEQ_VIOLATION ? p->violation
					       : verify_seq_value(p->seq, i);
}

static inline bool verify_trial_mine(const struct verify_problem *p, size_t i)
{
	return (p->seq->mark[i] & SEQ_PCR) == p->pcr;
}
