/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reference values of files, made in the pool ahead of the moment at which they are needed:
 * files are announced in order, read, hashed and signed in the background, and taken in
 * the same order.
 *
 * A value is of contents that stood still: nothing about the file changed while it was
 * read, and it was read only after the clock by which the file system stamps changes had
 * gone on, so that a change since then shows.
 *
 * Bound to the thread that made it, as the pool is.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/cleanup.h"
#include "core/base/diag.h"
#include "core/base/hashalg.h"
#include "core/base/root.h"
#include "core/base/str.h"
#include "core/cert/keyset.h"
#include "core/host/pool.h"
#include "core/host/walk.h"

struct refmake;

enum refmake_what {
	REFMAKE_HASH,  /* a hash for security.ima */
	REFMAKE_SIGN,  /* a signature, version 2 */
	REFMAKE_CHECK, /* does a value fit the contents? */
	REFMAKE_OPEN,  /* opened and closed: the access that IMA appraises */
};

struct refmake_ask {
	const char *path; /* below the target root */
	enum refmake_what what;
	enum hash_alg alg; /* HASH, SIGN */
	struct span value; /* CHECK */
	uint64_t size;	   /* as far as it is known: for dividing the work */
};

enum refmake_fit { REFMAKE_UNKNOWN_KEY, REFMAKE_FITS, REFMAKE_DIFFERS };

struct refmake_answer {
	struct stamp stamp; /* of the contents that were read */
	uint64_t fsid;
	bool being_written;   /* somebody had it open for writing */
	enum refmake_fit fit; /* CHECK */
	struct digest digest;
	struct span value; /* HASH, SIGN; borrowed until the next refmake_take() */
};

/* @root and @key must outlive it; @key may be NULL where nothing is signed, and is the
 * only one that CHECK knows, beside those of refmake_check_with(). @throttle: bytes read per second, 0: no limit. */
int refmake_new(struct pool *pool, const struct root *root, const struct sig_key *key,
		uint64_t throttle, struct refmake **ret, struct diag *reterr);
/* Keys of others, which must outlive it; NULL: none. */
void refmake_check_with(struct refmake *r, const struct keyset *keys);
/* Ends what it does in the pool. */
struct refmake *refmake_free(struct refmake *r);
DEFINE_CLEANUP(struct refmake *, refmake_free)

/* Called twice a second while refmake_take() waits; true: it waits no longer, and gives
 * -ECANCELED. */
void refmake_on_wait(struct refmake *r, bool (*tick)(void *user), void *user);

/* -ENOMEM. All is copied. */
int refmake_ahead(struct refmake *r, const struct refmake_ask *ask);

/* Waits for the answer; what was announced before it and not taken is dropped. What was
 * not announced is made now. -ESTALE (IMA-A031): it changes while it is read; else -errno
 * with a diag. */
int refmake_take(struct refmake *r, const struct refmake_ask *ask,
		 struct refmake_answer *ret, struct diag *reterr);

/* Bytes read so far. */
uint64_t refmake_bytes(const struct refmake *r);
