/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store, shared by mstore.c (it grows) and mstore-look.c (it is looked at) alone. */
#pragma once

#include "core/list/mstore.h"

/* Whole records in [0, len), the beginning of the next one in [len, fill). */
struct chunk {
	uint8_t *bytes; /* never moves once it holds a whole record */
	size_t len, fill, cap;
	uint32_t *offset; /* of each record */
	uint32_t n, n_cap;
	uint32_t first; /* index of the first record within the part */
	uint64_t at;	/* byte offset of bytes[0] in the list */
};

struct part {
	struct chunk *chunk;
	size_t n_chunks, cap;
	uint32_t entries;
	uint64_t end; /* offset in the list behind the last whole record */
};

enum tail { TAIL_NONE, TAIL_OPEN, TAIL_JOINED, TAIL_DROPPED };

struct mstore {
	struct mlog_dialect dialect;
	struct part head, tail_part;
	enum tail tail;
	uint64_t tail_start;  /* offset in the list */
	uint64_t tail_number; /* of its first entry, from 1; 0 not known */
	uint32_t joined_at;   /* head index of the tail's first entry */
	unsigned generation;

	int fd; /* of a saved list, -1 for live ones */
	bool seekable;
	uint64_t pos, size; /* next byte to read for the head; size when seekable */
	uint64_t count;	    /* as the kernel says; 0 not known */
	bool count_exact;
	enum mstore_state state;
	struct diag damage;
	struct strbuf scratch;
};
