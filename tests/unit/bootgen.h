/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boots made up for tests: a list as a kernel would write it, and the PCR values of a TPM
 * that was, or was not, extended with the same. Both are written from the kernel's rules
 * (linux ima_crypto.c, ima_queue.c) with nothing of core/verify/replay in between: what is computed
 * there is held against this.
 */
#pragma once

#include "tests/unit/test.h"

#include "core/base/cleanup.h"
#include "core/verify/bootagg.h"
#include "core/host/hashalg.h"
#include "core/verify/pcrs.h"
#include "core/verify/replay.h"
#include "core/verify/verify.h"

struct bg_entry {
	unsigned pcr;
	bool violation;
	size_t name_len, data_len;
	char name[16];
	uint8_t data[160];
};

struct bg {
	struct strbuf list;
	struct pcrs pcrs;
	enum replay_mode mode; /* how the banks but sha1 are extended */
	unsigned violations;   /* one of so many entries is one */
	size_t at;	       /* of the reader */
};

enum { BG_SHA1 = 1, BG_SHA256 = 2 };

static inline void bg_hash(enum hash_alg alg, struct span a, struct span b, uint8_t *out)
{
	struct hash_ctx *h = hash_new(alg, NULL);

	assert_non_null(h);
	hash_once(h, a, b, out);
	hash_free(h);
}

static inline void bg_u32(struct strbuf *out, size_t v)
{
	for (int i = 0; i < 4; i++)
		strbuf_addc(out, (char)(v >> (8 * i)));
}

/* An ima-ng record: d-ng of @alg, n-ng. */
static inline struct bg_entry bg_entry(const char *path, enum hash_alg alg,
				       const uint8_t *digest)
{
	_cleanup_strbuf_ struct strbuf data = {0};
	size_t size = hash_alg_size(alg), len = strlen(hash_alg_name(alg));
	struct bg_entry e = {.pcr = 10, .name = "ima-ng", .name_len = 6};

	bg_u32(&data, len + 2 + size);
	strbuf_adds(&data, hash_alg_name(alg));
	strbuf_add(&data, ":", 2);
	strbuf_add(&data, digest, size);
	bg_u32(&data, strlen(path) + 1);
	strbuf_add(&data, path, strlen(path) + 1);
	assert_true(data.len <= sizeof(e.data));
	memcpy(e.data, data.ptr, data.len);
	e.data_len = data.len;
	return e;
}

/* The @n-th file measured in a boot, never the same twice. */
static inline struct bg_entry bg_file(unsigned n)
{
	uint8_t digest[32];
	char path[64];

	(void)snprintf(path, sizeof(path), "/usr/bin/tool-%u", n);
	bg_hash(HASH_SHA256, span_of(path), (struct span){0}, digest);
	return bg_entry(path, HASH_SHA256, digest);
}

static inline struct bg_entry bg_violation(unsigned n)
{
	uint8_t digest[32] = {0};
	struct bg_entry e;
	char path[64];

	(void)snprintf(path, sizeof(path), "/var/log/file-%u", n);
	e = bg_entry(path, HASH_SHA256, digest);
	e.violation = true;
	return e;
}

/* PCR 0 to 9 are what they are, and boot_aggregate is over them. */
static inline void bg_firmware(struct bg *b, unsigned banks)
{
	static const enum hash_alg algs[] = {HASH_SHA1, HASH_SHA256};

	for (unsigned i = 0; i < 2; i++) {
		struct pcr_bank *bank;

		if (!(banks >> i & 1))
			continue;
		bank = pcrs_bank(&b->pcrs, algs[i]);
		bank->present = (1U << 24) - 1;
		for (unsigned p = 0; p < 10; p++)
			memset(bank->value[p], (int)(p * 7 + i), HASH_MAX_SIZE);
	}
}

static inline struct bg_entry bg_bootagg(const struct bg *b, unsigned last)
{
	enum hash_alg alg = pcrs_find(&b->pcrs, HASH_SHA256) ? HASH_SHA256 : HASH_SHA1;
	struct digest d;

	assert_int_equal(bootagg_compute(&b->pcrs, alg, last ? last : bootagg_last(alg),
					 &d, NULL),
			 0);
	return bg_entry("boot_aggregate", alg, d.value);
}

