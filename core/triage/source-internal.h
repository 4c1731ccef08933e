/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the sources share, nobody else's business. */
#pragma once

#include "core/host/loop.h"
#include "core/triage/source.h"

struct source_ops {
	enum denial_source kind;
	int (*read)(struct source *s, source_fn fn, void *user, struct diag *reterr);
	void (*done)(struct source *s);
};

/* The beginning of each kind's own struct. */
struct source {
	const struct source_ops *ops;
	int fd; /* to be polled, owned; -1 */
	uint64_t lost;
	bool alone;
};

/* A zeroed one of @size bytes. NULL: IMA-G001. */
struct source *source_new(const struct source_ops *ops, size_t size, struct diag *reterr);

/* Counts what a line of the kernel log says was held back. False: it says no such thing. */
bool source_suppressed(struct source *s, struct span line);

/* For loops of a slice's length. */
struct source_slice {
	uint64_t until_us;
	unsigned n;
};
static inline struct source_slice source_slice(void)
{
	return (struct source_slice){.until_us = loop_now_us() + 1000u * LOOP_SLICE_MS};
}
/* False: the slice is used up. */
static inline bool source_goes_on(struct source_slice *s)
{
	return ++s->n % 64 || loop_now_us() < s->until_us;
}
