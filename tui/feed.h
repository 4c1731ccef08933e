/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel refuses and notes, beside the screens: the trail of the machine
 * (core/triage/trail.h), counted (core/triage/denials.h) as it comes. Reading, and finding
 * out which file a record means, may take seconds: a job of the pool does it, a batch at a
 * time, and the next only when the last was counted. So no key waits, and what is on its
 * way is bounded.
 */
#pragma once

#include <time.h>

#include "core/host/pool.h"
#include "core/triage/denials.h"
#include "core/triage/trail.h"

struct feed_job;

/* One event; its names are those of its row, and as lasting. */
struct feed_event {
	struct denial d;
	uint32_t row;	/* of the store */
	uint64_t count; /* entries of the measurement list when it came; FEED_BEFORE: it
			 * lay there already */
};

#define FEED_BEFORE UINT64_MAX

enum { FEED_KEPT = 2048 /* events, the latest; all are counted */ };

struct feed {
	const struct root *root; /* borrowed */
	struct pool *pool;	 /* borrowed */
	struct trail *trail;	 /* the job's while there is one */
	struct feed_job *job;
	struct denials *store; /* NULL until feed_start(), and where memory ended */
	struct trail_state state;
	struct diag error;   /* why nothing can be read; what is counted stays */
	struct diag no_live; /* why nothing that comes is seen, but what lies there is */
	bool opened, read, ended;
	bool arrived; /* the job's batch is there; feed_step() counts it */
	bool due;     /* something may have come */
	bool changed; /* since somebody put it back to false */
	unsigned generation;
	uint64_t look_at, quiet_at; /* monotonic ms */
	uint64_t today;		    /* denials since midnight of .day */
	int day;

	uint64_t
		began; /* entries of the measurement list when what comes began to be read */

	struct feed_event *kept; /* a ring */
	uint64_t events;	 /* that were ever put into it */
};

void feed_init(struct feed *f, const struct root *root, struct pool *pool);
/* After the pool is gone, which ends the job. */
void feed_done(struct feed *f);

/* Counts the batch that has come, and has the next one read where there may be one.
 * @count: entries of the measurement list now; @trimmed: of them those that the kernel has
 * no more. */
void feed_step(struct feed *f, uint64_t now_ms, time_t wall, uint64_t count,
	       uint64_t trimmed);
/* Everything anew. False: a batch is on its way, later. */
bool feed_restart(struct feed *f);

/* To be polled for reading, then feed_ready(); -1: not now. */
int feed_fd(const struct feed *f);
void feed_ready(struct feed *f, uint64_t now_ms);
void feed_poll(struct feed *f, uint64_t now_ms);
/* Until feed_poll() has something to do; -1: never. */
int feed_wait_ms(const struct feed *f, uint64_t now_ms);
/* What lies there has not been read to its end. */
bool feed_busy(const struct feed *f);

/* Is it of something that was refused, or would be? The others are told apart. */
static inline bool feed_is_denial(enum denial_kind kind)
{
	return kind == DENIAL_ACCESS || kind == DENIAL_LABEL;
}

/* Denials of the day of @wall. */
uint64_t feed_today(const struct feed *f, time_t wall);
/* How many events are kept, and one of them, the oldest first. */
size_t feed_kept(const struct feed *f);
const struct feed_event *feed_event(const struct feed *f, size_t i);
