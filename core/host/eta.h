/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long work will take, from how fast it went lately, and how sure that is. Work is
 * counted in units of the caller's; a spread is given as plus or minus, from how much the
 * last rates differed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ETA_SAMPLES = 16 };

struct eta {
	double rate[ETA_SAMPLES]; /* units per ms of the last spans, a ring */
	size_t n;		  /* spans seen */
	uint64_t last_ms, last_done;
	bool begun;
};

/* All zero before the first call, which sets the beginning. Spans of less than 100 ms are
 * put together. */
void eta_add(struct eta *e, uint64_t now_ms, uint64_t done);

/* False: nothing can be said yet. */
bool eta_left(const struct eta *e, uint64_t left, uint64_t *ret_ms,
	      uint64_t *ret_spread_ms);
