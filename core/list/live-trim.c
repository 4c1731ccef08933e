/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels that let the list be trimmed (linux 7.2 ima_fs.c, IMA-export-delete.rst): between
 * two opens the first entries may be gone, so the byte offsets of what is left have moved.
 * Where we are is found again by content: our last record must stand where we stopped; if
 * it does not, the kernel's first record is looked for among ours.
 */
#include <errno.h>
#include <string.h>

#include "core/list/live-internal.h"

static struct span last_record(const struct live *l)
{
	return mstore_record(l->store, mstore_head(l->store) - 1);
}

static int look_for_first(struct live *l)
{
	return live_run_op(l, WANT_FIRST, l->head_fd, 0, LIVE_PAGE);
}

int live_trim_seam(struct live *l, const struct live_op *op, struct diag *reterr)
{
	struct span last = last_record(l);
	uint32_t before = mstore_head(l->store);
	size_t n = op->result > 0 ? (size_t)op->result : 0;
	int r;

	if (n < last.len || memcmp(op->buf, last.ptr, last.len) != 0)
		return look_for_first(l);
	if (n == last.len) {
		l->stuck = l->count;
		return 0;
	}
	r = mstore_append(l->store, false,
			  (struct span){op->buf + last.len, n - last.len}, reterr);
	if (r >= 0 && mstore_head(l->store) > before)
		live_arrived(l, before);
	return r;
}

/* The first of our entries from @from on that has exactly these bytes. */
static mref find_record(const struct mstore *s, mref from, struct span record)
{
	struct span run;
	uint32_t n;

	for (mref ref = from; (n = mstore_run(s, ref, &run)) > 0; ref += n) {
		const uint8_t *at = run.ptr, *end = run.ptr + run.len, *hit;

		while ((hit = memmem(at, (size_t)(end - at), record.ptr, record.len))) {
			mref r = mstore_at(s, ref, hit);

			if (span_equal(mstore_record(s, r), record))
				return r;
			at = hit + 1;
		}
	}
	return MSTORE_NONE;
}

/* None of ours is left in the kernel; whether others came and went nobody can tell. */
static void all_gone(struct live *l, bool lost)
{
	l->trimmed = mstore_head(l->store);
	l->trimmed_bytes = mstore_end(l->store, false);
	l->lost |= lost;
	l->stuck = UINT64_MAX;
}

int live_trim_first(struct live *l, const struct live_op *op, struct diag *reterr)
{
	struct bytes b = bytes_of(op->buf, (size_t)op->result);
	struct mlog_entry e;
	mref found;
	int r;

	r = live_read_count(l);
	if (r < 0)
		return diag_set(reterr, DIAG_READ, -r, "The count of measurements: %s.",
				diag_errno(-r));
	if (op->result == 0) {
		all_gone(l, false);
		return 0;
	}
	r = mlog_next(mstore_dialect(l->store), &b, NULL, &e, reterr);
	if (r <= 0)
		return r < 0 ? r : 0;
	found = find_record(l->store, (mref)l->trimmed, (struct span){op->buf, e.size});
	if (found == MSTORE_NONE) {
		all_gone(l, true);
		return 0;
	}
	l->stuck = found == l->trimmed ? l->count : UINT64_MAX; /* nothing had moved */
	l->trimmed = found;
	l->trimmed_bytes = mstore_offset(l->store, found);
	return 0;
}
