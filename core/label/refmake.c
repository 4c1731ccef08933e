/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/label/refmake.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "core/label/refmake-internal.h"

enum {
	TICK_MS = 500,
	GROUP_BYTES = 4 << 20, /* more in a group than this begins the next one */
};

struct refmake {
	struct pool *pool;
	struct refmake_shared shared;
	struct refmake_group *first, *last; /* in the order in which they are taken */
	struct refmake_group *spare;
	struct strbuf value; /* of the last answer */
	bool (*tick)(void *user);
	void *user;
};

int refmake_new(struct pool *pool, const struct root *root, const struct sig_key *key,
		uint64_t throttle, struct refmake **ret, struct diag *reterr)
{
	struct refmake *r = calloc(1, sizeof(*r));

	if (!r)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	r->pool = pool;
	r->shared.root = root;
	r->shared.key = key;
	r->shared.throttle = throttle;
	*ret = r;
	return 0;
}

void refmake_check_with(struct refmake *r, const struct keyset *keys)
{
	r->shared.keys = keys;
}

void refmake_on_wait(struct refmake *r, bool (*tick)(void *user), void *user)
{
	r->tick = tick;
	r->user = user;
}

static void wait_for(struct refmake *r, struct refmake_group *g)
{
	struct pollfd p = {.fd = pool_fd(r->pool), .events = POLLIN};

	while (!g->done) {
		/* interrupted: looked at again */
		if (poll(&p, 1, r->tick ? TICK_MS : -1) == 0 && r->tick(r->user))
			pool_cancel(&g->job);
		(void)pool_dispatch(r->pool);
	}
}

static void group_done(struct pool_job *job)
{
	((struct refmake_group *)job)->done = true;
}

static void submit(struct refmake *r, struct refmake_group *g)
{
	if (g->submitted)
		return;
	g->submitted = true;
	pool_submit(r->pool, &g->job);
}

/* All of its files were taken or dropped. */
static void put_away(struct refmake *r)
{
	struct refmake_group *g = r->first;

	r->first = g->next;
	if (!r->first)
		r->last = NULL;
	refmake_group_clear(g);
	g->next = r->spare;
	r->spare = g;
}

struct refmake *refmake_free(struct refmake *r)
{
	if (!r)
		return NULL;
	for (struct refmake_group *g = r->first; g; g = g->next)
		pool_cancel(&g->job);
	while (r->first) {
		if (r->first->submitted)
			wait_for(r, r->first);
		put_away(r);
	}
	while (r->spare) {
		struct refmake_group *next = r->spare->next;

		refmake_group_free(r->spare);
		r->spare = next;
	}
	strbuf_done(&r->value);
	free(r);
	return NULL;
}

/* The group that the next file goes into. */
static struct refmake_group *room(struct refmake *r)
{
	struct refmake_group *g = r->last;

	if (g && !g->submitted)
		return g;
	g = r->spare;
	if (g)
		r->spare = g->next;
	else
		g = refmake_group_new(&r->shared, group_done);
	if (!g)
		return NULL;
	g->next = NULL;
	if (r->last)
		r->last->next = g;
	else
		r->first = g;
	r->last = g;
	return g;
}

int refmake_ahead(struct refmake *r, const struct refmake_ask *ask)
{
	struct refmake_group *g = room(r);
	int err = g ? refmake_group_add(g, ask) : -ENOMEM;

	if (err < 0)
		return err;
	if (g->n == REFMAKE_GROUP || g->size >= GROUP_BYTES)
		submit(r, g);
	return 0;
}

static bool asks(const struct refmake_item *item, const struct refmake_ask *ask)
{
	return item->what == ask->what && item->alg == ask->alg &&
	       strcmp(item->path, ask->path) == 0;
}

static bool announced(const struct refmake *r, const struct refmake_ask *ask)
{
	for (const struct refmake_group *g = r->first; g; g = g->next)
		for (size_t i = g->taken; i < g->n; i++)
			if (asks(&g->items[i], ask))
				return true;
	return false;
}

/* The next file in order, out of its group; its group is done. */
static struct refmake_item *next(struct refmake *r)
{
	if (r->first->taken == r->first->n)
		put_away(r);
	submit(r, r->first);
	wait_for(r, r->first);
	return &r->first->items[r->first->taken++];
}

static int answer(struct refmake *r, const struct refmake_item *item,
		  struct refmake_answer *ret, struct diag *reterr)
{
	char q[160];

	if (item->why.id && reterr)
		*reterr = item->why;
	if (item->why.id)
		return -item->err;
	if (item->err == ESTALE)
		return diag_set(reterr, DIAG_LABEL_CHANGING, ESTALE,
				"/%s changes while it is read.",
				str_quote(q, sizeof(q), span_of(item->path)));
	if (item->err)
		return diag_set(reterr,
				item->err == EACCES ? DIAG_LABEL_DENIED : DIAG_READ,
				item->err, "Cannot read /%s: %s.",
				str_quote(q, sizeof(q), span_of(item->path)),
				diag_errno(item->err));
	strbuf_clear(&r->value);
	strbuf_add(&r->value, item->value.ptr, item->value.len);
	if (r->value.failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	*ret = (struct refmake_answer){item->stamp, item->fsid,	  item->being_written,
				       item->fit,   item->digest, strbuf_span(&r->value)};
	return 0;
}

int refmake_take(struct refmake *r, const struct refmake_ask *ask,
		 struct refmake_answer *ret, struct diag *reterr)
{
	struct refmake_item *item;

	if (!announced(r, ask) && refmake_ahead(r, ask) < 0)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	do
		item = next(r);
	while (!asks(item, ask));
	return answer(r, item, ret, reterr);
}

uint64_t refmake_bytes(const struct refmake *r)
{
	return atomic_load(&r->shared.bytes);
}
