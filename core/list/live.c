/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/list/live.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/list/live-internal.h"
#include "core/host/loop.h"

enum {
	HOLD_MS = 500,	   /* how long a trimmable list is kept open while loading */
	TAIL_WORTH = 8000, /* shorter lists are read through in 10 ms */
};

/* Far behind any end. pread(2) there renders the list once, finds nothing, and leaves the
 * seq_file standing behind the last record (linux 6.1 fs/seq_file.c traverse()): the next
 * pread at this same offset brings what was appended since. */
#define BEYOND ((uint64_t)1 << 50)

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Not enough memory.");
}

static int list_error(int err, struct diag *reterr)
{
	if (err == EBUSY)
		return diag_set(reterr, DIAG_LIST_BUSY, err,
				"Another program holds the measurement list to trim it.");
	return diag_set(reterr,
			err == EACCES || err == EPERM ? DIAG_PERMISSION : DIAG_READ, err,
			"The measurement list cannot be read: %s.", diag_errno(err));
}

static bool apart(const struct live *l)
{
	return mstore_tail(l->store) > 0 || l->from_end;
}

uint64_t live_have(const struct live *l)
{
	if (apart(l))
		return l->numbered ? l->tail_first - 1 + mstore_tail(l->store) : 0;
	return mstore_head(l->store) - l->trimmed;
}

bool live_needs_more(const struct live *l)
{
	return live_have(l) < l->count && l->stuck != l->count;
}

/* The entries from @first on are new since we look. */
void live_arrived(struct live *l, mref first)
{
	uint64_t now = loop_now_ms();

	if (!l->settled || first == MSTORE_NONE)
		return;
	l->seen_ms = now;
	if (l->n_batches && now - l->batch[l->n_batches - 1].ms < 1000)
		return; /* to the second is exact enough */
	if (l->n_batches == l->cap_batches) {
		size_t cap = l->cap_batches ? l->cap_batches * 2 : 64;
		struct live_batch *b = reallocarray(l->batch, cap, sizeof(*b));

		if (!b)
			return; /* only the age is not known then */
		l->batch = b;
		l->cap_batches = cap;
	}
	l->batch[l->n_batches++] = (struct live_batch){first, now};
}

uint64_t live_seen_ms(const void *live, mref ref)
{
	const struct live *l = live;
	size_t low = 0, high = l->n_batches;

	ref = mstore_resolve(l->store, ref);
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (mstore_resolve(l->store, l->batch[mid].ref) <= ref)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? l->batch[low - 1].ms : 0;
}

static int open_list(struct live *l)
{
	return root_open(l->root, ROOT_LIST_BINARY, NULL);
}

static void op_run(struct pool_job *job)
{
	struct live_op *op = (struct live_op *)job;
	uint64_t start = loop_now_us();
	ssize_t n;

	do
		n = pread(op->fd, op->buf, op->len, (off_t)op->offset);
	while (n < 0 && errno == EINTR);
	op->result = n < 0 ? -errno : n;
	op->took_us = loop_now_us() - start;
}

static void op_done(struct pool_job *job)
{
	((struct live_op *)job)->running = false;
}

int live_run_op(struct live *l, enum live_want want, int fd, uint64_t offset, size_t len)
{
	struct live_op *op = l->op;

	op->want = want;
	op->fd = fd;
	op->offset = offset;
	op->len = len < l->read_max ? len : l->read_max;
	l->list_reads++;
	if (!l->pool) {
		op_run(&op->job);
		return 0;
	}
	op->running = true;
	pool_submit(l->pool, &op->job);
	return -EAGAIN;
}

static void close_lists(struct live *l)
{
	cleanup_closep(&l->head_fd);
	cleanup_closep(&l->tail_fd);
	l->head_fd = l->tail_fd = -1;
}

/* A list that can be trimmed must not be held: our open file makes the trimmer's open fail
 * (linux 7.2 ima_fs.c, list files are many readers or one writer). */
static void let_go(struct live *l)
{
	if (l->trimmable && l->head_fd >= 0 &&
	    (l->caught_up || loop_now_ms() - l->held_since_ms > HOLD_MS))
		close_lists(l);
}

static void start_waiting(struct live *l)
{
	l->busy = true;
	l->retry_step = l->retry_step ? l->retry_step * 2 : 100;
	if (l->retry_step > LIVE_POLL_MAX_MS)
		l->retry_step = LIVE_POLL_MAX_MS;
	l->retry_ms = loop_now_ms() + l->retry_step;
}

