/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store of a measurement list behind console, log, filter and verify: append-only
 * bytes in chunks that never move, and an index of 4 bytes per entry.
 *
 * A list is known from both ends: the head (from the first entry on, growing) and, while
 * the middle has not been read, the tail (growing at the end). When the head reaches the
 * first byte of the tail both are joined. An entry is named by a ref, which stays valid
 * for the life of the store: refs below MSTORE_TAIL count from the first entry, others
 * from the first entry of the tail.
 *
 * A saved list is read with pread into our own memory, never mapped: a file that shrinks
 * while it is looked at must not end in SIGBUS. A live list is fed by core/list/live.
 *
 * Views (spans of entries) are borrowed and live as long as the store; with an ASCII list
 * as long as the scratch they were decoded into. One thread changes the store; whole
 * records that mstore_run() handed out may be read by pool jobs meanwhile.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cleanup.h"
#include "core/base/diag.h"
#include "core/base/str.h"
#include "core/list/mlog.h"

enum {
	MSTORE_CHUNK = 1 << 20, /* bytes; a larger record gets a chunk of its own */
	MSTORE_TAIL_WINDOW = 64 << 10,
};

#define MSTORE_TAIL 0x80000000u /* refs of the tail have this bit */
#define MSTORE_NONE 0xffffffffu

typedef uint32_t mref;

enum mstore_state {
	MSTORE_LOADING, /* more is to come: call mstore_step(), or the live reader feeds it */
	MSTORE_COMPLETE, /* everything there is has been indexed (a live list: so far) */
	MSTORE_DAMAGED, /* indexing stopped at a record; what is before it stays usable */
	MSTORE_TRUNCATED, /* the list ends within a record */
};

struct mstore_progress {
	enum mstore_state state;
	uint32_t head;	/* entries known from the start */
	uint32_t tail;	/* entries known at the end, 0 once joined */
	uint64_t count; /* entries in all; an estimate unless @exact */
	bool exact;
	uint64_t bytes;	      /* read so far */
	uint64_t bytes_total; /* of a saved list; a live one's estimate; 0: not known */
	size_t index_bytes;   /* memory used over the list's bytes (T7) */
	unsigned generation;  /* changes when refs of the tail are joined or dropped */
};

struct mstore;

/* A saved list. Takes no ownership of @fd, which must stay open until the state is no
 * longer LOADING. @digest_size as for mlog_sniff(). Reads the first 64 KiB at once, so
 * the first screen is there when this returns. An empty file is a list without entries. */
int mstore_open(int fd, uint8_t digest_size, struct mstore **ret, struct diag *reterr);

/* An empty store that a live reader feeds. */
int mstore_new(const struct mlog_dialect *dialect, struct mstore **ret,
	       struct diag *reterr);
struct mstore *mstore_free(struct mstore *s);
DEFINE_CLEANUP(struct mstore *, mstore_free)

/* Saved lists: reads and indexes the next slice (at most @budget_us, one chunk at least).
 * 1: more to do. 0: nothing left (complete, damaged, truncated). -errno: reading failed;
 * what is known stays usable. */
int mstore_step(struct mstore *s, unsigned budget_us, struct diag *reterr);
/* All of it. */
int mstore_load(struct mstore *s, struct diag *reterr);
/* Saved lists that somebody appends to: 1 when the file grew, so that mstore_step() has
 * something to do again. */
int mstore_resume(struct mstore *s);
/* Saved lists: makes the last entries known now (one pread and a resync). Fine to call
 * when they are known already. */
int mstore_jump_tail(struct mstore *s, struct diag *reterr);

const struct mlog_dialect *mstore_dialect(const struct mstore *s);
void mstore_progress(const struct mstore *s, struct mstore_progress *ret);
/* Why the state is DAMAGED or TRUNCATED, with the byte offset; id DIAG_NONE otherwise. */
const struct diag *mstore_damage(const struct mstore *s);

/* Entries known from the start; those at the end; both are valid counts for loops:
 * refs 0..head-1 and MSTORE_TAIL..MSTORE_TAIL+tail-1. */
uint32_t mstore_head(const struct mstore *s);
uint32_t mstore_tail(const struct mstore *s);

/* Neighbours in list order over what is known (the gap is stepped over); MSTORE_NONE. */
mref mstore_first(const struct mstore *s);
mref mstore_last(const struct mstore *s);
mref mstore_next(const struct mstore *s, mref ref);
mref mstore_prev(const struct mstore *s, mref ref);

/* A tail ref becomes its head ref once joined; any other stays. MSTORE_NONE: the tail it
 * belonged to was dropped (its resync turned out wrong). */
mref mstore_resolve(const struct mstore *s, mref ref);

/* The entry's number from 1, as shown. False while it is an estimate. */
bool mstore_number(const struct mstore *s, mref ref, uint64_t *ret);
/* The ref of an entry by its number from 1; MSTORE_NONE while it is not known. */
mref mstore_find(const struct mstore *s, uint64_t number);

/* Decodes the entry. False: no such ref. @scratch is used for ASCII lists only. */
bool mstore_entry(const struct mstore *s, mref ref, struct strbuf *scratch,
		  struct mlog_entry *ret);
/* The record's bytes as they stand in the list; empty when there is no such ref. */
struct span mstore_record(const struct mstore *s, mref ref);
/* Byte offset of the record in the list; of a tail too. */
uint64_t mstore_offset(const struct mstore *s, mref ref);

/* The longest run of whole records in one piece of memory that starts at @ref (and the
 * number of entries in it, 0 at the end): streams the list without decoding twice. */
uint32_t mstore_run(const struct mstore *s, mref ref, struct span *ret);
/* The ref whose record contains byte @at of a run that starts at @ref. */
mref mstore_at(const struct mstore *s, mref ref, const uint8_t *at);

/* For the live reader. Appends bytes to the head or the tail; a record cut short waits
 * for the rest. -EBADMSG: the list is damaged there (state, mstore_damage()). */
int mstore_append(struct mstore *s, bool tail, struct span bytes, struct diag *reterr);
/* Bytes given to mstore_append() that belong to a record not yet whole. */
size_t mstore_partial(const struct mstore *s, bool tail);
/* Byte offset behind the last whole record of the head or the tail. */
uint64_t mstore_end(const struct mstore *s, bool tail);
/* Starts the tail at byte @offset of the list, which ought to be a record boundary. Once
 * in the life of a store; does nothing after that. */
void mstore_start_tail(struct mstore *s, uint64_t offset);
/* The number (from 1) of the tail's first entry, once it is certain. */
void mstore_number_tail(struct mstore *s, uint64_t number);
/* How many entries there are in all, as the kernel says. */
void mstore_set_count(struct mstore *s, uint64_t count, bool exact);
void mstore_set_complete(struct mstore *s);
