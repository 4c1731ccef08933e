/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/ber.h"
#include "core/cert/cert-internal.h"

DEFINE_CLEANUP(BIO *, BIO_free_all)
DEFINE_CLEANUP(BIGNUM *, BN_free)
DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free)
DEFINE_CLEANUP(ECDSA_SIG *, ECDSA_SIG_free)
DEFINE_CLEANUP(struct hash_ctx *, hash_free)
DEFINE_CLEANUP(struct cert *, cert_free)

static const struct {
	struct span oid;
	const char *words;
	enum hash_alg hash;
	enum cert_family family;
	enum cert_known known;
} sigs[_CERT_SIG_MAX] = {
#define CERT_SIG(id, oid, words, hash, family, known)                                    \
	[CERT_SIG_##id] = {{(const uint8_t *)(oid), sizeof(oid) - 1},                    \
			   words,                                                        \
			   HASH_##hash,                                                  \
			   CERT_FAMILY_##family,                                         \
			   CERT_KNOWN_##known},
#include "core/cert/cert-sigs.inc"
#undef CERT_SIG
};

static const struct {
	struct span oid, curve;
	const char *kernel, *words;
	enum cert_family family;
	enum cert_known known;
} algs[_CERT_ALG_MAX] = {
#define CERT_ALG(id, oid, curve, kernel, words, family, known)                           \
	[CERT_ALG_##id] = {{(const uint8_t *)(oid), sizeof(oid) - 1},                    \
			   {(const uint8_t *)(curve), sizeof(curve) - 1},                \
			   kernel,                                                       \
			   words,                                                        \
			   CERT_FAMILY_##family,                                         \
			   CERT_KNOWN_##known},
#include "core/cert/cert-algs.inc"
#undef CERT_ALG
};

enum cert_sig cert_sig_find(struct span oid)
{
	for (int i = 0; i < _CERT_SIG_MAX; i++)
		if (span_equal(oid, sigs[i].oid))
			return (enum cert_sig)i;
	return _CERT_SIG_MAX;
}

enum cert_alg cert_alg_find(struct span oid, struct span curve)
{
	for (int i = 0; i < _CERT_ALG_MAX; i++)
		if (span_equal(oid, algs[i].oid) && span_equal(curve, algs[i].curve))
			return (enum cert_alg)i;
	return _CERT_ALG_MAX;
}

bool cert_alg_has_curve(struct span oid)
{
	for (int i = 0; i < _CERT_ALG_MAX; i++)
		if (algs[i].curve.len && span_equal(oid, algs[i].oid))
			return true;
	return false;
}

const char *cert_sig_words(enum cert_sig sig)
{
	return sig < _CERT_SIG_MAX ? sigs[sig].words : "an unknown algorithm";
}

enum hash_alg cert_sig_hash(enum cert_sig sig)
{
	return sig < _CERT_SIG_MAX ? sigs[sig].hash : _HASH_ALG_INVALID;
}

enum cert_known cert_sig_known(enum cert_sig sig)
{
	return sig < _CERT_SIG_MAX ? sigs[sig].known : _CERT_KNOWN_MAX;
}

enum cert_family cert_sig_family(enum cert_sig sig)
{
	return sig < _CERT_SIG_MAX ? sigs[sig].family : _CERT_FAMILY_MAX;
}

const char *cert_alg_words(enum cert_alg alg)
{
	return alg < _CERT_ALG_MAX ? algs[alg].words : "an unknown kind of key";
}

const char *cert_alg_kernel(enum cert_alg alg)
{
	return alg < _CERT_ALG_MAX ? algs[alg].kernel : NULL;
}

enum cert_known cert_alg_known(enum cert_alg alg)
{
	return alg < _CERT_ALG_MAX ? algs[alg].known : _CERT_KNOWN_MAX;
}

enum cert_family cert_alg_family(enum cert_alg alg)
{
	return alg < _CERT_ALG_MAX ? algs[alg].family : _CERT_FAMILY_MAX;
}

/* The contents of the first certificate in PEM text; false: there is none. */
static bool unpack_pem(struct span text, struct strbuf *out)
{
	_cleanup_(BIO_free_allp) BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
	char *name = NULL, *header = NULL;
	unsigned char *data = NULL;
	bool found = false;
	long len;

	while (!found && bio && PEM_read_bio(bio, &name, &header, &data, &len) == 1) {
		found = strcmp(name, PEM_STRING_X509) == 0 ||
			strcmp(name, PEM_STRING_X509_OLD) == 0;
		if (found)
			strbuf_add(out, data, (size_t)len);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(data);
	}
	return found;
}

static bool looks_like_pem(struct span bytes)
{
	return bytes.len > 11 && memmem(bytes.ptr, bytes.len, "-----BEGIN ", 11);
}

static int not_one(const char *why, struct diag *reterr)
{
	return diag_set(reterr, DIAG_CERT, EBADMSG, "This is no certificate: %s.", why);
}

int cert_read(struct span bytes, struct cert **ret, struct diag *reterr)
{
	_cleanup_(cert_freep) struct cert *c = calloc(1, sizeof(*c));
	const unsigned char *spki;

	if (!c)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	if (!bytes.len || bytes.len > CERT_SIZE_MAX)
		return not_one(bytes.len ? "it is too large" : "it is empty", reterr);
	c->pem = looks_like_pem(bytes);
	if (!c->pem)
		strbuf_add(&c->der, bytes.ptr, bytes.len);
	else if (!unpack_pem(bytes, &c->der))
		return not_one("the PEM text holds none", reterr);
	cert_parse(c);
	spki = c->spki.ptr;
	if (c->spki.len)
		c->pkey = d2i_PUBKEY(NULL, &spki, (long)c->spki.len);
	if (c->der.failed || c->name.failed || c->signer.failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	*ret = take_ptr(c);
	return 0;
}

int cert_read_at(int dirfd, const char *path, struct cert **ret, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	char q[120];
	int r = fs_read_at(dirfd, path, CERT_SIZE_MAX, &text, reterr);

	if (r >= 0)
		r = cert_read(strbuf_span(&text), ret, reterr);
	if (r == -EBADMSG)
		return diag_set(reterr, DIAG_CERT, EBADMSG,
				"%s is neither a certificate in DER nor one in PEM.",
				str_quote(q, sizeof(q), span_of(path)));
	return r;
}

struct cert *cert_free(struct cert *c)
{
	if (!c)
		return NULL;
	strbuf_done(&c->der);
	strbuf_done(&c->name);
	strbuf_done(&c->signer);
	EVP_PKEY_free(c->pkey);
	free(c);
	return NULL;
}

void cert_description(const struct cert *c, struct strbuf *out)
{
	strbuf_adds(out, strbuf_str(&c->name));
	strbuf_adds(out, ": ");
	strbuf_addhex(out, c->skid.len ? c->skid : c->serial);
}

static bool tail(struct span s, uint8_t ret[CERT_KEYID])
{
	struct bytes in = bytes_of(s.ptr, s.len);
	struct span last;

	if (s.len < CERT_KEYID || !bytes_skip(&in, s.len - CERT_KEYID) ||
	    !bytes_take(&in, CERT_KEYID, &last))
		return false;
	memcpy(ret, last.ptr, CERT_KEYID);
	return true;
}

bool cert_keyid(const struct cert *c, uint8_t ret[CERT_KEYID])
{
	return tail(c->skid, ret) || tail(c->issuer, ret);
}

bool cert_keyid_of_key(const struct cert *c, uint8_t ret[CERT_KEYID])
{
	uint8_t sha1[EVP_MAX_MD_SIZE];
	unsigned len;

	return c->key.len &&
	       EVP_Digest(c->key.ptr, c->key.len, sha1, &len, EVP_sha1(), NULL) == 1 &&
	       tail((struct span){sha1, len}, ret);
}

/* asymmetric_key_generate_id(): the second id of a key is serial and issuer in a row. */
static bool is_serial_and_issuer(const struct cert *c, struct span serial,
				 struct span issuer)
{
	return c->serial.len + c->issuer.len == serial.len + issuer.len &&
	       span_equal(c->serial, serial) && span_equal(c->issuer, issuer);
}

bool cert_names_itself(const struct cert *c, bool *ret_half)
{
	bool by_serial = c->akid_issuer.ptr && c->akid_serial.ptr;
	bool skid_fits, serial_fits;

	*ret_half = false;
	if (!span_equal(c->subject, c->issuer))
		return false;
	if (!c->akid.ptr && !by_serial)
		return true;
	skid_fits = c->akid.ptr && c->skid.len && span_equal(c->skid, c->akid);
	serial_fits =
		by_serial && is_serial_and_issuer(c, c->akid_serial, c->akid_issuer);
	*ret_half = skid_fits != serial_fits && c->akid.ptr && by_serial;
	return skid_fits || serial_fits;
}

static size_t rsa_bytes(const struct cert *c)
{
	_cleanup_(BN_freep) BIGNUM *n = NULL;

	return c->pkey && EVP_PKEY_get_bn_param(c->pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1
		       ? (size_t)BN_num_bytes(n)
		       : 0;
}

/* crypto/rsa.c rsa_check_key_length() counts whole words of 64 bits, and
 * rsa-pkcs1pad.c pkcs1pad_verify() wants the signature as long as they are: what is not a
 * whole number of them never verifies. crypto/rsa_helper.c rsa_get_n() for FIPS mode. */
static bool rsa_usable(const struct cert *c, bool fips, char *why, size_t size)
{
	size_t bits = 8 * rsa_bytes(c);
	bool taken = bits == 2048 || bits == 3072 || bits == 4096;
	bool old = bits == 512 || bits == 1024 || bits == 1536;

	if (!taken && !old)
		(void)snprintf(why, size,
			       "the kernel uses RSA keys of 2048, 3072 and 4096 bits, "
			       "not of %zu",
			       bits);
	else if (fips && old)
		(void)snprintf(why, size, "in FIPS mode RSA keys have 2048 bits or more");
	return taken || (old && !fips);
}

static bool compressed(struct span point)
{
	struct bytes in = bytes_of(point.ptr, point.len);
	uint8_t form;

	return !bytes_u8(&in, &form) || form != 4;
}

bool cert_key_usable(const struct cert *c, bool fips, char *why, size_t size)
{
	why[0] = '\0';
	if (!cert_alg_kernel(c->alg))
		(void)snprintf(why, size, "no kernel verifies with %s",
			       cert_alg_words(c->alg));
	else if (!c->pkey)
		(void)snprintf(why, size, "OpenSSL cannot make sense of the key");
	else if (cert_alg_family(c->alg) == CERT_FAMILY_RSA)
		return rsa_usable(c, fips, why, size);
	/* crypto/ecdsa.c ecdsa_set_pub_key() */
	else if (cert_alg_family(c->alg) == CERT_FAMILY_ECDSA && compressed(c->key))
		(void)snprintf(why, size, "its point is compressed");
	return !why[0];
}

/* crypto/ecdsa.c ecdsa_get_signature_rs(): as unsigned numbers, of at most the curve's
 * bytes and one zero before them. Encoded anew, since OpenSSL takes only strict DER. */
static unsigned char *ecdsa_strict(struct span sig, int *ret_len)
{
	_cleanup_(ECDSA_SIG_freep) ECDSA_SIG *s = ECDSA_SIG_new();
	struct bytes in = bytes_of(sig.ptr, sig.len), inside;
	struct ber seq, r, v;
	unsigned char *out = NULL;
	BIGNUM *n[2];

	if (!s || ber_need(&in, BER_SEQ, &seq) < 0)
		return NULL;
	inside = ber_inside(&seq);
	if (ber_need(&inside, BER_INT, &r) < 0 || ber_need(&inside, BER_INT, &v) < 0 ||
	    bytes_left(&inside))
		return NULL;
	n[0] = BN_bin2bn(r.content.ptr, (int)r.content.len, NULL);
	n[1] = BN_bin2bn(v.content.ptr, (int)v.content.len, NULL);
	if (!n[0] || !n[1] || ECDSA_SIG_set0(s, n[0], n[1]) != 1) {
		BN_free(n[0]);
		BN_free(n[1]);
		return NULL;
	}
	*ret_len = i2d_ECDSA_SIG(s, &out);
	return *ret_len > 0 ? out : NULL;
}

static const EVP_MD *digest_of(enum cert_sig sig)
{
	return EVP_get_digestbyname(hash_alg_name(cert_sig_hash(sig)));
}

/* 1, 0, or -EOPNOTSUPP. */
static int verify(const struct cert *c, EVP_PKEY *pkey, const unsigned char *sig,
		  size_t len)
{
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const EVP_MD *md = digest_of(c->sig);

	if (!ctx || !md || EVP_DigestVerifyInit(ctx, NULL, md, NULL, pkey) != 1)
		return -EOPNOTSUPP;
	return EVP_DigestVerify(ctx, sig, len, c->tbs.ptr, c->tbs.len) == 1;
}

/* What does not fit is EKEYREJECTED, EBADMSG or EINVAL, by what comes out when it is
 * deciphered (rsa-pkcs1pad.c pkcs1pad_verify_complete()). */
static int verify_rsa(const struct cert *c, const struct cert *signer, int *ret_err)
{
	size_t bytes = rsa_bytes(signer);

	*ret_err = c->signature.len != bytes ? EINVAL : 0;
	return c->signature.len != bytes
		       ? 0
		       : verify(c, signer->pkey, c->signature.ptr, c->signature.len);
}

static int verify_ecdsa(const struct cert *c, const struct cert *signer, int *ret_err)
{
	unsigned char *sig;
	int len = 0, r;

	sig = ecdsa_strict(c->signature, &len);
	*ret_err = sig ? EKEYREJECTED : 0;
	if (!sig)
		return 0;
	r = verify(c, signer->pkey, sig, (size_t)len);
	OPENSSL_free(sig);
	return r;
}

int cert_signed_by(const struct cert *c, const struct cert *signer, bool fips,
		   int *ret_err)
{
	enum cert_family family = cert_sig_family(c->sig);
	char why[100];

	*ret_err = EKEYREJECTED;
	if (c->sig == _CERT_SIG_MAX || signer->alg == _CERT_ALG_MAX)
		return -EOPNOTSUPP;
	if (family != cert_alg_family(signer->alg))
		return 0; /* public_key_verify_signature() */
	if (family != CERT_FAMILY_RSA && family != CERT_FAMILY_ECDSA)
		return -EOPNOTSUPP;
	if (!signer->pkey)
		return -EOPNOTSUPP;
	if (!cert_key_usable(signer, fips, why, sizeof(why))) {
		*ret_err = EINVAL;
		return 0;
	}
	return family == CERT_FAMILY_RSA ? verify_rsa(c, signer, ret_err)
					 : verify_ecdsa(c, signer, ret_err);
}

int cert_tbs_digest(const struct cert *c, struct digest *ret)
{
	enum hash_alg alg = cert_sig_hash(c->sig);
	_cleanup_(hash_freep) struct hash_ctx *h = alg < 0 ? NULL : hash_new(alg, NULL);

	if (!h || !c->tbs.len)
		return -EOPNOTSUPP;
	ret->alg = alg;
	ret->size = (uint8_t)hash_alg_size(alg);
	hash_once(h, c->tbs, (struct span){0}, ret->value);
	return 0;
}

void cert_oid_text(struct strbuf *out, struct span oid)
{
	struct bytes in = bytes_of(oid.ptr, oid.len);
	uint64_t part = 0;
	bool first = true;
	uint8_t byte;

	while (bytes_u8(&in, &byte)) {
		if (part > UINT64_MAX >> 7) {
			strbuf_adds(out, ".?");
			return;
		}
		part = part << 7 | (byte & 0x7f);
		if (byte & 0x80)
			continue;
		if (first) {
			uint64_t top = part < 80 ? part / 40 : 2;

			strbuf_addf(out, "%llu.%llu", (unsigned long long)top,
				    (unsigned long long)(part - top * 40));
		} else
			strbuf_addf(out, ".%llu", (unsigned long long)part);
		first = false;
		part = 0;
	}
}