int live_ensure_open(struct live *l, int *fd, struct diag *reterr)
{
	if (*fd >= 0)
		return 0;
	*fd = open_list(l);
	if (*fd == -EBUSY) {
		start_waiting(l);
		return -EBUSY;
	}
	if (*fd < 0) {
		int err = -*fd;

		*fd = -1;
		return list_error(err, reterr);
	}
	l->busy = false;
	l->retry_step = 0;
	l->held_since_ms = loop_now_ms();
	return 1;
}

/* How far the kernel's own list goes for us. */
uint64_t live_kernel_offset(const struct live *l, bool tail)
{
	return mstore_end(l->store, tail) + mstore_partial(l->store, tail) -
	       l->trimmed_bytes;
}

/* Not a byte of the tail, which is known already. */
static size_t head_room(const struct live *l)
{
	uint64_t room = LIVE_BUFFER;

	if (mstore_tail(l->store))
		room = mstore_offset(l->store, MSTORE_TAIL) -
		       live_kernel_offset(l, false);
	return room < LIVE_BUFFER ? (size_t)room : LIVE_BUFFER;
}

static int start_head(struct live *l, struct diag *reterr)
{
	int r = live_ensure_open(l, &l->head_fd, reterr);
	struct span last = {0};

	if (r < 0)
		return r;
	if (r > 0 && l->trimmable && mstore_head(l->store) > l->trimmed) {
		last = mstore_record(l->store, mstore_head(l->store) - 1);
		return live_run_op(l, WANT_SEAM, l->head_fd,
				   live_kernel_offset(l, false) - last.len, LIVE_BUFFER);
	}
	return live_run_op(l, WANT_HEAD, l->head_fd, live_kernel_offset(l, false),
			   head_room(l));
}

static int start_tail(struct live *l, struct diag *reterr)
{
	int r = live_ensure_open(l, &l->tail_fd, reterr);

	if (r < 0)
		return r;
	l->count_before = l->count;
	return live_run_op(l, WANT_TAIL, l->tail_fd, live_kernel_offset(l, true),
			   LIVE_BUFFER);
}

static int start_probe(struct live *l, uint64_t offset, struct diag *reterr)
{
	int r = live_ensure_open(l, &l->tail_fd, reterr);

	l->count_before = l->count;
	return r < 0 ? r : live_run_op(l, WANT_PROBE, l->tail_fd, offset, LIVE_BUFFER);
}

static int start_end(struct live *l, struct diag *reterr)
{
	int r = live_ensure_open(l, &l->tail_fd, reterr);

	l->count_before = l->count;
	return r < 0 ? r : live_run_op(l, WANT_END, l->tail_fd, BEYOND, LIVE_BUFFER);
}

/* The tail's numbers are certain when the count did not change around a read that found
 * the end. */
int live_number_tail(struct live *l)
{
	int r = live_read_count(l);

	if (r < 0 || l->count != l->count_before)
		return r < 0 ? r : 0;
	l->numbered = true;
	l->tail_first = l->count - mstore_tail(l->store) + 1;
	mstore_number_tail(l->store, l->tail_first);
	return 0;
}

static int tail_result(struct live *l, const struct live_op *op, struct diag *reterr)
{
	mref before = mstore_last(l->store);
	int r;

	if (op->result == 0) {
		l->stuck = l->count;
		return live_number_tail(l);
	}
	r = mstore_append(l->store, true, (struct span){op->buf, (size_t)op->result},
			  reterr);
	if (r >= 0)
		live_arrived(l, before == MSTORE_NONE ? mstore_first(l->store)
						      : mstore_next(l->store, before));
	return r;
}

/* The head has met the tail: from here on there is one list and one descriptor. */
static void joined(struct live *l)
{
	if (l->tail_fd < 0 || l->search.active || mstore_tail(l->store))
		return;
	cleanup_closep(&l->head_fd);
	l->head_fd = l->tail_fd;
	l->tail_fd = -1;
	l->numbered = true;
}

static int head_result(struct live *l, const struct live_op *op, struct diag *reterr)
{
	uint32_t before = mstore_head(l->store);
	bool tail = mstore_tail(l->store) > 0;
	int r;

	l->head_us += op->took_us;
	if (op->result == 0) { /* fewer than the kernel counted: trimmed meanwhile */
		l->stuck = l->count;
		return l->trimmable ? live_run_op(l, WANT_FIRST, l->head_fd, 0, LIVE_PAGE)
				    : 0;
	}
	r = mstore_append(l->store, false, (struct span){op->buf, (size_t)op->result},
			  reterr);
	if (r >= 0 && !tail)
		live_arrived(l, mstore_head(l->store) > before ? before : MSTORE_NONE);
	joined(l);
	return r;
}

