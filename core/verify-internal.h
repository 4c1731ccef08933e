/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by verify.c and its neighbours, nobody else's business. */
#pragma once

#include "core/verify.h"

enum {
	RING = 4,	    /* batches: two in work, one being filled, one extended */
	WINDOW = 128 << 10, /* bytes of a batch; grows for a record that is larger */
	BATCH_ENTRIES = 1024,
	BOOTAGG_SIZE_MAX = 256, /* template data of a boot_aggregate record */
};

struct why;

enum look {
	LOOK_BOOTAGG = 1 << 0,
	LOOK_BAD_FORMAT = 1 << 1, /* no such template, or its fields do not fit */
};

struct verify_batch {
	struct pool_job job;
	struct verify *v;
	enum { BATCH_FREE, BATCH_WORK, BATCH_READY } state;
	struct replay_batch rb;
	struct replay_hasher *hasher;
	uint8_t *look; /* enum look of each record */
	uint8_t *buf;
	size_t cap;
	struct strbuf arena; /* ASCII: digests and data of the records */
	uint64_t offset;     /* of buf[0] in the list */
	uint64_t first;	     /* number of the first record, from 0 */
};

enum phase {
	PHASE_START,
	PHASE_READ,
	PHASE_PCRS, /* live */
	PHASE_TAIL, /* live: what was added meanwhile */
	PHASE_JUDGE,
	PHASE_AGAIN, /* the second look, with every way of extending and the hypotheses */
	PHASE_SEARCH,
	PHASE_DONE,
};

struct verify {
	struct verify_options o;
	struct pcrs pcrs, fresh; /* fresh: as just read */
	struct pcrs firmware;
	struct verify_result res;
	enum phase phase;
	struct mlog_dialect dialect;
	struct replay *replay;
	struct verify_batch ring[RING];
	unsigned oldest, used;
	struct strbuf carry, scratch;
	uint64_t next_offset, next_entry;
	bool eof;     /* the source has nothing (for now) */
	bool drained; /* and everything it gave has been decoded */
	bool stopped; /* at damage */
	unsigned tries, wait_ms;
	bool first_is_bootagg;
	uint64_t pcrs_at; /* live: entries replayed when the PCRs were read */
	struct why *why;
};

/* verify-read.c. From the first byte: sniffs, makes the replay. */
int verify_read_start(struct verify *v, unsigned modes, struct diag *reterr);
/* The same once more; -ESPIPE: the source cannot go back. */
int verify_read_again(struct verify *v, unsigned modes, struct diag *reterr);
/* One piece of work: 1 there may be more, 0 the list has been replayed (so far). */
int verify_read_step(struct verify *v, struct diag *reterr);
void verify_read_more(struct verify *v); /* the source may have grown */
void verify_read_cut(struct verify *v);	 /* the end: says when it cuts a record in two */
void verify_read_done(struct verify *v);

/* verify.c: a batch, in list order. -ENOMEM. */
int verify_take(struct verify *v, struct verify_batch *b);

/* verify-judge.c: fills the result from the replay. */
int verify_judge_new_targets(struct verify *v);
bool verify_judge_all_matched(const struct verify *v);
int verify_judge_banks(struct verify *v, struct diag *reterr);
void verify_judge_boot_aggregate(struct verify *v, const struct mlog_entry *e);
void verify_judge_finish(struct verify *v);
void verify_judge_done(struct verify *v);

/* verify-why.c: the hypotheses. */
void verify_why_add(struct verify *v, enum verify_why why, enum verify_kind kind,
		    uint64_t first, uint64_t last, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
void verify_why_notes(struct verify *v);
bool verify_why_wanted(const struct verify *v);
int verify_why_new(struct verify *v);
void verify_why_batch(struct verify *v, const struct verify_batch *b, size_t i);
/* After the second look: 1 when a search over single entries is worth it. */
int verify_why_conclude(struct verify *v);
/* A slice of the search: 1 more, 0 done. */
int verify_why_search(struct verify *v, uint64_t until_us);
void verify_why_last(struct verify *v);
void verify_why_free(struct verify *v);
uint64_t verify_now_us(void);
