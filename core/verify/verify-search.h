/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The search for the single change of a list that leads to the PCR's value: what it is given
 * (verify-problem.c), what may have been changed (verify-trial.c), and the search itself
 * (verify-search.c).
 *
 * An entry is tried by extending all that stand behind it, once for each of six kinds of
 * change, so that twice as many entries take four times as long. Measured on one core of a
 * Zen 5: 150 million such extends a second for a SHA-1 bank, 33 million for SHA-256
 * (AVX-512; with AVX2 80 and 12 million). In 10 s that is enough for any change among the
 * last 22,000 entries (SHA-256: 10,500): a violation that was dropped, added, hidden or made
 * up, neighbours that were swapped, an entry that was put in or that the TPM refused, a PCR
 * that began anew. Changes that few entries allow are found in longer lists: an entry that
 * stands there twice among 1,000,000 in half a second, one that names another PCR likewise.
 * What was dropped, or changed together with its digest, is found in no list, however short:
 * that takes a copy, or checkpoints.
 */
#pragma once

#include "core/verify/verify-internal.h"

/* One change of the list. */
enum verify_edit {
	EDIT_REMOVE,  /* the record was never extended */
	EDIT_SWAP,    /* it and the next one stood the other way round */
	EDIT_DROPPED, /* a violation stood before it */
	EDIT_HIDDEN,  /* it was a violation */
	EDIT_FAKED,   /* it was none */
	EDIT_PCR,     /* it was extended into this PCR */
	EDIT_RESET,   /* the PCR began anew before it */
	EDIT_FRONT,   /* a boot_aggregate stood before all others */
	EDIT_COPY,    /* a copy of the list says something else there */
};

/* The change that leads to the PCR's value. */
struct verify_found {
	enum verify_edit edit;
	size_t at;    /* the record it is about, from 0; that many: behind the last */
	size_t other; /* EDIT_SWAP: its neighbour. EDIT_RESET: which start. */
	bool rest;    /* proven up to the next checkpoint, and not what lies behind it */
};

enum { PROBLEM_STARTS_MAX = 4, PROBLEM_FRONTS_MAX = 48, PROBLEM_BASE = 64 };

/* What the search is given. All is borrowed and does not change meanwhile. */
struct verify_problem {
	enum hash_alg alg;
	size_t size;
	unsigned pcr;
	const struct verify_seq *seq;
	/* The PCR before every PROBLEM_BASE-th record. */
	const uint8_t (*base)[HASH_MAX_SIZE];
	const uint8_t *violation; /* what is extended for one */
	const uint8_t *expected;
	uint64_t end;	/* records that the value stands for, at least; seq->n at most */
	uint64_t first; /* the records before this one are proven */
	const uint8_t
		*midway; /* the value after midway_at true records; NULL: not known */
	uint64_t midway_at;
	size_t n_starts; /* what a PCR that began anew may have held */
	uint8_t start[PROBLEM_STARTS_MAX][HASH_MAX_SIZE];
	size_t n_fronts; /* digests of boot_aggregate records that may be missing */
	uint8_t front[PROBLEM_FRONTS_MAX][HASH_MAX_SIZE];
	/* Records known to be wrong, from 0: nothing else is tried then. */
	size_t n_suspects;
	uint64_t suspect[VERIFY_ERRORS_MAX];
};

struct verify_search_run;

/* Tries one change after the other, in the pool if there is one. @beside: a person works
 * meanwhile. */
int verify_search_new(const struct verify_problem *p, struct pool *pool, bool beside,
		      struct verify_search_run **ret);
/* 1: more to do, 0: found, or nothing is left to try. */
int verify_search_step(struct verify_search_run *s, uint64_t until_us);
void verify_search_stop(struct verify_search_run *s); /* the time is up: step until 0 */
bool verify_search_found(const struct verify_search_run *s, struct verify_found *ret);
/* Records for which every change was tried, from the end, and how many there are. */
void verify_search_progress(const struct verify_search_run *s, uint64_t *ret_tried,
			    uint64_t *ret_of);
struct verify_search_run *verify_search_free(struct verify_search_run *s);

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
