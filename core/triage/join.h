/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records in, denials out. The records of one event have its time and serial in common; the
 * integrity record comes first, SYSCALL, CWD and PATH when the system call returns (linux
 * 6.12 kernel/auditsc.c audit_log_exit()), those of other events between them. So an event
 * waits here for the rest of it: until its last record, or until JOIN_WAIT_MS have passed,
 * by the time of later records or by the clock (join_expire()), or until JOIN_MAX others
 * wait. Denials are given in the order in which their records came.
 */
#pragma once

#include "core/base/cleanup.h"
#include "core/base/diag.h"
#include "core/triage/denial.h"

enum {
	JOIN_MAX = 64,
	JOIN_WAIT_MS = 2000, /* ausearch and auparse wait as long */
};

struct join;

/* The denial is borrowed. A negative -errno ends the call that gave it. */
typedef int (*join_fn)(void *user, const struct denial *d);

struct join_counts {
	uint64_t records; /* of integrity types, or of their events */
	uint64_t denials;
	uint64_t damaged;	       /* records that could not be read */
	struct diag why;	       /* the first of them */
	uint64_t last_ms, last_serial; /* of the latest event */
};

/* -ENOMEM. */
int join_new(join_fn fn, void *user, struct join **ret, struct diag *reterr);
struct join *join_free(struct join *j); /* what waits is not given */
DEFINE_CLEANUP(struct join *, join_free)

/* Events since @since_ms (1970) ran in that mode: it decides where no system call tells. */
void join_set_mode(struct join *j, enum denial_mode mode, uint64_t since_ms);

/* Nothing but integrity records comes: an event is whole with the first of them. */
void join_set_alone(struct join *j, bool alone);

/* One line, without its newline: a record as core/host/auditrec.h reads them, or anything
 * else, which is passed over. 1: it was a record that counts; 0; -errno of the callback,
 * -ENOMEM. */
int join_line(struct join *j, struct span line, enum denial_source source);

/* Gives what has waited for @wait_ms by the clock; 0: all. How many still wait; -errno. */
int join_expire(struct join *j, uint64_t wait_ms);

const struct join_counts *join_counts(const struct join *j);
