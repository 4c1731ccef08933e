/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/hashalg.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "core/base/cleanup.h"

static const struct {
	const char *name;
	const char *openssl;
	uint16_t tpm;
	uint8_t size;
} algs[_HASH_ALG_MAX] = {
#define HASH_ALG(id, number, name, size, openssl, tpm)                                   \
	[HASH_##id] = {name, openssl, tpm, size},
#include "core/hash-algs.inc"
#undef HASH_ALG
};

struct hash_ctx {
	EVP_MD *md;
	EVP_MD_CTX *ctx;
};

static int valid(enum hash_alg alg)
{
	return alg >= 0 && alg < _HASH_ALG_MAX;
}

enum hash_alg hash_alg_from_name(struct span name)
{
	for (size_t i = 0; i < _HASH_ALG_MAX; i++)
		if (span_is(name, algs[i].name))
			return (enum hash_alg)i;
	return _HASH_ALG_INVALID;
}

enum hash_alg hash_alg_from_tpm(uint16_t tpm_id)
{
	for (size_t i = 0; i < _HASH_ALG_MAX; i++)
		if (tpm_id && algs[i].tpm == tpm_id)
			return (enum hash_alg)i;
	return _HASH_ALG_INVALID;
}

const char *hash_alg_name(enum hash_alg alg)
{
	return valid(alg) ? algs[alg].name : "unknown";
}

size_t hash_alg_size(enum hash_alg alg)
{
	return valid(alg) ? algs[alg].size : 0;
}

uint16_t hash_alg_tpm(enum hash_alg alg)
{
	return valid(alg) ? algs[alg].tpm : 0;
}

struct hash_ctx *hash_new(enum hash_alg alg, struct diag *reterr)
{
	struct hash_ctx *h = calloc(1, sizeof(*h));

	if (!h) {
		diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
		return NULL;
	}
	if (valid(alg) && algs[alg].openssl)
		h->md = EVP_MD_fetch(NULL, algs[alg].openssl, NULL);
	h->ctx = EVP_MD_CTX_new();
	if (h->md && h->ctx && EVP_DigestInit_ex2(h->ctx, h->md, NULL) == 1)
		return h;
	diag_set(reterr, DIAG_NO_HASH, EOPNOTSUPP,
		 "This system's OpenSSL cannot compute %s digests.", hash_alg_name(alg));
	return hash_free(h);
}

struct hash_ctx *hash_free(struct hash_ctx *h)
{
	if (h) {
		EVP_MD_CTX_free(h->ctx);
		EVP_MD_free(h->md);
		free(h);
	}
	return NULL;
}

/* Once a context is initialised these fail only when memory ends inside OpenSSL's digest
 * code, which allocates nothing then: our own bug, not input. */
void hash_start(struct hash_ctx *h)
{
	int ok = EVP_DigestInit_ex2(h->ctx, NULL, NULL);

	assert(ok == 1);
	(void)ok;
}

void hash_add(struct hash_ctx *h, const void *data, size_t len)
{
	int ok = EVP_DigestUpdate(h->ctx, data, len);

	assert(ok == 1);
	(void)ok;
}

void hash_finish(struct hash_ctx *h, uint8_t *out)
{
	int ok = EVP_DigestFinal_ex(h->ctx, out, NULL);

	assert(ok == 1);
	(void)ok;
}

void hash_once(struct hash_ctx *h, struct span a, struct span b, uint8_t *out)
{
	hash_start(h);
	hash_add(h, a.ptr, a.len);
	if (b.len)
		hash_add(h, b.ptr, b.len);
	hash_finish(h, out);
}
