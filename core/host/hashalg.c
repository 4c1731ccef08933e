/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/hashalg.h"

#include <assert.h>
#define OPENSSL_SUPPRESS_DEPRECATED /* see struct hash_ctx */
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/cleanup.h"

static const char *const openssl_names[_HASH_ALG_MAX] = {
#define HASH_ALG(id, number, name, size, openssl, tpm) [HASH_##id] = (openssl),
#include "core/base/hash-algs.inc"
#undef HASH_ALG
};

/*
 * Serial PCR extends are many tiny digests. OpenSSL's own structs (SHA256_Init and so on)
 * cost half of what a reused EVP context does: no indirection through the provider. They
 * are deprecated since 3.0 yet present; every other algorithm goes through EVP.
 */
enum kind { KIND_SHA1, KIND_SHA256, KIND_SHA512, KIND_EVP };

struct hash_ctx {
	enum kind kind;
	enum hash_alg alg;
	union {
		SHA_CTX sha1;
		SHA256_CTX sha256; /* and sha224 */
		SHA512_CTX sha512; /* and sha384 */
	} low;
	EVP_MD *md;
	EVP_MD_CTX *ctx;
};

const char *hash_openssl_name(enum hash_alg alg)
{
	return hash_alg_size(alg) ? openssl_names[alg] : NULL;
}

static enum kind kind_of(enum hash_alg alg)
{
	switch ((int)alg) {
	case HASH_SHA1:
		return KIND_SHA1;
	case HASH_SHA224:
	case HASH_SHA256:
		return KIND_SHA256;
	case HASH_SHA384:
	case HASH_SHA512:
		return KIND_SHA512;
	default:
		return KIND_EVP;
	}
}

static int fetch(struct hash_ctx *h)
{
	const char *name = hash_openssl_name(h->alg);

	if (name)
		h->md = EVP_MD_fetch(NULL, name, NULL);
	h->ctx = EVP_MD_CTX_new();
	return h->md && h->ctx && EVP_DigestInit_ex2(h->ctx, h->md, NULL) == 1;
}

struct hash_ctx *hash_new(enum hash_alg alg, struct diag *reterr)
{
	struct hash_ctx *h = calloc(1, sizeof(*h));

	if (!h) {
		diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
		return NULL;
	}
	h->alg = alg;
	h->kind = kind_of(alg);
	if (h->kind != KIND_EVP || fetch(h))
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

struct hash_ctx *hash_set_get(struct hash_set *set, enum hash_alg alg,
			      struct diag *reterr)
{
	if (!set->ctx[alg])
		set->ctx[alg] = hash_new(alg, reterr);
	return set->ctx[alg];
}

void hash_set_done(struct hash_set *set)
{
	for (size_t i = 0; i < _HASH_ALG_MAX; i++)
		set->ctx[i] = hash_free(set->ctx[i]);
}

/* On contexts that exist these fail only when memory ends inside OpenSSL's digest code,
 * which allocates nothing then: our own bug, not input. */
static void must(int ok)
{
	assert(ok == 1);
	(void)ok;
}

void hash_start(struct hash_ctx *h)
{
	switch (h->kind) {
	case KIND_SHA1:
		must(SHA1_Init(&h->low.sha1));
		break;
	case KIND_SHA256:
		must((h->alg == HASH_SHA224 ? SHA224_Init : SHA256_Init)(&h->low.sha256));
		break;
	case KIND_SHA512:
		must((h->alg == HASH_SHA384 ? SHA384_Init : SHA512_Init)(&h->low.sha512));
		break;
	case KIND_EVP:
		must(EVP_DigestInit_ex2(h->ctx, NULL, NULL));
		break;
	}
}

void hash_add(struct hash_ctx *h, const void *data, size_t len)
{
	switch (h->kind) {
	case KIND_SHA1:
		must(SHA1_Update(&h->low.sha1, data, len));
		break;
	case KIND_SHA256:
		must(SHA256_Update(&h->low.sha256, data, len));
		break;
	case KIND_SHA512:
		must(SHA512_Update(&h->low.sha512, data, len));
		break;
	case KIND_EVP:
		must(EVP_DigestUpdate(h->ctx, data, len));
		break;
	}
}

/* SHA256_Final and SHA512_Final write as many bytes as the algorithm has (md_len). */
void hash_finish(struct hash_ctx *h, uint8_t *out)
{
	switch (h->kind) {
	case KIND_SHA1:
		must(SHA1_Final(out, &h->low.sha1));
		break;
	case KIND_SHA256:
		must(SHA256_Final(out, &h->low.sha256));
		break;
	case KIND_SHA512:
		must(SHA512_Final(out, &h->low.sha512));
		break;
	case KIND_EVP:
		must(EVP_DigestFinal_ex(h->ctx, out, NULL));
		break;
	}
}

void hash_once(struct hash_ctx *h, struct span a, struct span b, uint8_t *out)
{
	hash_start(h);
	hash_add(h, a.ptr, a.len);
	if (b.len)
		hash_add(h, b.ptr, b.len);
	hash_finish(h, out);
}

int hash_of(enum hash_alg alg, struct span bytes, struct digest *ret, struct diag *reterr)
{
	struct diag d = {0};
	struct hash_ctx *h = hash_new(alg, &d);

	if (!h) {
		if (reterr)
			*reterr = d;
		return -d.err;
	}
	ret->alg = alg;
	ret->size = (uint8_t)hash_alg_size(alg);
	hash_once(h, bytes, (struct span){0}, ret->value);
	hash_free(h);
	return 0;
}

/* Larger reads than this gain nothing: the digest is what takes the time. */
enum { CHUNK = 128 << 10 };

static ssize_t next(int fd, uint8_t *chunk, uint64_t left)
{
	ssize_t n;

	do
		n = read(fd, chunk, left < CHUNK ? (size_t)left : CHUNK);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* At most @len bytes from where @fd stands. Returns how many are missing; -errno. */
static int64_t add_fd(struct hash_ctx *h, int fd, uint64_t len)
{
	_cleanup_free_ uint8_t *chunk = malloc(CHUNK);
	ssize_t n = 0;

	if (!chunk)
		return -ENOMEM;
	while (len && (n = next(fd, chunk, len)) > 0) {
		hash_add(h, chunk, (size_t)n);
		len -= (uint64_t)n;
	}
	return n < 0 ? n : (int64_t)len;
}

/* @all: fewer bytes are an error. */
static int hash_some(struct hash_ctx *h, enum hash_alg alg, int fd, uint64_t len,
		     bool all, struct digest *ret)
{
	int64_t r;

	hash_start(h);
	r = add_fd(h, fd, len);
	if (r < 0 || (r && all))
		return r < 0 ? (int)r : -ESTALE;
	ret->alg = alg;
	ret->size = (uint8_t)hash_alg_size(alg);
	hash_finish(h, ret->value);
	return 0;
}

int hash_fd(struct hash_ctx *h, enum hash_alg alg, int fd, struct digest *ret)
{
	return hash_some(h, alg, fd, INT64_MAX, false, ret);
}

int hash_fd_head(struct hash_ctx *h, enum hash_alg alg, int fd, uint64_t len,
		 struct digest *ret)
{
	return lseek(fd, 0, SEEK_SET) < 0 ? -errno
					  : hash_some(h, alg, fd, len, true, ret);
}
