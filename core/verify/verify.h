/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is the list true? It is replayed and held against the PCRs, and where they disagree the
 * ways in which that can happen are tried in order until one explains it.
 *
 * The engine takes bytes and PCR values from its caller and works in steps, so the same
 * code serves a saved file (PCR values given), a live machine (PCRs read while the list
 * grows) and the console (a slice of time per turn of its loop). With a pool the digests
 * are computed by one of its workers beside the caller's thread.
 *
 * Live: linux ima_queue.c ima_add_template_entry() appends to the list, then extends,
 * both under one lock. So n entries are read, then the PCRs, then the entries added
 * meanwhile: the list is true when each PCR equals the replay after some k >= n entries.
 * A PCR that lags behind n is read again, a bounded number of times.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/cleanup.h"
#include "core/base/diag.h"
#include "core/base/str.h"
#include "core/host/hashalg.h"
#include "core/verify/pcrs.h"
#include "core/host/pool.h"
#include "core/verify/replay.h"

enum verify_verdict {
	VERIFY_UNKNOWN, /* nothing to compare with */
	VERIFY_MATCH,	/* the whole list */
	VERIFY_PENDING, /* the PCR equals a prefix of the list */
	VERIFY_MISMATCH,
};

enum verify_why {
#define VERIFY_WHY(id, json, hint) WHY_##id,
#include "core/verify/verify-why.inc"
#undef VERIFY_WHY
	_WHY_MAX,
};

enum verify_kind {
	VERIFY_CAUSE,	 /* proven: the PCR's value was computed under it */
	VERIFY_POSSIBLE, /* would look like this */
	VERIFY_NOTE,	 /* nothing wrong with it */
};

enum {
	VERIFY_ERRORS_MAX = 16, /* template errors kept with path and offset */
	VERIFY_REASONS_MAX = 16,
	VERIFY_COPIES_MAX = 8,
	VERIFY_SEARCH_MS = 10000, /* the usual search_ms */
	VERIFY_PATH_MAX = 256, /* of paths kept in a result; longer ones lose their end */
};

/* Where the list comes from. One thread; calls may block shortly. */
struct verify_source {
	/* The next bytes: their number, 0 when there are none (for now), -errno. */
	ssize_t (*read)(void *arg, void *buf, size_t len, struct diag *reterr);
	/* Back to the first byte, for the second look a mismatch needs; NULL: cannot. */
	int (*rewind)(void *arg, struct diag *reterr);
	/* Live only: the PCRs of bits @mask now, replacing *ret. NULL:
	 * verify_options.pcrs holds them. Asked for PCR 0-10 at first, later for those
	 * that occur. */
	int (*pcrs)(void *arg, uint32_t mask, struct pcrs *ret, struct diag *reterr);
	void *arg;
};

/* Another copy of the list: where it differs is looked up on a mismatch. */
struct verify_copy {
	const char *name;    /* for sentences: "the ascii list"; borrowed */
	int fd;		     /* a file; borrowed */
	uint8_t digest_size; /* as for mlog_sniff() */
};

struct verify_options {
	struct verify_source source;
	const struct pcrs *pcrs; /* copied; may be NULL */
	const struct pcrs
		*firmware;    /* PCR 0-9 after the event log; copied; may be NULL */
	uint8_t digest_size;  /* as for mlog_sniff() */
	enum hash_alg column; /* of the digest column; _HASH_ALG_INVALID: by its size */
	size_t n_banks;	      /* asked for; 0: every bank that has values */
	enum hash_alg bank[PCRS_BANKS_MAX];
	struct pool *pool; /* may be NULL; must outlive the verify */
	/* verify_save() of an earlier check of this boot; copied. */
	struct span checkpoints;
	size_t n_copies;
	struct verify_copy copy[VERIFY_COPIES_MAX];
	/* On a mismatch: how long the change of single entries is tried; 0: not at all. */
	unsigned search_ms;
	/* Told of every entry as it is first read, in order; may be NULL. */
	void (*entry)(void *user, const struct mlog_dialect *dialect,
		      const struct mlog_entry *entry);
	void *user;
	bool beside; /* a person works meanwhile: the search leaves a processor free */
};

struct verify_pcr {
	unsigned pcr;
	enum verify_verdict verdict;
	enum replay_mode mode; /* how the bank was extended, where it matches */
	uint64_t entries;      /* of this PCR */
	uint64_t matched;      /* list entries (all PCRs) proven; 0 if none */
	uint64_t pending;      /* entries of this PCR behind the match */
	bool has_expected, has_computed;
	struct digest computed; /* after the whole list */
	struct digest expected;
};