static int handle(struct live *l, struct diag *reterr)
{
	struct live_op *op = l->op;
	enum live_want want = op->want;

	op->want = WANT_NOTHING;
	l->slowest_us = op->took_us > l->slowest_us / 2 ? op->took_us : l->slowest_us / 2;
	if (op->result < 0) {
		close_lists(l);
		return list_error((int)-op->result, reterr);
	}
	switch (want) {
	case WANT_HEAD:
		return head_result(l, op, reterr);
	case WANT_TAIL:
		return tail_result(l, op, reterr);
	case WANT_PROBE:
		return live_search_result(l, op, reterr);
	case WANT_END:
		mstore_start_tail(l->store, BEYOND);
		l->settled = true;
		return live_number_tail(l);
	case WANT_SEAM:
		return live_trim_seam(l, op, reterr);
	case WANT_FIRST:
		return live_trim_first(l, op, reterr);
	case WANT_NOTHING:
		break;
	}
	return 0;
}

/* The kernel counts fewer than we have: it trimmed. (An entry is in the list a moment
 * before it is counted, so the count is read again.) */
static bool shrank(struct live *l)
{
	if (!l->trimmable || live_have(l) <= l->count || l->stuck == l->count)
		return false;
	return live_read_count(l) >= 0 && live_have(l) > l->count;
}

static int start_first(struct live *l, struct diag *reterr)
{
	int r = live_ensure_open(l, &l->head_fd, reterr);

	return r < 0 ? r : live_run_op(l, WANT_FIRST, l->head_fd, 0, LIVE_PAGE);
}

/* Starts the next read. 0: there is nothing to read. 1: done at once. -EAGAIN: in the
 * pool. */
static int start_next(struct live *l, struct diag *reterr)
{
	uint64_t offset;
	int r;

	if (l->from_end && !l->settled)
		r = start_end(l, reterr);
	else if (live_search_next(l, &offset))
		r = start_probe(l, offset, reterr);
	else if (apart(l) && (!l->numbered || live_needs_more(l)))
		r = start_tail(l, reterr);
	else if (live_needs_more(l) || (mstore_tail(l->store) && !l->skip_middle))
		r = start_head(l, reterr);
	else if (shrank(l))
		r = start_first(l, reterr);
	else
		return 0;
	return r < 0 ? r : 1;
}

static void update_state(struct live *l)
{
	struct mstore_progress p;

	mstore_progress(l->store, &p);
	mstore_set_count(l->store, l->count + l->trimmed, true);
	l->caught_up =
		!l->search.active && !live_needs_more(l) &&
		((l->skip_middle && apart(l)) ? l->numbered : !mstore_tail(l->store));
	if (l->caught_up && !l->settled)
		l->settled = true;
	if (l->caught_up && p.state == MSTORE_LOADING && !apart(l))
		mstore_set_complete(l->store);
	let_go(l);
}

int live_step(struct live *l, struct diag *reterr)
{
	struct mstore_progress p;
	int r;

	mstore_progress(l->store, &p);
	if (p.state == MSTORE_DAMAGED)
		return 0;
	if (l->busy && loop_now_ms() < l->retry_ms)
		return 0;
	if (l->op->running)
		return -EAGAIN;
	r = 1;
	if (l->op->want == WANT_NOTHING)
		r = start_next(l, reterr);
	if (r == 1 && l->op->want != WANT_NOTHING) {
		r = handle(l, reterr);
		if (r == 0)
			r = 1;
	}
	if (r == -EBUSY)
		return 0;
	update_state(l);
	live_save(l, l->caught_up);
	return l->caught_up && r == 1 && l->op->want == WANT_NOTHING ? 0 : r;
}

int live_poll(struct live *l, struct diag *reterr)
{
	int r = live_read_count(l);

	if (r < 0)
		return list_error(-r, reterr);
	if (r > 0 || (l->busy && loop_now_ms() >= l->retry_ms)) {
		l->quiet_polls = 0;
		return 1;
	}
	l->quiet_polls++;
	return 0;
}

static bool can_be_trimmed(const struct root *root)
{
	struct stat st;

	return root_stat(root, ROOT_LIST_BINARY, &st) == 0 && (st.st_mode & S_IWUSR);
}

