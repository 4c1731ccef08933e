/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the live reader, shared by live.c, live-save.c, live-status.c, live-tail.c and
 * live-trim.c. */
#pragma once

#include "core/list/checkpoint.h"
#include "core/list/live.h"

enum {
	LIVE_BUFFER =
		256 << 10, /* larger than any seq_file buffer but that of a huge record */
	LIVE_PAGE = 4096,  /* what one read of the list brings at most (PAGE_SIZE) */
	LIVE_POLL_MAX_MS = 2000,
};

enum live_want {
	WANT_NOTHING,
	WANT_HEAD,  /* the next bytes behind the head */
	WANT_TAIL,  /* the next bytes behind the tail */
	WANT_PROBE, /* bytes somewhere, in search of the end */
	WANT_END,   /* nothing: only puts the descriptor behind the last record */
	WANT_SEAM,  /* our last record, and what follows it (trimmable lists) */
	WANT_FIRST, /* the kernel's first record, to find it among ours */
};

/* One read of the list, in the pool or at once. */
struct live_op {
	struct pool_job job;
	enum live_want want;
	int fd;
	uint64_t offset;
	size_t len;
	ssize_t result; /* bytes or -errno */
	uint64_t took_us;
	bool running;
	uint8_t buf[LIVE_BUFFER];
};

/* The search for the end of the list, see live-tail.c. */
struct live_search {
	bool active;
	bool calibrated;
	uint64_t probe; /* where the next look goes */
	uint64_t low;	/* there is something at or behind it */
	uint64_t high;	/* there is nothing at it; UINT64_MAX not known */
	uint64_t step;	/* of the gallop */
	bool missed;	/* the first guess was wrong */
	bool near_low;	/* @low comes from a look for the end, not from the first one */
	struct strbuf window; /* the bytes found last, from @window_at on */
	uint64_t window_at;
	unsigned reads; /* that went into the window */
	bool read_on;	/* the next read goes behind the window, not to @probe */
};

/* When entries came: those from @ref on at @ms. */
struct live_batch {
	mref ref;
	uint64_t ms;
};

struct live {
	const struct root *root;
	unsigned flags;
	struct pool *pool;
	struct mstore *store;
	struct checkpoint *checkpoint;
	char boot_id[40];
	struct live_op *op;
	struct live_search search;

	int count_fd, violations_fd;
	int head_fd; /* reads on from the start, until it meets the tail */
	int tail_fd; /* follows the end */
	bool trimmable;
	uint64_t held_since_ms; /* trimmable: when head_fd was opened */

	uint64_t count; /* the kernel's, as of the last poll */
	uint64_t violations;
	uint64_t trimmed, trimmed_bytes; /* of our store, no longer in the kernel */
	bool lost, busy, resumed, caught_up;
	bool from_end;	       /* the head was never read */
	bool skip_middle;      /* and what is between is not wanted */
	size_t read_max;       /* per read; the kernel gives a page anyway */
	bool numbered;	       /* the tail's numbers are certain */
	uint64_t tail_first;   /* number of its first entry, then */
	uint64_t stuck;	       /* a count up to which there was nothing to read */
	uint64_t count_before; /* of the read that tries to make them so */
	bool settled;	       /* the first catching up is over: what comes now is new */
	uint64_t retry_ms, retry_step;
	uint64_t list_reads, count_reads;
	uint64_t slowest_us; /* of the reads lately */
	uint64_t head_us;    /* spent reading the head, for the ETA */
	uint64_t quiet_polls;
	uint64_t seen_ms;

	struct live_batch *batch;
	size_t n_batches, cap_batches;

	uint64_t saved;	    /* entries handed to the checkpoint */
	uint64_t committed; /* of those, made valid */
	uint64_t committed_ms;
	bool new_blob; /* not in the committed state yet */
};

/* live-tail.c. Begin: the head's first page has been read. */
void live_search_begin(struct live *l);
/* The next look; false when the search is over. */
bool live_search_next(struct live *l, uint64_t *ret_offset);
int live_search_result(struct live *l, const struct live_op *op, struct diag *reterr);

/* live-trim.c */
int live_trim_seam(struct live *l, const struct live_op *op, struct diag *reterr);
int live_trim_first(struct live *l, const struct live_op *op, struct diag *reterr);

/* live-save.c */
int live_restore(struct live *l, struct diag *reterr);
void live_save(struct live *l, bool commit);

/* live-status.c */
int live_read_count(struct live *l);

/* live.c: entries we hold that the kernel counts now. */
uint64_t live_have(const struct live *l);
void live_arrived(struct live *l, mref first);
int live_number_tail(struct live *l);
bool live_needs_more(const struct live *l);
uint64_t live_kernel_offset(const struct live *l, bool tail);
/* Opens the list; 1: it was opened now. */
int live_ensure_open(struct live *l, int *fd, struct diag *reterr);
/* 0: done, the result waits. -EAGAIN: it is in the pool. */
int live_run_op(struct live *l, enum live_want want, int fd, uint64_t offset, size_t len);
