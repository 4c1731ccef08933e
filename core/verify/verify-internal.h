/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by verify.c and its neighbours, nobody else's business. */
#pragma once

#include "core/verify/verify.h"

enum {
	RING = 4,	    /* batches: two in work, one being filled, one extended */
	WINDOW = 128 << 10, /* bytes of a batch; grows for a record that is larger */
	BATCH_ENTRIES = 1024,
	BOOTAGG_SIZE_MAX = 256, /* template data of a boot_aggregate record */
	SHA1_SIZE = 20,
	PATH_TEXT = 72, /* of a name in a sentence */
};

enum look {
	LOOK_BOOTAGG = 1 << 0,
	LOOK_BAD_FORMAT = 1 << 1, /* no such template, or its fields do not fit */
	LOOK_AMBIGUOUS = 1 << 2,  /* another template could have these */
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

/* Places of the list with the PCRs' values there, taken on the way. When there are too
 * many every second one is dropped. */
struct verify_marks {
	uint64_t every;
	size_t n;
	struct {
		uint64_t entries;
		struct strbuf state;
	} at[256];
};

/* A list as the hypotheses need it: of each record the digest of its data, its PCR and
 * whether it is a violation. */
struct verify_seq {
	size_t n, cap;
	size_t size;	/* of a digest */
	uint8_t *value; /* n * size */
	uint8_t *mark;	/* the PCR and the bits below */
	uint32_t *slot; /* records by digest, 0: none, else the record + 1; may be NULL */
	size_t n_slots; /* a power of two */
};

enum {
	SEQ_PCR = 0x3f, /* MLOG_PCR_MAX - 1 */
	SEQ_TWIN =
		0x40, /* another record has the same digest: the kernel lets none through */
	SEQ_VIOLATION = 0x80,
};

enum phase {
	PHASE_START,
	PHASE_READ,
	PHASE_PCRS, /* live */
	PHASE_TAIL, /* live: what was added meanwhile */
	PHASE_JUDGE,
	PHASE_AGAIN, /* the second look, with every way of extending and the hypotheses */
	PHASE_COPIES,
	PHASE_SEARCH,
	PHASE_NAMES, /* what the records found are about */
	PHASE_DONE,
};

struct why;
struct verify_copies;

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
	struct verify_marks marks;
	struct strbuf proven; /* marks of the last match, of this check or an earlier */
	struct why *why;
	bool named; /* all that was wanted */
};

/* verify-read.c. From the first byte: sniffs, makes the replay. */
int verify_read_start(struct verify *v, unsigned modes, struct diag *reterr);
/* The same once more; -ESPIPE: the source cannot go back. */
int verify_read_again(struct verify *v, unsigned modes, struct diag *reterr);
/* One piece of work: 1 there may be more, 0 the list has been replayed (so far). Waits for
 * the pool until @until_us at most. */
int verify_read_step(struct verify *v, uint64_t until_us, struct diag *reterr);
void verify_read_more(struct verify *v); /* the source may have grown */
void verify_read_cut(struct verify *v);	 /* the end: says when it cuts a record in two */
void verify_read_done(struct verify *v);

/* verify.c: a batch, in list order. -ENOMEM. */
int verify_take(struct verify *v, struct verify_batch *b);
uint64_t verify_now_us(void);
/* Sleeps until a job of the pool is done, or @until_us. */
void verify_wait_pool(const struct verify *v, uint64_t until_us);

/* verify-judge.c: fills the result from the replay. */
int verify_judge_new_targets(struct verify *v);
bool verify_judge_all_matched(const struct verify *v);
int verify_judge_banks(struct verify *v, struct diag *reterr);
void verify_judge_boot_aggregate(struct verify *v, const struct mlog_entry *e);
void verify_judge_finish(struct verify *v);
void verify_judge_done(struct verify *v);

/* verify-marks.c */
uint64_t verify_marks_room(const struct verify *v); /* records until the next is due */
void verify_marks_take(struct verify *v);	    /* here, if it is due */
void verify_marks_prove(struct verify *v);	    /* the list matches */
void verify_marks_done(struct verify_marks *m);
/* The next one of @saved; false: none is left. */
bool verify_marks_next(struct bytes *saved, uint64_t *ret_entries, struct span *ret);

/* verify-seq.c */
int verify_seq_add(struct verify_seq *s, unsigned pcr, bool violation,
		   const uint8_t *value);
/* From now on records with the same digest are marked. @n: how many there will be. */
int verify_seq_index(struct verify_seq *s, uint64_t n);
void verify_seq_done(struct verify_seq *s);

static inline const uint8_t *verify_seq_value(const struct verify_seq *s, size_t i)
{
	return s->value + i * s->size;
}

/* verify-why.c: the hypotheses. */
bool verify_why_wanted(const struct verify *v);
void verify_why_batch(struct verify *v, const struct verify_batch *b, size_t i);
int verify_why_new(struct verify *v);
int verify_why_round(struct verify *v);		  /* before a further look */
enum phase verify_why_conclude(struct verify *v); /* after the second look */
enum phase verify_why_compared(struct verify *v); /* after the copies */
enum phase verify_why_search(struct verify *v, uint64_t until_us);
enum phase verify_why_names(struct verify *v, const struct verify_batch *b);
void verify_why_free(struct verify *v);
/* The PCR that is explained: one that no prefix of the list leads to; NULL. */
const struct verify_pcr *verify_why_probe(const struct verify *v, size_t *ret_bank);

/* verify-copy.c. 1: more to do, 0: all copies have been compared, or one is proven. */
int verify_copy_step(struct verify *v, uint64_t until_us);

/* verify-say.c */
void verify_say_why(struct verify *v);	 /* of a mismatch */
void verify_say_notes(struct verify *v); /* and of any list */