static int open_counters(struct live *l, struct diag *reterr)
{
	l->count_fd = root_open(l->root, ROOT_LIST_COUNT, reterr);
	if (l->count_fd == -ENOENT)
		return diag_set(reterr, DIAG_NO_IMA, ENOENT,
				"This kernel has no measurement list.");
	if (l->count_fd < 0)
		return l->count_fd;
	l->violations_fd = root_open(l->root, ROOT_VIOLATIONS, NULL);
	l->violations = UINT64_MAX;
	l->count = UINT64_MAX; /* so that the violations are read too */
	return live_read_count(l);
}

static void read_boot_id(struct live *l)
{
	_cleanup_strbuf_ struct strbuf text = {0};

	if (root_read(l->root, ROOT_BOOT_ID, &text, NULL) >= 0 &&
	    text.len < sizeof(l->boot_id))
		(void)snprintf(l->boot_id, sizeof(l->boot_id), "%.*s",
			       (int)strcspn(strbuf_str(&text), "\n"), strbuf_str(&text));
}

/* No checkpoint fits: the first page says how to read the list, and is the first screen. */
static int start_cold(struct live *l, struct diag *reterr)
{
	struct mlog_dialect d;
	struct pool *pool = l->pool;
	int r = live_ensure_open(l, &l->head_fd, reterr);

	if (r == -EBUSY)
		return list_error(EBUSY, reterr);
	if (r < 0)
		return r;
	l->pool = NULL; /* at once: there is nothing to show before it */
	(void)live_run_op(l, WANT_HEAD, l->head_fd, 0, LIVE_BUFFER);
	l->pool = pool;
	l->op->want = WANT_NOTHING;
	if (l->op->result < 0)
		return list_error((int)-l->op->result, reterr);
	r = mlog_sniff((struct span){l->op->buf, (size_t)l->op->result}, 20, &d, reterr);
	if (r >= 0)
		r = mstore_new(&d, &l->store, reterr);
	if (r >= 0)
		r = head_result(l, l->op, reterr);
	return r < 0 && r != -EBADMSG ? r : 0;
}

/* Nothing of what is there, only what comes. */
static int start_from_end(struct live *l, struct diag *reterr)
{
	struct mlog_dialect d = {.big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__,
				 .digest_size = 20};
	int r = mstore_new(&d, &l->store, reterr);

	l->from_end = l->skip_middle = true;
	return r;
}

static int start(struct live *l, struct diag *reterr)
{
	int r = open_counters(l, reterr);

	if (r < 0)
		return r;
	read_boot_id(l);
	l->trimmable = can_be_trimmed(l->root);
	if (l->flags & LIVE_FROM_END)
		return start_from_end(l, reterr);
	if (!(l->flags & LIVE_NO_CHECKPOINT) && l->boot_id[0]) {
		r = checkpoint_open(l->root, l->boot_id, &l->checkpoint, reterr);
		if (r >= 0)
			r = live_restore(l, reterr);
		if (r < 0)
			return r;
	}
	if (!l->resumed)
		r = start_cold(l, reterr);
	if (r >= 0 && !l->trimmable && !(l->flags & LIVE_NO_TAIL) &&
	    l->count > mstore_head(l->store) + TAIL_WORTH)
		live_search_begin(l);
	return r;
}

int live_open(const struct root *root, unsigned flags, struct pool *pool,
	      struct live **ret, struct diag *reterr)
{
	_cleanup_(live_freep) struct live *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return no_memory(reterr);
	l->count_fd = l->violations_fd = l->head_fd = l->tail_fd = -1;
	l->root = root;
	l->flags = flags;
	l->read_max = LIVE_BUFFER;
	l->stuck = UINT64_MAX;
	l->pool = pool;
	l->op = calloc(1, sizeof(*l->op));
	if (!l->op)
		return no_memory(reterr);
	l->op->job.run = op_run;
	l->op->job.done = op_done;
	r = start(l, reterr);
	if (r < 0)
		return r;
	update_state(l);
	*ret = take_ptr(l);
	return 0;
}

struct live *live_free(struct live *l)
{
	if (!l)
		return NULL;
	while (l->op && l->op->running) { /* one read: it cannot be called back */
		struct pollfd p = {.fd = pool_fd(l->pool), .events = POLLIN};

		(void)poll(&p, 1, -1);
		(void)pool_dispatch(l->pool);
	}
	if (l->store && l->checkpoint)
		live_save(l, true);
	checkpoint_free(l->checkpoint);
	free(l->op);
	close_lists(l);
	cleanup_closep(&l->count_fd);
	cleanup_closep(&l->violations_fd);
	strbuf_done(&l->search.window);
	mstore_free(l->store);
	free(l->batch);
	free(l);
	return NULL;
}
