/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The live reader and its checkpoint: what an earlier run of this boot has read. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/list/live-internal.h"
#include "core/host/loop.h"

enum { PIECE = 1 << 20, COMMIT_MS = 2000 };

/* Bytes, count and checksum must agree, or nothing of it is used. */
static bool load_bytes(struct live *l, const struct checkpoint_state *st)
{
	_cleanup_free_ uint8_t *buf = malloc(PIECE);
	uint64_t sum = CHECKPOINT_SUM;

	for (uint64_t at = 0; buf && at < st->bytes;) {
		size_t n = st->bytes - at < PIECE ? (size_t)(st->bytes - at) : PIECE;
		struct span piece = {buf, n};

		if (checkpoint_read(l->checkpoint, at, buf, n) < 0 ||
		    mstore_append(l->store, false, piece, NULL) < 0)
			return false;
		sum = checkpoint_sum(sum, piece);
		at += n;
	}
	return buf && sum == st->checksum && mstore_head(l->store) == st->count &&
	       mstore_partial(l->store, false) == 0;
}

/* One pread at the end of what is known: our last record must stand there. */
static bool seam_holds(struct live *l)
{
	struct span last = mstore_record(l->store, mstore_head(l->store) - 1);
	struct pool *pool = l->pool;
	const struct live_op *op = l->op;

	l->pool = NULL;
	(void)live_run_op(l, WANT_NOTHING, l->head_fd,
			  live_kernel_offset(l, false) - last.len, LIVE_BUFFER);
	l->pool = pool;
	return op->result >= (ssize_t)last.len &&
	       memcmp(op->buf, last.ptr, last.len) == 0 &&
	       mstore_append(l->store, false,
			     (struct span){op->buf + last.len,
					   (size_t)op->result - last.len},
			     NULL) >= 0;
}

static int start_afresh(struct live *l)
{
	l->store = mstore_free(l->store);
	l->trimmed = l->trimmed_bytes = 0;
	l->saved = l->committed = 0;
	cleanup_closep(&l->head_fd); /* the seq_file stands somewhere: begin afresh */
	l->head_fd = -1;
	return 0;
}

/* The cache cannot be used. */
static int give_up(struct live *l)
{
	checkpoint_reset(l->checkpoint);
	return start_afresh(l);
}

/* The kernel's list is not the one that was read before in this boot. Kernels only append:
 * whoever looks for the reason wants to compare the two. */
static int set_aside(struct live *l)
{
	checkpoint_set_aside(l->checkpoint);
	return start_afresh(l);
}

int live_earlier(const struct live *l)
{
	return l->checkpoint ? checkpoint_aside(l->checkpoint) : -ENOENT;
}

int live_restore(struct live *l, struct diag *reterr)
{
	const struct checkpoint_state *st = checkpoint_state(l->checkpoint);
	int r;

	if (!st)
		return 0;
	if (st->count == 0)
		return give_up(l);
	if (!l->trimmable && st->count > l->count)
		return set_aside(l);
	r = mstore_new(&st->dialect, &l->store, reterr);
	if (r < 0)
		return r;
	l->trimmed = st->trimmed;
	l->trimmed_bytes = st->trimmed_bytes;
	if (!load_bytes(l, st))
		return give_up(l);
	l->saved = l->committed = st->count;
	if (!l->trimmable) { /* those are checked whenever they are opened */
		r = live_ensure_open(l, &l->head_fd, reterr);
		if (r < 0)
			return r;
		if (!seam_holds(l))
			return set_aside(l);
	}
	l->resumed = true;
	return 0;
}

/* Hands whole records of the head to the cache file. */
static void save_bytes(struct live *l)
{
	while (l->saved < mstore_head(l->store)) {
		struct span run;
		uint32_t n = mstore_run(l->store, (mref)l->saved, &run);

		if (n == 0 || checkpoint_append(l->checkpoint, run) < 0)
			return;
		l->saved += n;
	}
}

void live_save(struct live *l, bool commit)
{
	struct checkpoint_state st = {
		.dialect = *mstore_dialect(l->store),
		.trimmed = l->trimmed,
		.trimmed_bytes = l->trimmed_bytes,
	};
	uint64_t now = loop_now_ms();

	if (!l->checkpoint || !checkpoint_writable(l->checkpoint))
		return;
	save_bytes(l);
	if ((l->saved == l->committed && !l->new_blob) || l->trimmed > l->saved ||
	    (!commit && now - l->committed_ms < COMMIT_MS))
		return;
	st.count = l->saved;
	memcpy(st.boot_id, l->boot_id, sizeof(st.boot_id));
	if (checkpoint_commit(l->checkpoint, &st, NULL) >= 0) {
		l->committed = l->saved;
		l->committed_ms = now;
		l->new_blob = false;
	}
}
