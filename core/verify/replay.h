/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the PCRs must hold when a list is true: every template digest computed anew from
 * the record's data and extended, in order, into the PCR the record names.
 *
 * linux 6.1 and 6.12 security/integrity/ima/ima_crypto.c ima_calc_field_array_hash_tfm(),
 * ima_queue.c ima_add_template_entry(), ima_init_digests(), ima_pcr_extend(). A bank was
 * extended in one of three ways, all computed side by side when asked for:
 * - native: the bank's own digest of the template data; violations as 0xff all over.
 * - padded: the SHA-1 digest with zeros behind it; violations as 0xff all over. A kernel
 *   that knows the bank's algorithm but has no implementation of it.
 * - padded-short: the same, violations as 20 x 0xff with zeros behind. Kernels
 * before 5.8, and banks whose algorithm the kernel does not know.
 *
 * Work comes in two parts, so that two threads can share it: replay_digest() is a pure
 * function over a batch of records (any thread, with its own hasher), replay_extend() is
 * the serial chain (one thread, batches in list order). replay_add() does both for one.
 *
 * Streaming: a fixed few KiB per PCR that occurs, whatever the length of the list.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cleanup.h"
#include "core/base/diag.h"
#include "core/base/str.h"
#include "core/host/hashalg.h"
#include "core/list/mlog.h"
#include "core/verify/pcrs.h"

enum replay_mode {
	REPLAY_NATIVE,
	REPLAY_PADDED,
	REPLAY_PADDED_SHORT,
	_REPLAY_MODE_MAX,
};

enum {
	REPLAY_MODES_NATIVE = 1 << REPLAY_NATIVE,
	REPLAY_MODES_ALL = (1 << _REPLAY_MODE_MAX) - 1,
};

#define REPLAY_NO_MATCH UINT64_MAX

/* What the digest column of a record is worth. */
enum replay_check {
	REPLAY_UNCHECKED, /* the column's algorithm is not known or not computable */
	REPLAY_GOOD,
	REPLAY_BAD,	  /* the column is not the digest of the record's data */
	REPLAY_VIOLATION, /* zeros: nothing protects the record's data */
};

struct replay_config {
	size_t n_banks;
	enum hash_alg bank[PCRS_BANKS_MAX];
	unsigned modes;	      /* bits of enum replay_mode; for sha1 all are the same */
	enum hash_alg column; /* of the digest column, _HASH_ALG_INVALID: unchecked */
};

struct replay;
struct replay_hasher;

/* A bank this OpenSSL cannot compute is kept without values: replay_computable(). */
int replay_new(const struct replay_config *config, struct replay **ret,
	       struct diag *reterr);
struct replay *replay_free(struct replay *r);
DEFINE_CLEANUP(struct replay *, replay_free)

bool replay_computable(const struct replay *r, size_t bank);

/* The algorithm of a digest column of @size bytes: that of the TPM bank of that size
 * (sha256 for 32), _HASH_ALG_INVALID. */
enum hash_alg replay_column(size_t size);

/* Contexts of one thread. */
int replay_hasher_new(const struct replay *r, struct replay_hasher **ret,
		      struct diag *reterr);
struct replay_hasher *replay_hasher_free(struct replay_hasher *h);
DEFINE_CLEANUP(struct replay_hasher *, replay_hasher_free)

/* Records decoded by the caller, who keeps their bytes until replay_extend(). */
struct replay_batch {
	size_t n, max;
	struct mlog_entry *entry; /* max of them, filled by the caller */
	uint8_t *check;		  /* enum replay_check of each, by replay_digest() */
	uint8_t *digest;	  /* private: the template digests */
};

int replay_batch_init(const struct replay *r, size_t max, struct replay_batch *ret);
void replay_batch_done(struct replay_batch *b);

void replay_digest(const struct replay *r, struct replay_hasher *h,
		   const struct mlog_dialect *dialect, struct replay_batch *b);
/* Records [from, to) of the batch. -ENOMEM: a PCR occurred for the first time and there
 * is no memory for it; nothing was extended. */
int replay_extend(struct replay *r, const struct replay_batch *b, size_t from, size_t to);

/* Both for one record; enum replay_check, or -ENOMEM. */
int replay_add(struct replay *r, const struct mlog_dialect *dialect,
	       const struct mlog_entry *entry);

/* The template digest of one record, violation or not, into @out (as wide as @h's). */
void replay_template_digest(struct hash_ctx *h, const struct mlog_dialect *dialect,
			    const struct mlog_entry *entry, uint8_t *out);

/* The template digest of the record computed for @alg (a bank, or sha1 where padded modes
 * are on) in the batch; false: not computed (a violation, or another algorithm). */
bool replay_batch_digest(const struct replay *r, const struct replay_batch *b, size_t i,
			 enum hash_alg alg, struct span *ret);

uint64_t replay_entries(const struct replay *r); /* replayed so far, all PCRs */
uint64_t replay_violations(const struct replay *r);

/* The PCRs that occurred (bit i: PCR i), and how many records each had. */
uint64_t replay_pcrs(const struct replay *r);
uint64_t replay_pcr_entries(const struct replay *r, unsigned pcr);

/* The PCR's value now; zeros for one that has not occurred. False: not computed. */
bool replay_value(const struct replay *r, size_t bank, unsigned pcr,
		  enum replay_mode mode, struct span *ret);

/*
 * The value the PCR is known to have. It is compared at once and after each further
 * extend; a target set again (the PCR was read once more) starts anew. -EINVAL: wrong
 * size or PCR, -ENOMEM.
 */
int replay_target(struct replay *r, size_t bank, unsigned pcr, struct span value);

/* After how many records of the list (all PCRs counted) the PCR had its target's value,
 * REPLAY_NO_MATCH if never. *ret_pending (may be NULL): the PCR's records after that. */
uint64_t replay_match(const struct replay *r, size_t bank, unsigned pcr,
		      enum replay_mode mode, uint64_t *ret_pending);

/*
 * The state as bytes (with a version; the same on every machine), to go on later or to
 * compare with. It belongs to one boot: the caller binds it to the boot id.
 */
void replay_export(const struct replay *r, struct strbuf *out);
/* Into a replay that has no records yet and whose banks and modes the state has.
 * -EBADMSG: no state; -ENODATA: made for other banks. Targets are not part of it. */
int replay_import(struct replay *r, struct span state);
/* How many records a state stands for; -EBADMSG. */
int replay_state_entries(struct span state, uint64_t *ret);
/* The value of one PCR in a state, as wide as the bank. -EBADMSG; -ENODATA: not in it. */
int replay_state_value(struct span state, enum hash_alg alg, unsigned pcr,
		       enum replay_mode mode, uint8_t *ret);
/* Do both stand at the same place with the same values (of the banks both have)?
 * 1, 0, -EBADMSG, -ENODATA: not the same number of records, or no bank in common. */
int replay_same(const struct replay *r, struct span state);
