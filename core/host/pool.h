/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only threads of the project. A job is a function over its own input: it touches no
 * screen, no TPM, no shared state, and allocates what it returns. The owner's thread
 * submits, and gets finished jobs back through a descriptor it watches.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/cleanup.h"
#include "core/base/diag.h"

struct pool;

/* Embedded in the job's own struct; owned by the caller, untouched by him between
 * pool_submit() and @done. */
struct pool_job {
	void (*run)(struct pool_job *job); /* in a worker */
	/* In pool_dispatch(), on the owner's thread. */
	void (*done)(struct pool_job *job);
	atomic_bool cancelled; /* long jobs look at it now and then */
	struct pool_job *next; /* the pool's */
};

/* @threads 0: as many as there are processors, at most 8. Workers block all signals. */
int pool_new(unsigned threads, struct pool **ret, struct diag *reterr);
/* Drops what waits, cancels what runs and waits for it; @done is called for neither. */
struct pool *pool_free(struct pool *p);
DEFINE_CLEANUP(struct pool *, pool_free)

void pool_submit(struct pool *p, struct pool_job *job);
/* Asks @job to end early; its @done still comes. */
void pool_cancel(struct pool_job *job);

/* Readable when jobs have finished; then call pool_dispatch(). */
int pool_fd(const struct pool *p);
/* Calls @done of what has finished; returns how many. */
unsigned pool_dispatch(struct pool *p);
/* Blocks until every job submitted so far has finished and been dispatched. */
void pool_drain(struct pool *p);
unsigned pool_threads(const struct pool *p);
/* How many pool_new() starts when asked for @threads. */
unsigned pool_wanted(unsigned threads);
/* Starts more of them, @threads as in pool_new(); -errno: as many as could be had. */
int pool_grow(struct pool *p, unsigned threads);
