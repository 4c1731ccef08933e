/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/cert/sig.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include "core/base/cleanup.h"
#include "core/host/hashalg.h"
#include "core/cert/sig-internal.h"

enum { SIG_MAX = 2048 }; /* bytes: RSA keys of 16384 bits, more OpenSSL does not take */

enum operation { OP_NONE, OP_SIGN, OP_VERIFY };

/* Digest contexts and the operation that was used last are kept: from file to file the
 * key and the hash are the same. */
struct sig_ctx {
	struct hash_set hash;
	EVP_PKEY_CTX *pkey; /* holds its key, so no other one can have its address */
	enum operation op;
	enum hash_alg alg;
};

static const struct {
	int err;
	const char *word;
	const char *words;
} verdicts[_SIG_VERDICT_MAX] = {
#define SIG_VERDICT(id, err, word, words) [SIG_##id] = {err, word, words},
#include "core/cert/sig-verdicts.inc"
#undef SIG_VERDICT
};

struct sig_ctx *sig_ctx_new(void)
{
	return calloc(1, sizeof(struct sig_ctx));
}

struct sig_ctx *sig_ctx_free(struct sig_ctx *ctx)
{
	if (!ctx)
		return NULL;
	hash_set_done(&ctx->hash);
	EVP_PKEY_CTX_free(ctx->pkey);
	free(ctx);
	return NULL;
}

/* Version 3: struct ima_file_id { u8 type; u8 algorithm; u8 hash[] }, as much of it as is
 * used, hashed with the same algorithm. */
int sig_message(struct sig_ctx *ctx, enum imaxattr_type type, uint8_t version,
		const struct digest *digest, struct digest *ret, struct diag *reterr)
{
	const uint8_t head[2] = {(uint8_t)type, (uint8_t)digest->alg};
	struct hash_ctx *h;

	if (version != 3) {
		*ret = *digest;
		return 0;
	}
	h = hash_set_get(&ctx->hash, digest->alg, reterr);
	if (!h)
		return -EOPNOTSUPP;
	ret->alg = digest->alg;
	ret->size = digest->size;
	hash_once(h, (struct span){head, sizeof(head)}, digest_span(digest), ret->value);
	return 0;
}

static bool whole(const struct digest *d)
{
	return hash_alg_size(d->alg) && d->size == hash_alg_size(d->alg);
}

/* pkcs1 with DigestInfo for RSA, DER for the others. */
static bool set_up(EVP_PKEY_CTX *p, enum operation op, enum sig_kind kind,
		   enum hash_alg alg)
{
	const char *name = hash_openssl_name(alg);
	const EVP_MD *md = name ? EVP_get_digestbyname(name) : NULL;
	int (*init)(EVP_PKEY_CTX *) =
		op == OP_SIGN ? EVP_PKEY_sign_init : EVP_PKEY_verify_init;

	return p && md && init(p) == 1 &&
	       (kind != SIG_KIND_RSA ||
		EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PADDING) == 1) &&
	       EVP_PKEY_CTX_set_signature_md(p, md) == 1;
}

/* The context for an operation, made anew only when something differs. NULL: this OpenSSL
 * cannot. */
static EVP_PKEY_CTX *ready(struct sig_ctx *ctx, enum operation op,
			   const struct sig_key *key, enum hash_alg alg)
{
	if (ctx->pkey && ctx->op == op && ctx->alg == alg &&
	    EVP_PKEY_CTX_get0_pkey(ctx->pkey) == key->pkey)
		return ctx->pkey;
	EVP_PKEY_CTX_free(ctx->pkey);
	ctx->pkey = key->pkey ? EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL) : NULL;
	ctx->op = op;
	ctx->alg = alg;
	if (!set_up(ctx->pkey, op, key->kind, alg)) {
		EVP_PKEY_CTX_free(ctx->pkey);
		ctx->pkey = NULL;
	}
	return ctx->pkey;
}

static int sign_failed(struct diag *reterr)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	diag_set(reterr, DIAG_SIGN_FAILED, EIO, "OpenSSL could not sign: %s.",
		 why ? why : "no reason given");
	ERR_clear_error();
	return -EIO;
}

static int refuse_hash(const struct sig_key *key, enum hash_alg alg, struct diag *reterr)
{
	return diag_set(reterr, DIAG_KEY_HASH, EOPNOTSUPP,
			"No kernel takes %s with a key of kind %s.", hash_alg_name(alg),
			key->words);
}

int sig_make(struct sig_ctx *ctx, const struct sig_key *key, enum imaxattr_type type,
	     uint8_t version, const struct digest *digest, struct strbuf *out,
	     struct diag *reterr)
{
	uint8_t sig[SIG_MAX];
	size_t len = sizeof(sig);
	struct digest m;
	EVP_PKEY_CTX *p;
	int r;

