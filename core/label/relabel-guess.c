/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/label/relabel-guess.h"

#include <time.h>

#include "core/base/cleanup.h"
#include "core/host/hashalg.h"
#include "core/label/relabel-job-internal.h"

enum {
	SAMPLE = 1 << 20, /* bytes, hashed a few times: milliseconds */
	TIMES = 4,
};

/* Of this thread alone: what else the machine does is not measured. */
static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* About nothing where this OpenSSL cannot. */
static double ms_per_byte(enum hash_alg alg)
{
	_cleanup_free_ uint8_t *bytes = calloc(1, SAMPLE);
	struct hash_ctx *h = bytes ? hash_new(alg, NULL) : NULL;
	struct digest d;
	double begun = now_ms(), ms;

	for (int i = 0; h && i < TIMES; i++)
		hash_once(h, (struct span){bytes, SAMPLE}, (struct span){0}, d.value);
	ms = now_ms() - begun;
	hash_free(h);
	return ms / (TIMES * (double)SAMPLE);
}

static double ms_per_signature(const struct sig_key *key, enum hash_alg alg)
{
	struct digest d = {.alg = alg, .size = (uint8_t)hash_alg_size(alg)};
	struct sig_ctx *ctx = sig_ctx_new();
	double begun = now_ms();

	for (int i = 0; ctx && i < TIMES; i++) {
		_cleanup_strbuf_ struct strbuf value = {0};

		(void)sig_make(ctx, key, IMAXATTR_SIG, 2, &d, &value,
			       NULL); /* only how long it takes */
	}
	sig_ctx_free(ctx);
	return (now_ms() - begun) / TIMES;
}

static uint64_t to_sign(const struct relabel *r)
{
	uint64_t n = 0;

	for (int i = 0; i < _RELABEL_REASON_MAX; i++)
		if (relabel_kind_of((enum relabel_reason)i) == RELABEL_SIGN)
			n += r->reasons[i].files;
	return n;
}

static double computing(const struct relabel *r, const struct relabel_opts *opts,
			unsigned threads, const struct sig_key *key, bool *ret_signing)
{
	uint64_t n = key ? to_sign(r) : 0;
	double ms = (double)r->to_read * ms_per_byte(opts->alg);

	*ret_signing = n > 0;
	if (n)
		ms += (double)n * ms_per_signature(key, opts->alg);
	return ms / pool_wanted(threads);
}

void relabel_guess(const struct root *root, const struct relabel *r,
		   const struct relabel_opts *opts, unsigned threads,
		   const struct sig_key *key, struct relabel_guess *ret)
{
	_cleanup_relabel_job_ struct relabel_job like = {0};
	double ms, least = opts->throttle
				   ? (double)r->to_read * 1000 / (double)opts->throttle
				   : 0;

	*ret = (struct relabel_guess){0};
	if (relabel_job_find_alike(root, opts, to_sign(r) > 0, &like) == 0) {
		ret->job = like.id;
		ms = (double)relabel_units(r->to_read, r->plan.n) *
		     (double)like.elapsed_ms /
		     (double)relabel_units(like.bytes, like.n.done);
	} else {
		ms = computing(r, opts, threads, key, &ret->signing);
	}
	ret->ms = (uint64_t)(ms > least ? ms : least);
}
