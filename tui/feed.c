/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/feed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/str.h"
#include "core/host/loop.h"

enum {
	BATCH = 1000, /* events, and those of one slice more */
	COUNT_US = 1000,
	QUIET_MS = 3000, /* after this nothing of an event is waited for (JOIN_WAIT_MS) */
};

/* A batch: everything is its own but the root. */
struct feed_job {
	struct pool_job job; /* first: the pool hands it back */
	struct feed *feed;   /* its .job, which is this, is all the worker looks at */
	const struct root *root;
	struct trail *trail;
	bool live, read; /* what lies there was read to its end */
	bool more;
	struct denial *events; /* spans: their lengths; bytes in .text, in order */
	uint64_t *counts;      /* of the measurement list, when each was handed over */
	uint64_t count, counted_us;
	size_t n, cap;
	struct strbuf text;
	struct trail_state state;
	struct diag error, no_live;
	time_t wall;
};

static void spans_of(struct denial *d, struct span *at[6])
{
	at[0] = &d->op;
	at[1] = &d->cause;
	at[2] = &d->path;
	at[3] = &d->dev;
	at[4] = &d->comm;
	at[5] = &d->exe;
}

/* As the kernel counts them; not for each event of a storm. */
static uint64_t count_entries(struct feed_job *j)
{
	_cleanup_strbuf_ struct strbuf line = {0};
	uint64_t now = loop_now_us();

	if (j->counted_us && now - j->counted_us < COUNT_US)
		return j->count;
	j->counted_us = now;
	if (root_read_line(j->root, ROOT_LIST_COUNT, &line, NULL) < 0 ||
	    str_to_u64(strbuf_span(&line), &j->count) < 0)
		j->count = 0;
	return j->count;
}

/* The trail outlives its first job: whichever is at work now. */
static int keep(void *user, const struct denial *d)
{
	struct feed_job *j = ((struct feed *)user)->job;
	struct span *at[6];

	if (j->n == j->cap) {
		size_t cap = j->cap ? 2 * j->cap : 64;
		struct denial *more = reallocarray(j->events, cap, sizeof(*more));
		uint64_t *counts = reallocarray(j->counts, cap, sizeof(*counts));

		j->events = more ? more : j->events;
		j->counts = counts ? counts : j->counts;
		if (!more || !counts)
			return -ENOMEM;
		j->cap = cap;
	}
	j->counts[j->n] = j->read ? count_entries(j) : FEED_BEFORE;
	j->events[j->n] = *d;
	spans_of(&j->events[j->n++], at);
	for (size_t i = 0; i < array_size(at); i++)
		strbuf_add(&j->text, at[i]->ptr, at[i]->len);
	return j->text.failed ? -ENOMEM : 0;
}

/* Where nobody tells what comes, what lies there is worth looking at. */
static int open_trail(struct feed_job *j)
{
	struct trail_options how = {.fd = -1, .live = j->live};
	int r = trail_open(j->root, &how, keep, j->feed, &j->trail,
			   j->live ? &j->no_live : &j->error);

	if (r >= 0 || !j->live)
		return r;
	how.live = j->live = false;
	return trail_open(j->root, &how, keep, j->feed, &j->trail, &j->error);
}

static void run(struct pool_job *job)
{
	struct feed_job *j = (struct feed_job *)job;
	int r = j->trail ? 0 : open_trail(j);

	while (r >= 0 && j->n < BATCH && !atomic_load(&job->cancelled)) {
		r = j->read ? trail_step(j->trail, &j->error)
			    : trail_read(j->trail, &j->error);
		if (r == 0)
			break;
	}
	/* what comes is never in one batch with what lay there */
	j->more = r > 0 || (r == 0 && !j->read && j->live);
	j->read |= r == 0;
	if (r < 0 && j->error.id == DIAG_NONE)
		(void)diag_set(&j->error, DIAG_MEMORY, -r,
			       "Cannot read what the kernel "
			       "refused: %s.",
			       diag_errno(-r));
	if (j->trail)
		trail_state(j->trail, &j->state);
}

static void free_job(struct feed_job *j)
{
	free(j->events);
	free(j->counts);
	strbuf_done(&j->text);
	free(j);
}

void feed_init(struct feed *f, const struct root *root, struct pool *pool)
{
	*f = (struct feed){.root = root, .pool = pool, .day = -1};
}

void feed_done(struct feed *f)
{
	if (f->job) {
		trail_free(f->job->trail);
		free_job(f->job);
	} else {
		trail_free(f->trail);
	}
	denials_free(f->store);
	free(f->kept);
	*f = (struct feed){0};
}

static int day_of(time_t t)
{
	struct tm tm;

	return localtime_r(&t, &tm) ? tm.tm_year * 366 + tm.tm_yday : -1;
}

/* The ring's own copy, with the names of its row. */
static void remember(struct feed *f, const struct denial *d, int row, uint64_t count)
{
	const struct denial *named = &denials_row(f->store, (size_t)row)->last;
	struct feed_event *e;

	if (!f->kept)
		f->kept = calloc(FEED_KEPT, sizeof(*f->kept));
	if (!f->kept)
		return; /* the counts are right */
	e = &f->kept[f->events++ % FEED_KEPT];
	*e = (struct feed_event){*d, (uint32_t)row, count};
	e->d.op = named->op;
	e->d.cause = named->cause;
	e->d.path = named->path;
	e->d.dev = named->dev;
	e->d.comm = named->comm;
	e->d.exe = named->exe;
}