	if (!whole(digest) || !sig_key_takes(key, digest->alg))
		return refuse_hash(key, digest->alg, reterr);
	r = sig_message(ctx, type, version, digest, &m, reterr);
	if (r < 0)
		return r;
	p = ready(ctx, OP_SIGN, key, digest->alg);
	if (!p || EVP_PKEY_sign(p, sig, &len, m.value, m.size) != 1)
		return sign_failed(reterr);
	r = imaxattr_put_sig(out, type, version, digest->alg, sig_key_id(key),
			     (struct span){sig, len});
	if (r < 0)
		return diag_set(reterr, DIAG_INTERNAL, EINVAL,
				"Type %d has no signature version %u.", (int)type,
				version);
	return out->failed ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.") : 0;
}

/* Memory that ran out inside OpenSSL says nothing about the signature. */
static enum sig_verdict verdict_of(bool good)
{
	unsigned long e = ERR_peek_last_error();

	ERR_clear_error();
	if (good)
		return SIG_GOOD;
	return ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE ? SIG_IMPOSSIBLE : SIG_BAD;
}

/* SHA-1 of the digest and the header, in pkcs1 padding without DigestInfo: lib/digsig.c
 * digsig_verify(), digsig_verify_rsa(). */
static enum sig_verdict check_v1(const struct sig_key *key, const struct imaxattr *x,
				 const struct digest *digest)
{
	EVP_PKEY_CTX *p = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	uint8_t hashed[HASH_MAX_SIZE + IMAXATTR_V1_HEADER], found[SIG_MAX], want[20];
	size_t len = sizeof(found);
	bool set, good = false;

	memcpy(hashed, digest->value, digest->size);
	memcpy(hashed + digest->size, x->header.ptr, IMAXATTR_V1_HEADER);
	set = p && EVP_PKEY_verify_recover_init(p) == 1 &&
	      EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PADDING) == 1 &&
	      EVP_Digest(hashed, digest->size + (size_t)IMAXATTR_V1_HEADER, want, NULL,
			 EVP_sha1(), NULL) == 1;
	if (set)
		good = EVP_PKEY_verify_recover(p, found, &len, x->sig.ptr, x->sig.len) ==
			       1 &&
		       len == sizeof(want) && memcmp(found, want, sizeof(want)) == 0;
	EVP_PKEY_CTX_free(p);
	return set ? verdict_of(good) : SIG_IMPOSSIBLE;
}

static enum sig_verdict check_v2(struct sig_ctx *ctx, const struct sig_key *key,
				 const struct imaxattr *x, const struct digest *digest)
{
	EVP_PKEY_CTX *p;
	struct digest m;

	if (!sig_key_takes(key, x->hash))
		return SIG_HASH;
	if (sig_message(ctx, (enum imaxattr_type)x->type, x->version, digest, &m, NULL) <
	    0)
		return SIG_IMPOSSIBLE;
	p = ready(ctx, OP_VERIFY, key, x->hash);
	if (!p) {
		ERR_clear_error();
		return SIG_IMPOSSIBLE;
	}
	return verdict_of(EVP_PKEY_verify(p, x->sig.ptr, x->sig.len, m.value, m.size) ==
			  1);
}

enum sig_verdict sig_check(struct sig_ctx *ctx, const struct sig_key *key,
			   const struct imaxattr *x, const struct digest *digest)
{
	if (!imaxattr_is_sig(x) || !imaxattr_usable(x))
		return SIG_DAMAGED;
	if (!key->pkey)
		return SIG_IMPOSSIBLE;
	if (digest->alg != x->hash || !whole(digest))
		return SIG_BAD;
	if (x->version == 1)
		return key->kind == SIG_KIND_RSA ? check_v1(key, x, digest) : SIG_BAD;
	return check_v2(ctx, key, x, digest);
}

static bool named(const struct sig_key *key, const struct imaxattr *x)
{
	return span_equal(x->version == 1 ? sig_key_id_v1(key) : sig_key_id(key),
			  x->keyid);
}

enum sig_verdict sig_check_any(struct sig_ctx *ctx, struct sig_key *const *keys,
			       size_t n_keys, const struct imaxattr *x,
			       const struct digest *digest,
			       const struct sig_key **ret_key)
{
	size_t i = 0;

	if (ret_key)
		*ret_key = NULL;
	if (!imaxattr_is_sig(x) || !imaxattr_usable(x))
		return SIG_DAMAGED;
	while (i < n_keys && !named(keys[i], x))
		i++;
	if (i == n_keys)
		return SIG_NO_KEY;
	if (ret_key)
		*ret_key = keys[i];
	return sig_check(ctx, keys[i], x, digest);
}

int sig_verdict_errno(enum sig_verdict v)
{
	return -verdicts[v].err;
}

const char *sig_verdict_word(enum sig_verdict v)
{
	return verdicts[v].word;
}

const char *sig_verdict_words(enum sig_verdict v)
{
	return verdicts[v].words;
}
