/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which single change of the list leads to the PCR's value? A PCR is a one-way chain, so
 * each change is tried by computing the chain behind it to its end. What makes that
 * bearable: sixteen changes are tried at once (core/host/lanes.h), groups of sixteen in the
 * pool side by side; changes that few records allow do not wait for the others; and the
 * search runs from the end of the list to its start, so that it gets as far as the time
 * allows: the last k records cost k squared.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/host/lanes.h"
#include "core/verify/verify-search.h"

enum {
	GROUPS_MAX = 16,
	SLICE_US = 4000, /* of work in one go, so that other jobs get their turn */
	TURN = 1024,	 /* records between two looks at the clock */
	NONE = LANES,
};

struct group {
	struct pool_job job; /* first: the pool hands it back */
	const struct verify_search_run *run;
	enum { GROUP_FREE, GROUP_WORK, GROUP_READY } state;
	uint64_t order;
	struct lanes *lanes;
	unsigned n;
	struct verify_trial trial[LANES];
	size_t at;	/* the record that is extended next */
	size_t settled; /* from here on every lane extends the same */
	size_t watch, last;
	unsigned hit;
	bool rest, finished;
	bool sweep; /* of that stage: counts as progress */
};

struct verify_search_run {
	struct verify_problem p;
	struct pool *pool;
	size_t n_groups;
	struct group group[GROUPS_MAX];
	uint64_t orders;
	size_t top;
	struct verify_cursor rare, sweep;
	uint64_t rare_cost, sweep_cost; /* records extended for them */
	bool stop;
	size_t cut;    /* stopped: the record before this one has not been tried */
	uint64_t best; /* order of the group that found it, UINT64_MAX */
	struct verify_found found;
};

/* The PCR at record @at, from the nearest place where it is known. */
static void begin(struct group *g)
{
	const struct verify_problem *p = &g->run->p;

	g->at = g->watch = SIZE_MAX;
	g->settled = g->last = 0;
	for (unsigned i = 0; i < g->n; i++) {
		const struct verify_trial *t = &g->trial[i];

		g->at = t->at < g->at ? t->at : g->at;
		g->settled = t->at + t->skip + 1 > g->settled ? t->at + t->skip + 1
							      : g->settled;
		g->watch = t->end < g->watch ? t->end : g->watch;
		g->last = t->last > g->last ? t->last : g->last;
	}
	g->at = g->at / PROBLEM_BASE * PROBLEM_BASE;
	g->hit = NONE;
	g->rest = g->finished = false;
	lanes_fill(g->lanes, p->base[g->at / PROBLEM_BASE]);
}

/* The lanes whose change is at this record take it. */
static void change(struct group *g)
{
	for (unsigned i = 0; i < g->n; i++) {
		const struct verify_trial *t = &g->trial[i];

		if (t->at != g->at)
			continue;
		if (t->start)
			lanes_set(g->lanes, i, t->start);
		for (unsigned k = 0; k < t->n_put; k++)
			lanes_extend_one(g->lanes, i, t->put[k]);
	}
}

/* Some lanes pass over this record. */
static void extend_some(struct group *g, const uint8_t *digest)
{
	uint8_t held[LANES][HASH_MAX_SIZE];
	uint32_t holds = 0;

	for (unsigned i = 0; i < g->n; i++)
		if (g->at >= g->trial[i].at &&
		    g->at < g->trial[i].at + g->trial[i].skip) {
			holds |= 1U << i;
			lanes_get(g->lanes, i, held[i]);
		}
	lanes_extend(g->lanes, digest);
	for (unsigned i = 0; i < g->n; i++)
		if (holds >> i & 1)
			lanes_set(g->lanes, i, held[i]);
}

/* The change leads to a value known from earlier: does the rest lead to the PCR's? */
static bool rest_leads(const struct verify_problem *p, uint8_t *value, size_t at)
{
	struct hash_ctx *h = hash_new(p->alg, NULL);
	bool leads = false;

	for (; h; at++) {
		leads = at >= p->end && memcmp(value, p->expected, p->size) == 0;
		if (leads || at == p->seq->n)
			break;
		if (verify_trial_mine(p, at))
			hash_once(h, (struct span){value, p->size},
				  (struct span){verify_trial_extended(p, at), p->size},
				  value);
	}
	hash_free(h);
	return leads;
}

static void compare(struct group *g)
{
	const struct verify_problem *p = &g->run->p;
	uint8_t value[HASH_MAX_SIZE];

	for (unsigned i = 0; i < g->n && g->hit == NONE; i++) {
		if (g->at < g->trial[i].end || g->at > g->trial[i].last)
			continue;
		lanes_get(g->lanes, i, value);
		if (memcmp(value, p->midway ? p->midway : p->expected, p->size) != 0)
			continue;
		g->hit = i;
		g->rest = p->midway && !rest_leads(p, value, g->at);
	}
}

static void run_records(struct group *g, unsigned n)
{
	const struct verify_problem *p = &g->run->p;

	for (; n > 0 && !g->finished; n--, g->at++) {
		if (g->at < g->settled)
			change(g);
		if (g->at >= g->watch)
			compare(g);
		g->finished = g->hit != NONE || g->at >= g->last;
		if (g->finished || !verify_trial_mine(p, g->at))
			continue;
		if (g->at < g->settled)
			extend_some(g, verify_trial_extended(p, g->at));
		else
			lanes_extend(g->lanes, verify_trial_extended(p, g->at));
	}
}

/* In a worker, or on the caller's thread where there is none. */
static void run_group(struct pool_job *job)
{
	struct group *g = (struct group *)job;
	uint64_t until = verify_now_us() + SLICE_US;

	do
		run_records(g, TURN);
	while (!g->finished && verify_now_us() < until);
}

