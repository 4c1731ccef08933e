/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What verify-why.c, verify-copy.c and verify-say.c share: a mismatch being explained. */
#pragma once

#include "core/verify/verify-search.h"

enum { RESTARTS_MAX = 6, TEMPLATES_MAX = 8 };

enum chain_id {
	CHAIN_LUMPED,  /* all PCRs' records */
	CHAIN_COLUMN,  /* the digest column instead of the data's digest */
	CHAIN_SHORT,   /* violations as 20 bytes of 0xff */
	CHAIN_ZERO,    /* violations as zeros */
	CHAIN_RESTART, /* and the next RESTARTS_MAX - 1 */
	_CHAIN_MAX = CHAIN_RESTART + RESTARTS_MAX,
};

/* A way to compute the PCR, over the whole list. */
struct chain {
	bool on, hit;
	uint64_t first; /* number of the record it began with, from 0 */
	uint8_t value[HASH_MAX_SIZE];
};

struct why {
	size_t bank;
	enum hash_alg alg;
	size_t size;
	unsigned pcr;
	uint8_t expected[HASH_MAX_SIZE];
	uint64_t entries; /* that the value may stand for: all, live those before it */
	struct hash_ctx *hash;
	struct chain chain[_REPLAY_MODE_MAX][_CHAIN_MAX]; /* of the first look */
	size_t n_restarts;

	/* Of the look being taken, one for each way the bank may have been extended: */
	enum replay_mode mode;
	struct hash_ctx *digest; /* template digests: the bank's, or SHA-1 */
	struct verify_seq seq;
	uint8_t (*base)[HASH_MAX_SIZE];
	size_t n_base, cap_base;
	bool no_memory; /* for all of it: no search */

	/* Checkpoints: */
	struct bytes marks;    /* those not yet passed */
	uint64_t mark_entries; /* of the next; UINT64_MAX: none is left */
	struct span mark;
	uint64_t agree;	 /* the list says the same up to here */
	uint64_t differ; /* and not here; UINT64_MAX: there is no such place */
	struct span differ_mark;

	/* For boot_aggregate records that the list does not have: */
	size_t n_templates;
	struct {
		uint8_t len;
		uint8_t name[MLOG_NAME_MAX];
	} template[TEMPLATES_MAX];

	struct verify_copies *copies;
	struct verify_search_run *search;
	struct verify_problem *problem;
	uint8_t midway[HASH_MAX_SIZE]; /* of the problem */
	uint64_t search_began_us, search_until_us;
	uint64_t search_us; /* of the rounds before */
	bool search_stopped;
	bool has_found;
	struct verify_found found;
	bool wants_name;
	uint64_t name_of; /* record, from 0 */
	char name[PATH_TEXT];
};

/* The digest extended for a record that is not a violation, in this look's way. */
void verify_why_digest(const struct verify *v, const struct mlog_dialect *d,
		       const struct mlog_entry *e, uint8_t *out);
void verify_why_extend(struct why *w, uint8_t *value, const uint8_t *digest);
/* And for one that is. */
const uint8_t *verify_why_violation(enum replay_mode mode);

/* verify-problem.c: NULL without memory; it borrows from @v. */
struct verify_problem *verify_problem_new(const struct verify *v);

/* verify-copy.c. 1: more to do, 0: all have been compared (or one is proven: the found). */
int verify_copy_step(struct verify *v, uint64_t until_us);
void verify_copy_free(struct why *w);
/* The difference to the proven copy, or to the first that differs. */
void verify_copy_say(struct verify *v);

/* verify-say.c */
void verify_say(struct verify *v, enum verify_why why, enum verify_kind kind,
		uint64_t first, uint64_t last, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
void verify_say_found(struct verify *v);
