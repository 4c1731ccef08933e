/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the replay says about each bank and PCR, the boot aggregate, and all together. */
#include <errno.h>
#include <inttypes.h>

#include "core/verify/bootagg.h"
#include "core/verify/verify-internal.h"

enum { IMA_PCR = 10 };

int verify_judge_new_targets(struct verify *v)
{
	for (size_t b = 0; b < v->o.n_banks; b++)
		for (unsigned p = 0; p < PCRS_COUNT; p++) {
			struct span value;

			if (pcrs_value(&v->pcrs, v->o.bank[b], p, &value) &&
			    replay_target(v->replay, b, p, value) == -ENOMEM)
				return -ENOMEM;
		}
	return 0;
}

static struct digest digest_of(enum hash_alg alg, struct span value)
{
	struct digest d = {.alg = alg, .size = (uint8_t)value.len};

	memcpy(d.value, value.ptr, value.len);
	return d;
}

/* How the PCR was extended: the mode in which the whole list matches, else the one with a
 * match of some records (none at all proves nothing). */
static void judge_mode(const struct verify *v, size_t bank, struct verify_pcr *p)
{
	p->verdict = VERIFY_MISMATCH;
	for (size_t m = 0; m < _REPLAY_MODE_MAX; m++) {
		uint64_t pending = 0;
		uint64_t k = replay_match(v->replay, bank, p->pcr, (enum replay_mode)m,
					  &pending);

		if (k == REPLAY_NO_MATCH || k == 0)
			continue;
		p->mode = (enum replay_mode)m;
		p->matched = k;
		p->pending = v->res.live && k >= v->pcrs_at ? 0 : pending;
		p->verdict = p->pending ? VERIFY_PENDING : VERIFY_MATCH;
		if (p->verdict == VERIFY_MATCH)
			return;
	}
}

static void judge_pcr(const struct verify *v, size_t bank, unsigned pcr,
		      struct verify_pcr *ret)
{
	enum hash_alg alg = v->o.bank[bank];
	struct span value;

	*ret = (struct verify_pcr){.pcr = pcr,
				   .entries = replay_pcr_entries(v->replay, pcr)};
	ret->has_computed = replay_value(v->replay, bank, pcr, REPLAY_NATIVE, &value);
	if (ret->has_computed)
		ret->computed = digest_of(alg, value);
	ret->has_expected = pcrs_value(&v->pcrs, alg, pcr, &value);
	if (ret->has_expected)
		ret->expected = digest_of(alg, value);
	if (!ret->has_expected || !ret->has_computed)
		return;
	judge_mode(v, bank, ret);
	if (ret->verdict == VERIFY_MISMATCH)
		return;
	if (ret->verdict == VERIFY_MATCH && !v->res.live)
		ret->matched = v->res.entries;
	if (replay_value(v->replay, bank, pcr, ret->mode, &value))
		ret->computed = digest_of(alg, value);
}

/* The worse of two: a mismatch, then no value, then entries behind the match. */
static enum verify_verdict worse(enum verify_verdict a, enum verify_verdict b)
{
	static const uint8_t rank[] = {[VERIFY_MATCH] = 0,
				       [VERIFY_PENDING] = 1,
				       [VERIFY_UNKNOWN] = 2,
				       [VERIFY_MISMATCH] = 3};

	return rank[a] >= rank[b] ? a : b;
}

static void sum_up(struct verify_bank *b)
{
	b->verdict = b->n_pcrs ? VERIFY_MATCH : VERIFY_UNKNOWN;
	b->matched = UINT64_MAX;
	b->pending = 0;
	for (size_t i = 0; i < b->n_pcrs; i++) {
		b->verdict = worse(b->verdict, b->pcr[i].verdict);
		b->pending += b->pcr[i].pending;
		if (b->pcr[i].matched < b->matched)
			b->matched = b->pcr[i].matched;
		if (b->pcr[i].mode != REPLAY_NATIVE)
			b->mode = b->pcr[i].mode;
	}
	if (b->n_pcrs == 0)
		b->matched = 0;
}

/* IMA's PCR was extended, and the list has nothing of it: what was measured was left out,
 * whatever other PCRs (which any program may extend) prove. A live list is the kernel's,
 * which may be built for another PCR (CONFIG_IMA_MEASURE_PCR_IDX). */
