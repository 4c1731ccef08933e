/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by replay.c and replay-state.c, nobody else's business. */
#pragma once

#include "core/verify/replay.h"

enum { ALGS_MAX = PCRS_BANKS_MAX + 2 };

struct replay_chain {
	uint8_t value[HASH_MAX_SIZE];
	uint64_t match;	      /* list records at the match, REPLAY_NO_MATCH */
	uint64_t match_count; /* this PCR's records at the match */
};

struct replay_slot_bank {
	bool wanted;
	uint8_t target[HASH_MAX_SIZE];
	struct replay_chain chain[_REPLAY_MODE_MAX];
};

/* One PCR. */
struct replay_slot {
	uint64_t entries;
	struct replay_slot_bank bank[]; /* replay.n_banks of them */
};

struct replay_bank {
	enum hash_alg alg;
	size_t size;
	struct hash_ctx *hash; /* NULL: not computable */
	unsigned modes;
	size_t native; /* where its template digest lies in a record's digests */
};

struct replay_alg {
	enum hash_alg alg;
	size_t size;
	size_t offset;
};

struct replay {
	size_t n_banks;
	struct replay_bank bank[PCRS_BANKS_MAX];
	size_t n_algs; /* template digests to compute */
	struct replay_alg alg[ALGS_MAX];
	size_t stride;
	size_t sha1; /* offset of the SHA-1 digest, where any bank is padded */
	int column;  /* index into alg[] of the digest column, -1 unchecked */
	uint64_t entries;
	uint64_t violations;
	struct replay_slot *slot[MLOG_PCR_MAX];
	struct replay_hasher *hasher; /* of replay_add() */
	struct replay_batch one;
};

struct replay_hasher {
	struct hash_ctx *hash[ALGS_MAX];
};

/* The PCR's slot, made when it is new; NULL without memory. */
struct replay_slot *replay_slot_of(struct replay *r, unsigned pcr);
