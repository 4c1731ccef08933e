/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Are the signatures right that the entries of a list carry? An entry has the digest of the
 * file and the signature that was on it (field sig), so this needs neither the file nor the
 * machine: it says who had signed what was measured.
 *
 * Entries are given one by one, in order; the checks run in the pool. What was checked
 * before (digest, signature) is not checked again: memory for that is bounded.
 *
 * Bound to the thread that made it, as the pool is.
 */
#pragma once

#include <stdint.h>

#include "core/cert/keyset.h"
#include "core/list/mlog.h"
#include "core/host/pool.h"

enum {
	MSIGCHECK_WRONG_MAX = 16,
	MSIGCHECK_KEYS_MAX = 64,
	MSIGCHECK_PATH_MAX = 256, /* longer ones lose their end */
	MSIGCHECK_KEYID_MAX = 8,  /* 4, of version 1: 8 */
};

/* A key that signatures name. */
struct msigcheck_key {
	uint8_t id[MSIGCHECK_KEYID_MAX];
	size_t id_len;		      /* 0: the header with the id is damaged */
	const struct keyset_key *key; /* the last that was tried; NULL: not at hand */
	uint64_t total, n[_SIG_VERDICT_MAX]; /* entries */
};

/* The first of the entries with the same digest and signature. */
struct msigcheck_wrong {
	uint64_t entry; /* from 1 */
	enum sig_verdict verdict;
	size_t path_len;
	uint8_t path[MSIGCHECK_PATH_MAX];
};

struct msigcheck_result {
	uint64_t entries; /* all that were given */
	uint64_t carry;	  /* a signature of whatever kind */
	uint64_t n[_SIG_VERDICT_MAX];
	/* Carry one that the entry does not say enough about: a digest of another algorithm
	 * or kind, one behind the file's contents (modsig), one of metadata (evmsig). */
	uint64_t beyond;
	size_t n_keys; /* the most frequent first; when there are more, the others are only
			  in .n */
	struct msigcheck_key key[MSIGCHECK_KEYS_MAX];
	uint64_t n_wrong; /* BAD, DAMAGED or HASH: different ones; the first are kept */
	struct msigcheck_wrong wrong[MSIGCHECK_WRONG_MAX]; /* by entry */
};

struct msigcheck;

/* @pool and @keys must outlive it; @keys does not change meanwhile. */
int msigcheck_new(struct pool *pool, const struct keyset *keys, struct msigcheck **ret,
		  struct diag *reterr);
/* Waits for what runs in the pool. */
struct msigcheck *msigcheck_free(struct msigcheck *m);
DEFINE_CLEANUP(struct msigcheck *, msigcheck_free)

/* The next entry. May wait for the pool; nothing of it is borrowed. Memory that is lacking
 * shows in msigcheck_finish(). */
void msigcheck_add(struct msigcheck *m, const struct mlog_dialect *dialect,
		   const struct mlog_entry *entry);

/* Waits for the rest. -ENOMEM. */
int msigcheck_finish(struct msigcheck *m, struct diag *reterr);
const struct msigcheck_result *msigcheck_result(const struct msigcheck *m);

/* Of all that carry one: SIG_GOOD; SIG_BAD: one or more are wrong; SIG_IMPOSSIBLE: some
 * cannot be checked here. */
enum sig_verdict msigcheck_verdict(const struct msigcheck_result *r);
