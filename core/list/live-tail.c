/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding the end of the list without reading it. The kernel says how many entries there
 * are but not how many bytes, SEEK_END is refused, and a pread anywhere costs it one walk
 * that prints every record up to there (0.5 us each; linux 6.1 fs/seq_file.c traverse()).
 *
 * One look in the middle tells the mean size of a record; count times that, less most
 * of a page, is looked at next. In lists of even records the end is within the two reads that
 * follow. When not, there is nothing better than to gallop until the end is enclosed and then
 * to halve: five reads when they are nearly even, fifteen when not, never all of them.
 */
#include <errno.h>
#include <string.h>

#include "core/list/live-internal.h"

enum {
	NEAR = 24 << 10, /* so close to the end it is quicker to read on */
	MARGIN = 3600,	 /* less than a page, so that one read brings all of it */
	READS_MAX = 3,	 /* one look and two reads behind it */
	STEP = 16 << 10, /* of the gallop, at first: mostly the guess is off by little */
	STEP_GROWS = 8,
};

/* Bytes per entry of what is known so far. */
static double mean_known(const struct live *l)
{
	uint32_t n = mstore_head(l->store);

	return n ? (double)mstore_end(l->store, false) / n : 150;
}

/* An earlier run of this boot knew where the end was, though it did not read what lies
 * between. */
static bool remembered_end(const struct live *l, uint64_t *ret)
{
	struct span blob = live_blob(l, "end");
	uint64_t known[2];

	if (blob.len != sizeof(known))
		return false;
	memcpy(known, blob.ptr, sizeof(known));
	if (known[1] > l->count || known[0] < mstore_end(l->store, false))
		return false;
	*ret = known[0] + (uint64_t)((double)(l->count - known[1]) * mean_known(l));
	return true;
}

static void remember_end(struct live *l)
{
	uint64_t known[2] = {mstore_end(l->store, true), l->count};

	(void)live_set_blob(l, "end",
			    (struct span){(const uint8_t *)known, sizeof(known)});
}

void live_search_begin(struct live *l)
{
	struct live_search *s = &l->search;
	uint64_t end = mstore_end(l->store, false), guess;
	double missing = (double)(l->count - live_have(l));

	s->active = true;
	s->low = end;
	s->high = UINT64_MAX;
	s->step = STEP;
	s->probe = end + (uint64_t)(missing * mean_known(l) / 2);
	if (remembered_end(l, &guess) && guess > end + MARGIN) {
		s->calibrated = true;
		s->probe = guess - MARGIN;
	}
}

static uint64_t window_end(const struct live_search *s)
{
	return s->window_at + s->window.len;
}

bool live_search_next(struct live *l, uint64_t *ret_offset)
{
	struct live_search *s = &l->search;

	if (!s->active)
		return false;
	*ret_offset = s->read_on ? window_end(s) : s->probe;
	return true;
}

/* Mean size of the records in a piece cut out of the list; 0 when there is none whole. */
static double mean_of(const struct live *l, struct span piece)
{
	struct bytes b = bytes_of(piece.ptr, piece.len);
	struct mlog_entry e;
	size_t start, n = 0;

	if (mlog_resync(mstore_dialect(l->store), &b) < 0)
		return 0;
	start = b.pos;
	while (mlog_next(mstore_dialect(l->store), &b, NULL, &e, NULL) > 0)
		n++;
	return n ? (double)(b.pos - start) / (double)n : 0;
}

static void calibrate(struct live *l, const struct live_op *op)
{
	struct live_search *s = &l->search;
	uint64_t end = mstore_end(l->store, false), guess;
	double mean = 0;

	s->calibrated = true;
	if (op->result > 0) {
		mean = mean_of(l, (struct span){op->buf, (size_t)op->result});
		s->low = op->offset;
	} else {
		s->high = op->offset;
	}
	if (mean <= 0)
		mean = mean_known(l);
	guess = end + (uint64_t)((double)(l->count - live_have(l)) * mean);
	guess = guess > end + MARGIN ? guess - MARGIN : end;
	s->probe = guess > s->low && guess < s->high ? guess
		   : s->high != UINT64_MAX	     ? s->low + (s->high - s->low) / 2
						     : s->low;
}

/* The end is in the window, or right behind it. */
static int settle(struct live *l, struct diag *reterr)
{
	struct live_search *s = &l->search;
	struct bytes b = bytes_of(s->window.ptr, s->window.len);
	int r;

	s->active = false;
	if (mlog_resync(mstore_dialect(l->store), &b) < 0)
		return 0; /* then the list is read from its start */
	mstore_start_tail(l->store, s->window_at + b.pos);
	r = mstore_append(l->store, true, (struct span){b.ptr + b.pos, bytes_left(&b)},
			  reterr);
	strbuf_done(&s->window);
	r = r < 0 ? r : live_number_tail(l);
	if (r >= 0 && l->numbered)
		remember_end(l);
	return r;
}

/* The next look, after one that was too far or too early. */
static void look_elsewhere(struct live_search *s, bool too_far)
{
	s->missed = true;
	if (s->high != UINT64_MAX && s->high - s->low <= NEAR)
		s->probe = s->low;
	else if (s->high != UINT64_MAX && (s->near_low || s->high - s->low <= s->step))
		s->probe = s->low + (s->high - s->low) / 2;
	else
		s->probe = too_far ? s->high - s->step : s->low + s->step;
	s->step *= STEP_GROWS;
}

/* Nothing there: the end lies before. */
static void too_far(struct live_search *s, uint64_t offset)
{
	s->high = offset;
	look_elsewhere(s, true);
}

/* Still far from the end, it seems. The window is kept: it may be the end after all. */
static void too_early(struct live_search *s)
{
	s->low = window_end(s);
	s->near_low = true;
	s->read_on = false;
	look_elsewhere(s, false);
}

static bool worth_reading_on(const struct live_search *s)
{
	if (s->high != UINT64_MAX)
		return s->high - s->window_at <= NEAR;
	return !s->missed && s->reads < READS_MAX;
}

/* More bytes, behind the window or somewhere else. */
static int found(struct live_search *s, const struct live_op *op, struct diag *reterr)
{
	if (op->offset != window_end(s)) {
		strbuf_clear(&s->window);
		s->reads = 0;
		s->window_at = op->offset;
	}
	strbuf_add(&s->window, op->buf, (size_t)op->result);
	s->reads++;
	if (s->window.failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Not enough memory.");
	s->read_on = worth_reading_on(s);
	if (!s->read_on)
		too_early(s);
	return 0;
}

int live_search_result(struct live *l, const struct live_op *op, struct diag *reterr)
{
	struct live_search *s = &l->search;

	if (!s->calibrated) {
		calibrate(l, op);
		return 0;
	}
	if (op->result > 0)
		return found(s, op, reterr);
	if (s->window.len && op->offset == window_end(s))
		return settle(l, reterr);
	if (op->offset <= s->low) /* fewer than the kernel counted */
		s->active = false;
	else
		too_far(s, op->offset);
	return 0;
}
