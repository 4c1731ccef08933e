/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live measurement list of this kernel, read as little as possible.
 *
 * Every read(2) of the list costs the kernel a walk from its first entry (linux 6.1
 * fs/seq_file.c seq_read_iter(), ima_fs.c ima_measurements_start()), 4 KiB at most come
 * back, and poll(2) tells nothing. So: runtime_measurements_count is the only poll; when
 * it grew, the list is read until as many entries have arrived, without a read at the end;
 * nothing is read twice. The first screen is one read; the last entries are fetched next,
 * out of order; the part between follows in the background. A checkpoint (state below
 * ROOT_RUN, bytes below ROOT_CACHE, both bound to the boot id) makes a restart one pread.
 *
 * Kernels that let the list be trimmed (linux 7.2, a list file with S_IWUSR): opened
 * read-only, never held between polls, EBUSY retried later; when the kernel's part shrank
 * it is found again by content, and what only we still have is kept and said.
 *
 * All reads block; one read is one step. With a pool they run there.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/cleanup.h"
#include "core/base/diag.h"
#include "core/base/root.h"
#include "core/list/mstore.h"
#include "core/host/pool.h"

enum live_flags {
	LIVE_NO_CHECKPOINT = 1 << 0, /* neither read nor write one */
	LIVE_NO_TAIL = 1 << 1,	/* strictly from the first entry on (verify, export) */
	LIVE_FROM_END = 1 << 2, /* only entries that come from now on; no checkpoint */
};

struct live_status {
	uint64_t count;	     /* the kernel's, at the last poll */
	uint64_t violations; /* the kernel's counter, UINT64_MAX when unreadable */
	uint64_t trimmed;    /* entries we hold that the kernel no longer has */
	bool lost;	     /* entries were trimmed before we saw them */
	bool busy;	/* the list is held by a trimming agent: EBUSY, trying again */
	bool trimmable; /* this kernel lets the list be trimmed */
	bool resumed;	/* started from a checkpoint */
	bool saving;	/* a checkpoint is written (we may write, nobody else does) */
	bool caught_up; /* everything the kernel counted has been read */
	uint64_t list_reads;  /* read and pread calls on the list so far */
	uint64_t count_reads; /* of the count file */
	uint64_t eta_ms;  /* for the part between head and tail, quadratic; 0 unknown */
	uint64_t seen_ms; /* loop_now_ms() of the last new entry */
};

struct live;

/* Opens the list and takes the first screen (one read; with a checkpoint one pread where it
 * ends). -ENOENT (IMA-H007) without IMA, -EACCES (IMA-H006), -EBUSY when a trimming agent
 * holds the list. @root must outlive it; the pool may be NULL. */
int live_open(const struct root *root, unsigned flags, struct pool *pool,
	      struct live **ret, struct diag *reterr);
/* Writes the checkpoint a last time. */
struct live *live_free(struct live *l);
DEFINE_CLEANUP(struct live *, live_free)

/* One step: at most one read of the list (or hands one to the pool).
 * 1: more to read, call again soon. 0: caught up, call again at the next poll.
 * -EAGAIN: a read is in the pool, pool_dispatch() brings it. Other -errno: failed. */
int live_step(struct live *l, struct diag *reterr);
/* Reads the count file; 1: it changed, call live_step(). Call it every live_poll_ms(). */
int live_poll(struct live *l, struct diag *reterr);
/* 250 ms; longer while nothing happens (up to 2 s), while the list is busy, or when one
 * read takes long. */
unsigned live_poll_ms(const struct live *l);
/* From now on only the end is of interest: what lies between head and tail is not read. */
void live_skip_middle(struct live *l);
/* Steps until caught up; for commands. -EAGAIN never; -EBUSY (IMA-L006) when another
 * program holds the list for more than 30 s. @cancel may be NULL. */
int live_catch_up(struct live *l, const volatile bool *cancel, struct diag *reterr);

struct mstore *live_store(struct live *l); /* owned by the live reader */
void live_status(const struct live *l, struct live_status *ret);
/* When the entry came (CLOCK_MONOTONIC ms); 0: it was there before us. @l is a const
 * struct live *: the signature is that of filter_context.seen_ms. */
uint64_t live_seen_ms(const void *l, mref ref);

/* Named blobs that ride along in the checkpoint (replay state). What was stored with this
 * boot's checkpoint, empty when there is none. Borrowed until live_set_blob(). */
struct span live_blob(const struct live *l, const char *name);
int live_set_blob(struct live *l, const char *name, struct span data);

/* The list as it was read earlier in this boot, when the kernel's turned out to be another
 * one: a new descriptor of a binary list, -ENOENT: there was no such thing. */
int live_earlier(const struct live *l);