static bool left_out(const struct verify *v, size_t bank)
{
	struct span value;

	return !v->res.live && v->res.entries &&
	       !replay_pcr_entries(v->replay, IMA_PCR) &&
	       pcrs_value(&v->pcrs, v->o.bank[bank], IMA_PCR, &value) &&
	       !span_all(value, 0);
}

static int judge_bank(struct verify *v, size_t bank)
{
	struct verify_bank *b = &v->res.bank[bank];
	uint64_t mask = replay_pcrs(v->replay) | (uint64_t)left_out(v, bank) << IMA_PCR;
	struct verify_pcr *p = calloc(MLOG_PCR_MAX, sizeof(*p));

	if (!p)
		return -ENOMEM;
	*b = (struct verify_bank){.alg = v->o.bank[bank], .pcr = p};
	if (mask >> v->res.pcr & 1)
		judge_pcr(v, bank, v->res.pcr, &p[b->n_pcrs++]);
	for (unsigned i = 0; i < MLOG_PCR_MAX; i++)
		if (mask >> i & 1 && i != v->res.pcr)
			judge_pcr(v, bank, i, &p[b->n_pcrs++]);
	sum_up(b);
	return 0;
}

void verify_judge_done(struct verify *v)
{
	for (size_t i = 0; i < v->res.n_banks; i++) {
		struct verify_pcr *p;

		memcpy(&p, &v->res.bank[i].pcr,
		       sizeof(p)); /* ours: const for readers only */
		free(p);
	}
	v->res.n_banks = 0;
}

int verify_judge_banks(struct verify *v, struct diag *reterr)
{
	verify_judge_done(v);
	for (size_t b = 0; b < v->o.n_banks; b++) {
		if (judge_bank(v, b) < 0)
			return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
		v->res.n_banks++;
	}
	return 0;
}

bool verify_judge_all_matched(const struct verify *v)
{
	uint64_t mask = replay_pcrs(v->replay);

	for (size_t b = 0; b < v->o.n_banks; b++)
		for (unsigned i = 0; i < PCRS_COUNT; i++) {
			struct verify_pcr p;

			if (!(mask >> i & 1))
				continue;
			judge_pcr(v, b, i, &p);
			if (p.verdict == VERIFY_MISMATCH)
				return false;
		}
	return true;
}

void verify_judge_boot_aggregate(struct verify *v, const struct mlog_entry *e)
{
	struct verify_bootagg *a = &v->res.bootagg;
	struct mlog_digest d;

	a->count++;
	if (!mlog_file_digest(&v->dialect, e, &d) || d.value.len == 0 ||
	    d.value.len > HASH_MAX_SIZE)
		return;
	a->logged = digest_of(d.alg, d.value);
	a->zero = span_all(d.value, 0);
}

/* The aggregate belongs to the PCRs as they were when the kernel started; the last one in
 * the list is that of the running kernel. */
static void finish_boot_aggregate(struct verify *v)
{
	struct verify_bootagg *a = &v->res.bootagg;
	unsigned last[2] = {a->logged.alg >= 0 ? bootagg_last(a->logged.alg) : 7, 7};

	a->verdict = VERIFY_UNKNOWN;
	a->computed.size = 0;
	if (a->logged.size == 0 || a->zero || a->logged.alg < 0)
		return;
	a->firmware.size = 0;
	(void)bootagg_compute(&v->firmware, a->logged.alg, last[0], &a->firmware, NULL);
	for (size_t i = 0; i < 2; i++) {
		struct digest d;

		if (bootagg_compute(&v->pcrs, a->logged.alg, last[i], &d, NULL) < 0)
			continue;
		if (a->computed.size == 0) {
			a->computed = d;
			a->last = last[i];
			a->verdict = VERIFY_MISMATCH;
		}
		if (span_equal(digest_span(&d), digest_span(&a->logged))) {
			a->computed = d;
			a->last = last[i];
			a->verdict = VERIFY_MATCH;
			return;
		}
	}
}

void verify_judge_finish(struct verify *v)
{
	struct verify_result *r = &v->res;

	finish_boot_aggregate(v);
	r->verdict = r->n_banks && r->entries ? VERIFY_MATCH : VERIFY_UNKNOWN;
	for (size_t i = 0; i < r->n_banks; i++)
		r->verdict = worse(r->verdict, r->bank[i].verdict);
	if (r->n_errors || r->damage.id != DIAG_NONE ||
	    r->bootagg.verdict == VERIFY_MISMATCH)
		r->verdict = VERIFY_MISMATCH;
}
