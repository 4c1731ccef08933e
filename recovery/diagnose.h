/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel log says of PID 1 and the policy: did it stop there, and why. Pure: one
 * record after the other, as /dev/kmsg gives them (linux 6.12 Documentation/ABI/testing/
 * dev-kmsg).
 *
 * Ordinary users can put text of theirs into the log: names in messages of the kernel ("tmpfs:
 * Unknown parameter 'Freezing execution.'"), and what journald forwards for them. So a record
 * counts as PID 1's only when it is of a facility of user space (the kernel's own is not to be
 * had from there, printk.c devkmsg_emit()), begins as PID 1 begins its own, and is one of its
 * sentences from there to the end; and as the kernel's only when it has the kernel's facility
 * and is its sentence whole. Even so nobody may act on records alone: frozen.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/bytes.h"

enum diagnose_said {
	DIAGNOSE_NOTHING,     /* not of the policy, or by somebody else */
	DIAGNOSE_REFUSED,     /* PID 1: the policy did not load, and it goes no further */
	DIAGNOSE_FREEZING,    /* PID 1: it stops, for whatever reason */
	DIAGNOSE_LOADED,      /* PID 1: the policy was loaded */
	DIAGNOSE_PASSED_OVER, /* PID 1: no policy was loaded, and it goes on */
	DIAGNOSE_COMPLETED,   /* the kernel: a policy is in force */
	DIAGNOSE_KERNEL_WHY,  /* the kernel: why it refuses one */
};

struct diagnose {
	uint64_t refused, freezing, loaded, passed_over, completed; /* how often */
	unsigned line;	  /* of the policy, that PID 1 could not load; 0: none */
	char why[160];	  /* what PID 1 said of it; escaped */
	char kernel[160]; /* what the kernel said last before that; escaped */
};

/* Takes in one record as it was read, continuation lines included. What is none counts for
 * nothing. */
enum diagnose_said diagnose_add(struct diagnose *d, struct span record);

/* Does the log say that PID 1 stopped, because of the policy? (v219 stops without a word.) */
static inline bool diagnose_policy_stops(const struct diagnose *d)
{
	return d->refused > 0;
}

/* Or for any reason. */
static inline bool diagnose_stops(const struct diagnose *d)
{
	return d->refused > 0 || d->freezing > 0;
}

/* The text of a record and its sequence number; false: it is none. */
bool diagnose_text(struct span record, uint64_t *ret_seq, struct span *ret_text);