static int count_one(struct feed *f, const struct denial *d, uint64_t count)
{
	int row = denials_add(f->store, d);

	if (row < 0)
		return row;
	remember(f, d, row, count);
	if (feed_is_denial(d->kind) && d->time_ms &&
	    day_of((time_t)(d->time_ms / 1000)) == f->day)
		f->today++;
	return 0;
}

static int take_batch(struct feed *f, struct feed_job *j, uint64_t trimmed)
{
	const uint8_t *bytes = (const uint8_t *)strbuf_str(&j->text);
	int day = day_of(j->wall), r = 0;
	struct span *at[6];

	if (day != f->day)
		f->today = 0;
	f->day = day;
	for (size_t i = 0; r >= 0 && i < j->n; i++) {
		spans_of(&j->events[i], at);
		for (size_t k = 0; k < array_size(at); k++) {
			at[k]->ptr = bytes;
			bytes += at[k]->len;
		}
		r = count_one(f, &j->events[i],
			      j->counts[i] == FEED_BEFORE ? FEED_BEFORE
							  : j->counts[i] + trimmed);
	}
	return r;
}

static void finished(struct pool_job *job)
{
	struct feed_job *j = (struct feed_job *)job;

	j->feed->arrived = true;
}

static void take(struct feed *f, uint64_t count, uint64_t trimmed)
{
	struct feed_job *j = f->job;

	f->job = NULL;
	f->arrived = false;
	f->opened = true;
	f->trail = j->trail;
	f->state = j->state;
	f->no_live = j->no_live;
	if (take_batch(f, j, trimmed) < 0 && j->error.id == DIAG_NONE)
		(void)diag_set(&j->error, DIAG_MEMORY, ENOMEM, "Out of memory.");
	f->changed |= j->n || f->read != j->read || j->error.id != DIAG_NONE;
	f->generation += j->n > 0;
	if (!f->read && j->read)
		f->began = count;
	f->read = j->read;
	f->due = j->more;
	f->error = j->error;
	f->ended = j->error.id != DIAG_NONE || (j->read && !j->live);
	free_job(j);
}

void feed_step(struct feed *f, uint64_t now_ms, time_t wall, uint64_t count,
	       uint64_t trimmed)
{
	struct feed_job *j;

	if (f->arrived)
		take(f, count, trimmed);
	if (f->job || f->ended || (f->opened && f->read && !f->due))
		return;
	if (!f->store && denials_new(&f->store, &f->error) < 0) {
		f->ended = true;
		return;
	}
	j = calloc(1, sizeof(*j));
	if (!j)
		return; /* the next look tries again */
	*j = (struct feed_job){
		.job = {.run = run, .done = finished},
		.feed = f,
		.root = f->root,
		.trail = f->trail,
		.live = f->opened ? f->state.live : root_is_live(f->root),
		.no_live = f->no_live,
		.read = f->read,
		.wall = wall,
	};
	f->due = false;
	f->look_at = now_ms + SOURCE_POLL_MS;
	f->job = j;
	pool_submit(f->pool, &j->job);
}

bool feed_restart(struct feed *f)
{
	const struct root *root = f->root;
	struct pool *pool = f->pool;
	unsigned generation = f->generation;

	if (f->job)
		return false;
	feed_done(f);
	feed_init(f, root, pool);
	f->generation = generation + 1;
	f->changed = true;
	return true;
}

int feed_fd(const struct feed *f)
{
	return f->job || f->ended || !f->read || !f->trail || f->due ? -1
								     : trail_fd(f->trail);
}

void feed_ready(struct feed *f, uint64_t now_ms)
{
	f->due = true;
	f->quiet_at = now_ms + QUIET_MS;
}

/* Not only when its descriptor says so: there is none, or events wait for their end. */
static bool is_polled(const struct feed *f, uint64_t now_ms)
{
	return !f->ended && (!f->read || f->job || !f->trail || trail_fd(f->trail) < 0 ||
			     now_ms < f->quiet_at);
}

void feed_poll(struct feed *f, uint64_t now_ms)
{
	if (!f->job && f->read && now_ms >= f->look_at && is_polled(f, now_ms))
		f->due = true;
}

int feed_wait_ms(const struct feed *f, uint64_t now_ms)
{
	return is_polled(f, now_ms) ? SOURCE_POLL_MS : -1;
}

bool feed_busy(const struct feed *f)
{
	return !f->ended && !f->read;
}

uint64_t feed_today(const struct feed *f, time_t wall)
{
	return day_of(wall) == f->day ? f->today : 0;
}

size_t feed_kept(const struct feed *f)
{
	return f->events < FEED_KEPT ? (size_t)f->events : FEED_KEPT;
}

const struct feed_event *feed_event(const struct feed *f, size_t i)
{
	uint64_t first = f->events < FEED_KEPT ? 0 : f->events - FEED_KEPT;

	return &f->kept[(first + i) % FEED_KEPT];
}
