/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verify/eventlog.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/cleanup.h"

enum { SHA1_TPM_ID = 0x0004, SHA1_SIZE = 20 };

DEFINE_CLEANUP(struct hash_ctx *, hash_free)

struct eventlog eventlog_of(struct span log)
{
	return (struct eventlog){.in = bytes_of(log.ptr, log.len)};
}

static int damaged(const struct eventlog *l, size_t offset, const char *what,
		   struct diag *reterr)
{
	return diag_set(reterr, DIAG_EVENT_LOG, EBADMSG,
			"The event at byte %zu of %zu %s.", offset, l->in.len, what);
}

/* Bytes that begin with the text and its NUL. */
static bool begins(struct span data, const char *text)
{
	size_t n = strlen(text) + 1;

	return data.len >= n && memcmp(data.ptr, text, n) == 0;
}

static void add_digest(struct eventlog_event *e, uint16_t tpm_id, struct span value)
{
	enum hash_alg alg = hash_alg_from_tpm(tpm_id);

	if (hash_alg_size(alg) != value.len)
		alg = _HASH_ALG_INVALID;
	e->digest[e->n_digests].alg = alg;
	e->digest[e->n_digests++].value = value;
}

/* TCG_PCClientPCREvent: the whole log of a TPM 1.2, the first event of a TPM 2.0. */
static bool next_sha1(struct bytes *in, struct eventlog_event *e)
{
	struct span digest;
	uint32_t size;

	if (!bytes_u32(in, &e->pcr) || !bytes_u32(in, &e->type) ||
	    !bytes_take(in, SHA1_SIZE, &digest) || !bytes_u32(in, &size) ||
	    !bytes_take(in, size, &e->data))
		return false;
	add_digest(e, SHA1_TPM_ID, digest);
	return true;
}

static size_t digest_size(const struct eventlog *l, uint16_t tpm_id)
{
	for (size_t i = 0; i < l->n_algs; i++)
		if (l->alg[i].tpm_id == tpm_id)
			return l->alg[i].size;
	return 0;
}

/* TCG_PCR_EVENT2. */
static bool next_agile(const struct eventlog *l, struct bytes *in,
		       struct eventlog_event *e)
{
	uint32_t count, size;

	if (!bytes_u32(in, &e->pcr) || !bytes_u32(in, &e->type) ||
	    !bytes_u32(in, &count) || count > l->n_algs)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		struct span value;
		uint16_t id;

		if (!bytes_u16(in, &id) || digest_size(l, id) == 0 ||
		    !bytes_take(in, digest_size(l, id), &value))
			return false;
		add_digest(e, id, value);
	}
	return bytes_u32(in, &size) && bytes_take(in, size, &e->data);
}

/* TCG_EfiSpecIDEvent behind its signature: the banks and their digest sizes. */
static bool read_banks(struct eventlog *l, struct span data)
{
	struct bytes in = bytes_of(data.ptr, data.len);
	uint32_t count;

	if (!bytes_skip(&in, 16 + 4 + 4) || !bytes_u32(&in, &count) || count == 0 ||
	    count > EVENTLOG_ALGS_MAX)
		return false;
	for (l->n_algs = 0; l->n_algs < count; l->n_algs++)
		if (!bytes_u16(&in, &l->alg[l->n_algs].tpm_id) ||
		    !bytes_u16(&in, &l->alg[l->n_algs].size))
			return false;
	return true;
}

int eventlog_next(struct eventlog *l, struct eventlog_event *ret, struct diag *reterr)
{
	struct eventlog_event e = {.offset = l->in.pos};
	struct bytes in = l->in;

	if (bytes_left(&in) == 0)
		return 0;
	if (!(l->agile ? next_agile(l, &in, &e) : next_sha1(&in, &e)))
		return damaged(l, e.offset, "is damaged or cut off", reterr);
	if (!l->started && begins(e.data, "Spec ID Event03")) {
		if (!read_banks(l, e.data))
			return damaged(l, e.offset, "names no usable list of banks",
				       reterr);
		l->agile = true;
	}
	l->started = true;
	l->in = in;
	*ret = e;
	return 1;
}

/* The replay under way: one context per bank. */
struct replay {
	struct pcrs *p;
	struct hash_ctx *hash[PCRS_BANKS_MAX];
};

static void replay_done(struct replay *r)
{
	for (size_t i = 0; i < PCRS_BANKS_MAX; i++)
		(void)hash_free(r->hash[i]);
}

static void add_bank(struct replay *r, enum hash_alg alg)
{
	_cleanup_(hash_freep) struct hash_ctx *h = NULL;
	struct pcr_bank *b;

	if (alg == _HASH_ALG_INVALID || pcrs_find(r->p, alg))
		return;
	h = hash_new(alg, NULL); /* a bank that cannot be computed is left out */
	b = h ? pcrs_bank(r->p, alg) : NULL;
	if (!b)
		return;
	b->present = (1u << EVENTLOG_PCRS) - 1;
	r->hash[b - r->p->bank] = take_ptr(h);
}

static void add_banks(struct replay *r, const struct eventlog *l)
{
	if (!l->agile)
		add_bank(r, HASH_SHA1);
	for (size_t i = 0; i < l->n_algs; i++)
		if (hash_alg_size(hash_alg_from_tpm(l->alg[i].tpm_id)) == l->alg[i].size)
			add_bank(r, hash_alg_from_tpm(l->alg[i].tpm_id));
}

/* PCR 0 begins with the locality of TPM2_Startup in its last byte (profile 1.05, 10.4.5.3:
 * 3, or 4 after an H-CRTM). */
static void set_locality(struct pcrs *p, struct span data)
{
	uint8_t locality = data.len >= 17 ? data.ptr[16] : 0;

	for (size_t i = 0; i < p->n_banks; i++)
		p->bank[i].value[0][hash_alg_size(p->bank[i].alg) - 1] = locality;
}

static void extend(struct replay *r, const struct eventlog_event *e)
{
	for (size_t i = 0; i < e->n_digests; i++) {
		for (size_t k = 0; k < r->p->n_banks; k++) {
			struct pcr_bank *b = &r->p->bank[k];
			struct span old = {b->value[e->pcr], e->digest[i].value.len};

			if (b->alg == e->digest[i].alg)
				hash_once(r->hash[k], old, e->digest[i].value,
					  b->value[e->pcr]);
		}
	}
}

static void apply(struct replay *r, const struct eventlog_event *e)
{
	if (e->type != EVENTLOG_NO_ACTION) {
		if (e->pcr < EVENTLOG_PCRS)
			extend(r, e);
	} else if (e->pcr == 0 && begins(e->data, "StartupLocality")) {
		set_locality(r->p, e->data);
	}
}

static int run(struct replay *r, struct span log, struct diag *reterr)
{
	struct eventlog l = eventlog_of(log);
	struct eventlog_event e;
	bool first = true;
	int n;

	while ((n = eventlog_next(&l, &e, reterr)) > 0) {
		if (first)
			add_banks(r, &l);
		first = false;
		apply(r, &e);
	}
	if (n == 0 && first)
		return diag_set(reterr, DIAG_EVENT_LOG, ENODATA,
				"The event log is empty.");
	return n;
}

int eventlog_replay(struct span log, struct pcrs *ret, struct diag *reterr)
{
	_cleanup_free_ struct pcrs *p = calloc(1, sizeof(*p));
	_cleanup_(replay_done) struct replay r = {.p = p};
	int n;

	if (!p)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	n = run(&r, log, reterr);
	if (n < 0)
		return n;
	*ret = *p;
	return 0;
}