/* Into the list. */
static inline void bg_list(struct bg *b, const struct bg_entry *e)
{
	uint8_t digest[20] = {0};

	if (!e->violation)
		bg_hash(HASH_SHA1, (struct span){e->data, e->data_len}, (struct span){0},
			digest);
	bg_u32(&b->list, e->pcr);
	strbuf_add(&b->list, digest, sizeof(digest));
	bg_u32(&b->list, e->name_len);
	strbuf_add(&b->list, e->name, e->name_len);
	bg_u32(&b->list, e->data_len);
	strbuf_add(&b->list, e->data, e->data_len);
}

static inline void bg_extend_bank(const struct bg *b, struct pcr_bank *bank,
				  const struct bg_entry *e)
{
	size_t size = hash_alg_size(bank->alg);
	uint8_t digest[HASH_MAX_SIZE] = {0};
	bool native = bank->alg == HASH_SHA1 || b->mode == REPLAY_NATIVE;

	if (e->violation)
		memset(digest, 0xff, b->mode == REPLAY_PADDED_SHORT ? 20 : size);
	else
		bg_hash(native ? bank->alg : HASH_SHA1,
			(struct span){e->data, e->data_len}, (struct span){0}, digest);
	bg_hash(bank->alg, (struct span){bank->value[e->pcr], size},
		(struct span){digest, size}, bank->value[e->pcr]);
}

/* Into the PCRs. */
static inline void bg_extend(struct bg *b, const struct bg_entry *e)
{
	for (size_t i = 0; i < b->pcrs.n_banks; i++)
		bg_extend_bank(b, &b->pcrs.bank[i], e);
}

/* The i-th entry of the boot, always the same. */
static inline struct bg_entry bg_nth(const struct bg *b, unsigned i)
{
	if (i == 0)
		return bg_bootagg(b, 0);
	return i % b->violations == b->violations / 2 ? bg_violation(i) : bg_file(i);
}

/* Entries [from, to) of the boot, into the list, and into the PCRs. */
static inline void bg_list_range(struct bg *b, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		struct bg_entry e = bg_nth(b, i);

		bg_list(b, &e);
	}
}

static inline void bg_extend_range(struct bg *b, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		struct bg_entry e = bg_nth(b, i);

		bg_extend(b, &e);
	}
}

static inline ssize_t bg_read(void *arg, void *buf, size_t len, struct diag *reterr)
{
	struct bg *b = arg;
	size_t n = b->list.len - b->at;

	n = n < len ? n : len;
	if (n)
		memcpy(buf, b->list.ptr + b->at, n);
	b->at += n;
	return (ssize_t)n;
}

static inline int bg_rewind(void *arg, struct diag *reterr)
{
	((struct bg *)arg)->at = 0;
	return 0;
}

static inline struct verify_options bg_options(struct bg *b)
{
	return (struct verify_options){
		.source = {.read = bg_read, .rewind = bg_rewind, .arg = b},
		.pcrs = &b->pcrs,
		.column = _HASH_ALG_INVALID,
		.search_ms = 600000, /* never the reason here why nothing is found */
	};
}

static inline struct verify *bg_verify(const struct verify_options *o)
{
	struct verify *v = NULL;
	struct diag err = {0};

	((struct bg *)o->source.arg)->at = 0;
	assert_int_equal(verify_new(o, &v, NULL), 0);
	if (verify_run(v, &err) != 0)
		fail_msg("%s", err.text);
	return v;
}

static inline const struct verify_reason *bg_reason(const struct verify *v,
						    enum verify_why why)
{
	const struct verify_result *r = verify_result(v);

	for (size_t i = 0; i < r->n_reasons; i++)
		if (r->reason[i].why == why)
			return &r->reason[i];
	return NULL;
}

static inline size_t bg_causes(const struct verify *v)
{
	size_t n = 0;

	for (size_t i = 0; i < verify_result(v)->n_reasons; i++)
		n += verify_result(v)->reason[i].kind == VERIFY_CAUSE;
	return n;
}

static inline void bg_print(const struct verify *v)
{
	const struct verify_result *r = verify_result(v);

	print_message("verdict %s\n", verify_verdict_name(r->verdict));
	for (size_t i = 0; i < r->n_reasons; i++)
		print_message("%s %s: %s\n", verify_kind_name(r->reason[i].kind),
			      verify_why_name(r->reason[i].why), r->reason[i].text);
}

static inline void bg_freep(struct bg **b)
{
	strbuf_done(&(*b)->list);
	free(*b);
}
#define _bg_ __attribute__((cleanup(bg_freep))) struct bg *

static inline struct bg *bg_new(unsigned banks, enum replay_mode mode)
{
	struct bg *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->mode = mode;
	b->violations = 9;
	bg_firmware(b, banks);
	return b;
}