static void group_done(struct pool_job *job)
{
	((struct group *)job)->state = GROUP_READY;
}

/* Twice as many as threads, so that none waits for the next; beside a person one fewer than
 * threads, so that one processor is free. */
static size_t groups(const struct pool *pool, bool beside)
{
	size_t threads = pool ? pool_threads(pool) : 1;
	size_t n = !beside ? 2 * threads : threads > 1 ? threads - 1 : 1;

	return !pool ? 1 : n > GROUPS_MAX ? GROUPS_MAX : n;
}

int verify_search_new(const struct verify_problem *p, struct pool *pool, bool beside,
		      struct verify_search_run **ret)
{
	struct verify_search_run *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->p = *p;
	s->pool = pool;
	s->best = UINT64_MAX;
	s->top = verify_trial_top(p);
	s->rare = verify_trial_begin(p, STAGE_FRONT);
	s->sweep = verify_trial_begin(p, p->n_suspects ? STAGE_OVER : STAGE_SWEEP);
	s->n_groups = groups(pool, beside);
	for (size_t i = 0; i < s->n_groups; i++) {
		s->group[i].run = s;
		s->group[i].job.run = run_group;
		s->group[i].job.done = group_done;
		if (lanes_new(p->alg, 0, &s->group[i].lanes) < 0) {
			verify_search_free(s);
			return -ENOMEM;
		}
	}
	*ret = s;
	return 0;
}

/* As much of one stage as a group holds: the lanes of one had better begin close to each
 * other. */
static void fill_from(struct verify_search_run *s, struct verify_cursor *c,
		      enum verify_stage end, struct group *g)
{
	for (g->n = 0; c->stage < end && g->n == 0;) {
		while (g->n < LANES && verify_trial_next(&s->p, c, &g->trial[g->n]))
			g->n++;
		if (g->n < LANES)
			*c = verify_trial_begin(&s->p, c->stage + 1);
	}
	g->sweep = c == &s->sweep;
}

/* What is to be tried next; false: nothing is left. Neither of the two waits for the other:
 * the one that has cost less so far goes first. */
static bool fill(struct verify_search_run *s, struct group *g)
{
	enum verify_stage rare_end = s->p.n_suspects ? STAGE_TWINS : STAGE_SWEEP;

	g->n = 0;
	if (s->rare_cost <= s->sweep_cost)
		fill_from(s, &s->rare, rare_end, g);
	if (g->n == 0)
		fill_from(s, &s->sweep, STAGE_OVER, g);
	if (g->n == 0)
		fill_from(s, &s->rare, rare_end, g);
	if (g->n == 0)
		return false;
	g->order = s->orders++;
	begin(g);
	*(g->sweep ? &s->sweep_cost : &s->rare_cost) += g->last - g->at;
	return true;
}

static void work(struct verify_search_run *s, struct group *g)
{
	if (s->pool) {
		g->state = GROUP_WORK;
		pool_submit(s->pool, &g->job);
		return;
	}
	run_group(&g->job);
	g->state = GROUP_READY;
}

/* Of several that lead there the one that was to be tried first, whichever was quicker. */
static void note_hit(struct verify_search_run *s, const struct group *g)
{
	const struct verify_trial *t;

	if (g->hit == NONE || g->order >= s->best)
		return;
	t = &g->trial[g->hit];
	s->best = g->order;
	s->found = (struct verify_found){t->edit, t->at, t->other, g->rest};
}

/* False: the group is idle and there is nothing for it. */
static bool drive(struct verify_search_run *s, struct group *g)
{
	if (g->state == GROUP_WORK)
		return true;
	if (g->state == GROUP_READY) {
		note_hit(s, g);
		if (!g->finished && !s->stop && g->order < s->best) {
			work(s, g);
			return true;
		}
		if (g->sweep && !g->finished && g->trial[0].at + 1 > s->cut)
			s->cut = g->trial[0].at + 1;
		g->state = GROUP_FREE;
	}
	if (s->stop || s->best != UINT64_MAX || !fill(s, g))
		return false;
	work(s, g);
	return true;
}

int verify_search_step(struct verify_search_run *s, uint64_t until_us)
{
	bool busy;

	if (s->pool)
		(void)pool_dispatch(s->pool);
	do {
		busy = false;
		for (size_t i = 0; i < s->n_groups; i++)
			busy |= drive(s, &s->group[i]);
	} while (busy && !s->pool && verify_now_us() < until_us);
	return busy;
}

void verify_search_stop(struct verify_search_run *s)
{
	s->stop = true;
}

bool verify_search_found(const struct verify_search_run *s, struct verify_found *ret)
{
	if (s->best == UINT64_MAX)
		return false;
	*ret = s->found;
	return true;
}

void verify_search_progress(const struct verify_search_run *s, uint64_t *ret_tried,
			    uint64_t *ret_of)
{
	size_t low = s->sweep.stage == STAGE_SWEEP ? s->sweep.at : (size_t)s->p.first;

	*ret_of = s->top - s->p.first;
	*ret_tried = 0;
	if (s->cut > low)
		low = s->cut;
	for (size_t i = 0; i < s->n_groups; i++) {
		const struct group *g = &s->group[i];

		if (g->state != GROUP_FREE && g->sweep && g->trial[0].at + 1 > low)
			low = g->trial[0].at + 1;
	}
	if (low < s->top && !s->p.n_suspects)
		*ret_tried = s->top - low;
}

struct verify_search_run *verify_search_free(struct verify_search_run *s)
{
	if (!s)
		return NULL;
	if (s->pool)
		pool_drain(s->pool);
	for (size_t i = 0; i < s->n_groups; i++)
		lanes_free(s->group[i].lanes);
	free(s);
	return NULL;
}