struct verify_bank {
	enum hash_alg alg;
	enum verify_verdict verdict;
	enum replay_mode mode;
	uint64_t matched; /* the lowest of its PCRs */
	uint64_t pending;
	size_t n_pcrs;
	const struct verify_pcr *pcr; /* the PCR of boot_aggregate first */
};

struct verify_error {
	uint64_t entry;	 /* from 1 */
	uint64_t offset; /* of the record in the list, bytes */
	bool format; /* the template is unknown or its fields do not fit; else the digest
		      */
	size_t path_len;
	uint8_t path[VERIFY_PATH_MAX];
};

struct verify_bootagg {
	enum verify_verdict verdict; /* MATCH, MISMATCH or UNKNOWN */
	unsigned count;		     /* boot_aggregate entries in the list */
	bool zero;		     /* no TPM, or no bank IMA could use */
	unsigned last;		     /* computed over PCR 0 .. this one */
	struct digest logged;	     /* of the last boot_aggregate entry; size 0: none */
	struct digest computed;	     /* from the PCR values; size 0: they are missing */
	struct digest firmware; /* from the firmware event log; size 0: none was given */
};

/* Entries whose template could as well be another one: no digest covers its name. */
struct verify_ambiguous {
	uint64_t n, first; /* the first of them, from 1 */
	char name[32];	   /* its template, escaped */
	const char *other; /* what that could be */
};

struct verify_reason {
	enum verify_why why;
	enum verify_kind kind;
	uint64_t first, last; /* the entries it is about, from 1; 0: none */
	char text[360];	      /* one sentence, foreign bytes escaped */
};

/* The search for a single change that leads to the PCR's value, from the end of the list to
 * its start. How far it gets in what time: core/verify/verify-search.h. */
struct verify_search {
	bool running;
	bool complete;	  /* nothing was left to try, or it was found */
	uint64_t entries; /* that may hold the change: those behind what is proven */
	uint64_t tried;	  /* of those, counted from the end */
	unsigned ms;
};

struct verify_result {
	enum verify_verdict verdict; /* MATCH only when everything asked for does */
	uint64_t entries;
	uint64_t violations;
	uint64_t bytes; /* decoded */
	uint64_t later; /* live: entries that came after the PCRs were read */
	unsigned pcr;	/* IMA's: that of boot_aggregate */
	size_t n_banks;
	struct verify_bank bank[PCRS_BANKS_MAX];
	uint64_t n_errors; /* in all; the first VERIFY_ERRORS_MAX are kept */
	struct verify_error error[VERIFY_ERRORS_MAX];
	struct verify_bootagg bootagg;
	struct verify_ambiguous ambiguous;
	struct diag damage; /* id DIAG_NONE: the list was read to its end */
	uint64_t damage_offset;
	uint64_t damage_entry;
	size_t n_reasons;
	struct verify_reason reason[VERIFY_REASONS_MAX];
	struct verify_search search;
	bool live;
};

struct verify;

int verify_new(const struct verify_options *options, struct verify **ret,
	       struct diag *reterr);
struct verify *verify_free(struct verify *v);
DEFINE_CLEANUP(struct verify *, verify_free)

enum verify_step {
	VERIFY_DONE = 0, /* verify_result() */
	VERIFY_MORE = 1, /* call again */
	VERIFY_WAIT = 2, /* call again in verify_wait_ms(): the TPM lags behind */
};

/* Works for about @budget_us (at least one batch), and says how to go on; -errno when the
 * source failed or it gives no list (the verdict stays unknown). */
int verify_step(struct verify *v, unsigned budget_us, struct diag *reterr);
unsigned verify_wait_ms(const struct verify *v);
/* Steps and waits until done; for commands. */
int verify_run(struct verify *v, struct diag *reterr);

/* Live, after VERIFY_DONE: goes on with what came since, from where it is. False: a list
 * that does not match stays so, however much comes; a new check begins at its start. */
bool verify_continue(struct verify *v);

/* Borrowed until verify_free(); the verdict is final after VERIFY_DONE, entries and bytes
 * count up before it. */
const struct verify_result *verify_result(const struct verify *v);

/* After a match: what was proven, for verify_options.checkpoints of later checks of the
 * same boot: the PCRs' values at up to 256 places of the list, so that a later mismatch
 * lies between two of them. Nothing is added without a match. */
void verify_save(const struct verify *v, struct strbuf *out);

const char *verify_verdict_name(enum verify_verdict verdict); /* "match" */
const char *verify_digests_name(enum replay_mode mode); /* "native", "sha1-padded" */
const char *verify_why_name(enum verify_why why);	/* "tail" */
const char *verify_why_hint(enum verify_why why);
const char *verify_kind_name(enum verify_kind kind); /* "cause" */
