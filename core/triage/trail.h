/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The audit trail of a machine as denials: what lies there (auditd's logs, the kernel log),
 * then what comes (the kernel itself, or else what writes of it), each event once and in
 * order. What was lost on the way is counted.
 *
 * One thread; for core/host/loop.h.
 */
#pragma once

#include "core/triage/join.h"
#include "core/triage/source.h"

struct trail_options {
	int fd;		 /* >= 0: this text is all, and is taken over; else -1 */
	bool kernel;	 /* the kernel log alone */
	bool live;	 /* go on with what comes */
	bool no_history; /* only what comes */
};

struct trail_state {
	bool live; /* there is a live source, of this kind: */
	enum denial_source source;
	enum denial_mode mode; /* of this boot */
	uint64_t lost;	       /* records that never came */
	uint64_t damaged;      /* records that could not be read */
	uint64_t records, denials;
	struct diag why_damaged; /* the first of them */
	struct diag no_audit, no_log,
		no_kernel; /* why a source is not there; id 0: it is,
						  * or was not asked */
};

struct trail;

/* @fn gets each denial, @root must outlive it. Fails when there is no source at all:
 * IMA-H020, IMA-H021, or for want of permission; with .live, when none is live. */
int trail_open(const struct root *root, const struct trail_options *how, join_fn fn,
	       void *user, struct trail **ret, struct diag *reterr);
struct trail *trail_free(struct trail *t);
DEFINE_CLEANUP(struct trail *, trail_free)

/* A slice of what lies there. 1: there is more; 0: all of it was given; -errno of @fn or
 * of reading. */
int trail_read(struct trail *t, struct diag *reterr);

/* Live: to be polled; -1: look every SOURCE_POLL_MS. */
int trail_fd(const struct trail *t);
/* A slice of what came. Call it when the descriptor is ready, and every SOURCE_POLL_MS: an
 * event whose records are not all there is given after a while. 1: there is more now; 0;
 * -errno. */
int trail_step(struct trail *t, struct diag *reterr);

void trail_state(const struct trail *t, struct trail_state *ret);
