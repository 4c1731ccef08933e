/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which single change is possible at which record, and in what order they are tried. */
#include <string.h>

#include "core/base/cleanup.h"
#include "core/verify/verify-search.h"

static bool violation(const struct verify_problem *p, size_t i)
{
	return p->seq->mark[i] & SEQ_VIOLATION;
}

/* The next record of this PCR; the end when there is none. */
static size_t next_mine(const struct verify_problem *p, size_t i)
{
	for (i++; i < p->seq->n && !verify_trial_mine(p, i); i++)
		;
	return i;
}

/* In a row of violations it is all the same which one is meant: the first. */
static bool behind_violation(const struct verify_problem *p, size_t i)
{
	while (i-- > 0)
		if (verify_trial_mine(p, i))
			return violation(p, i);
	return false;
}

static bool replace(const struct verify_problem *p, struct verify_trial *t,
		    const uint8_t *put)
{
	t->skip = t->at < p->seq->n ? 1 : 0;
	t->n_put = 1;
	t->put[0] = put;
	return t->skip;
}

static bool propose_swap(const struct verify_problem *p, struct verify_trial *t)
{
	size_t next = next_mine(p, t->at);

	if (next >= p->seq->n || memcmp(verify_trial_extended(p, t->at),
					verify_trial_extended(p, next), p->size) == 0)
		return false;
	t->other = next;
	t->skip = next + 1 - t->at;
	t->n_put = 2;
	t->put[0] = verify_trial_extended(p, next);
	t->put[1] = verify_trial_extended(p, t->at);
	return true;
}

static bool propose_reset(const struct verify_problem *p, struct verify_trial *t)
{
	static const uint8_t zeros[HASH_MAX_SIZE];

	/* Nearer to the start it is the same as one record that was not extended. */
	size_t first = t->other ? 3 : 2; /* all but the first start with boot_aggregate */

	t->start = p->start[t->other];
	if (t->at < first || p->midway)
		return false;
	return t->at < p->seq->n ? verify_trial_mine(p, t->at)
				 : memcmp(t->start, zeros, p->size) != 0;
}

static bool put_in_front(struct verify_trial *t, const uint8_t *put)
{
	t->n_put = 1;
	t->put[0] = put;
	return true;
}

/* Is this change possible at this record (or, at the end, behind the last)? */
static bool propose_edit(const struct verify_problem *p, struct verify_trial *t)
{
	bool here = t->at < p->seq->n && verify_trial_mine(p, t->at);

	switch (t->edit) {
	case EDIT_REMOVE:
		t->skip = 1;
		return here && !(violation(p, t->at) && behind_violation(p, t->at));
	case EDIT_SWAP:
		return here && propose_swap(p, t);
	case EDIT_DROPPED:
		return (here || t->at == p->seq->n) && !behind_violation(p, t->at) &&
		       put_in_front(t, p->violation);
	case EDIT_HIDDEN:
		return here && !violation(p, t->at) && replace(p, t, p->violation);
	case EDIT_FAKED:
		return here && violation(p, t->at) &&
		       replace(p, t, verify_seq_value(p->seq, t->at));
	case EDIT_PCR:
		return t->at < p->seq->n && !here &&
		       replace(p, t, verify_trial_extended(p, t->at));
	case EDIT_RESET:
		return propose_reset(p, t);
	case EDIT_FRONT:
		return put_in_front(t, p->front[t->other]);
	case EDIT_COPY:
		break;
	}
	return false;
}

/* Records the list has more than was measured, under this change. */
static int surplus(enum verify_edit edit)
{
	return edit == EDIT_REMOVE			    ? 1
	       : edit == EDIT_DROPPED || edit == EDIT_FRONT ? -1
							    : 0;
}

static bool propose(const struct verify_problem *p, enum verify_edit edit, size_t at,
		    size_t other, struct verify_trial *t)
{
	*t = (struct verify_trial){.edit = edit, .at = at, .other = other};
	if (!propose_edit(p, t))
		return false;
	t->end = p->midway ? (size_t)((int64_t)p->midway_at + surplus(edit)) : p->end;
	t->last = p->midway ? t->end : p->seq->n;
	return t->end <= p->seq->n && at + t->skip <= t->last;
}

static bool next_front(const struct verify_problem *p, struct verify_cursor *c,
		       struct verify_trial *t)
{
	while (c->kind < p->n_fronts)
		if (propose(p, EDIT_FRONT, 0, c->kind++, t))
			return true;
	return false;
}

/* Its digest is wrong: was it there at all, or was it a violation? */
static bool next_suspect(const struct verify_problem *p, struct verify_cursor *c,
			 struct verify_trial *t)
{
	static const enum verify_edit edits[] = {EDIT_REMOVE, EDIT_HIDDEN};

	while (c->kind < p->n_suspects * array_size(edits)) {
		unsigned k = c->kind++;
		size_t at = (size_t)p->suspect[k / array_size(edits)];

		if (propose(p, edits[k % array_size(edits)], at, 0, t))
			return true;
	}
	return false;
}

/* The kernel drops what it has already (ima_queue.c ima_lookup_digest_entry()), so only one
 * of two records that are the same can be a copy. */
static bool is_twin(const struct verify_problem *p, size_t i)
{
	return p->seq->mark[i] & SEQ_TWIN;
}

static bool is_other(const struct verify_problem *p, size_t i)
{
	return !verify_trial_mine(p, i);
}

static bool next_rare(const struct verify_problem *p, struct verify_cursor *c,
		      enum verify_edit edit,
		      bool (*fits)(const struct verify_problem *p, size_t i),
		      struct verify_trial *t)
{
	while (c->at > p->first) {
		size_t i = --c->at;

		if (i < p->seq->n && fits(p, i) && propose(p, edit, i, 0, t))
			return true;
	}
	return false;
}

static bool next_any(const struct verify_problem *p, struct verify_cursor *c,
		     struct verify_trial *t)
{
	static const enum verify_edit edits[] = {EDIT_REMOVE, EDIT_SWAP, EDIT_DROPPED,
						 EDIT_HIDDEN, EDIT_PCR,	 EDIT_FAKED};

	for (; c->at > p->first; c->at--, c->kind = 0)
		while (c->kind < array_size(edits) + p->n_starts) {
			unsigned k = c->kind++;
			bool reset = k >= array_size(edits);

			if (propose(p, reset ? EDIT_RESET : edits[k], c->at - 1,
				    reset ? k - array_size(edits) : 0, t))
				return true;
		}
	return false;
}

size_t verify_trial_top(const struct verify_problem *p)
{
	return p->midway && p->midway_at < p->seq->n ? (size_t)p->midway_at + 1
						     : p->seq->n;
}

struct verify_cursor verify_trial_begin(const struct verify_problem *p,
					enum verify_stage stage)
{
	return (struct verify_cursor){.stage = stage, .at = verify_trial_top(p) + 1};
}

bool verify_trial_next(const struct verify_problem *p, struct verify_cursor *c,
		       struct verify_trial *t)
{
	switch (c->stage) {
	case STAGE_FRONT:
		return next_front(p, c, t);
	case STAGE_SUSPECTS:
		return next_suspect(p, c, t);
	case STAGE_TWINS:
		return next_rare(p, c, EDIT_REMOVE, is_twin, t);
	case STAGE_OTHERS:
		return next_rare(p, c, EDIT_PCR, is_other, t);
	case STAGE_FAKED:
		return next_rare(p, c, EDIT_FAKED, violation, t);
	case STAGE_SWEEP:
		return next_any(p, c, t);
	case STAGE_OVER:
		break;
	}
	return false;
}
