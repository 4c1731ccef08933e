/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/eta.h"

enum { SPAN_MS = 100, SURE = 3 };

void eta_add(struct eta *e, uint64_t now_ms, uint64_t done)
{
	uint64_t span = now_ms - e->last_ms;

	if (e->begun && (now_ms < e->last_ms || done < e->last_done || span < SPAN_MS))
		return;
	if (e->begun)
		e->rate[e->n++ % ETA_SAMPLES] =
			(double)(done - e->last_done) / (double)span;
	e->begun = true;
	e->last_ms = now_ms;
	e->last_done = done;
}

/* The root by Newton's method: one function less to link libm for. */
static double root_of(double x)
{
	double r = x > 1 ? x : 1;

	if (x <= 0)
		return 0;
	for (int i = 0; i < 60; i++)
		r = (r + x / r) / 2;
	return r;
}

/* The mean of the last rates, and the standard error of that mean. */
bool eta_left(const struct eta *e, uint64_t left, uint64_t *ret_ms,
	      uint64_t *ret_spread_ms)
{
	size_t n = e->n < ETA_SAMPLES ? e->n : ETA_SAMPLES;
	double sum = 0, squares = 0, mean, ms;

	if (n < SURE)
		return false;
	for (size_t i = 0; i < n; i++)
		sum += e->rate[i];
	mean = sum / (double)n;
	if (mean <= 0)
		return false;
	for (size_t i = 0; i < n; i++)
		squares += (e->rate[i] - mean) * (e->rate[i] - mean);
	ms = (double)left / mean;
	if (ms > 1e15)
		return false;
	*ret_ms = (uint64_t)ms;
	*ret_spread_ms = (uint64_t)(ms * root_of(squares / (double)(n * (n - 1))) / mean);
	return true;
}
