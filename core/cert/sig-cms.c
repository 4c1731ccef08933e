/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/cert/sig-cms.h"

#include <errno.h>
#include <limits.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/host/hashalg.h"
#include "core/cert/sig-internal.h"

enum { MANY = 32 }; /* certificates, signers: more than anybody makes */

struct signer {
	CMS_SignerInfo *info; /* the message's */
	enum hash_alg alg;
	const struct sig_key *cert; /* in the message; NULL: it is not */
};

struct sig_cms {
	CMS_ContentInfo *msg;
	bool attributes; /* every signer signs some */
	bool many;	 /* what is more is left out */
	struct signer *signers;
	size_t n;
	struct sig_key **certs;
	size_t n_certs;
};

DEFINE_CLEANUP(struct sig_cms *, sig_cms_free)

struct sig_cms *sig_cms_free(struct sig_cms *cms)
{
	if (!cms)
		return NULL;
	for (size_t i = 0; i < cms->n_certs; i++)
		sig_key_free(cms->certs[i]);
	free(cms->certs);
	free(cms->signers);
	CMS_ContentInfo_free(cms->msg);
	free(cms);
	return NULL;
}

/* Reading */

static int add_cert(struct sig_cms *cms, X509 *cert)
{
	unsigned char *der = NULL;
	int len = i2d_X509(cert, &der), r = -ENOMEM;

	if (len >= 0)
		r = sig_key_public((struct span){der, (size_t)len},
				   &cms->certs[cms->n_certs], NULL);
	OPENSSL_free(der);
	cms->n_certs += r == 0;
	return r;
}

static int read_certs(struct sig_cms *cms)
{
	STACK_OF(X509) *certs = CMS_get1_certs(cms->msg);
	int n = certs ? sk_X509_num(certs) : 0, r = 0;

	cms->many |= n > MANY;
	cms->certs = calloc(MANY, sizeof(struct sig_key *));
	if (!cms->certs)
		r = -ENOMEM;
	for (int i = 0; r == 0 && i < n && i < MANY; i++)
		r = add_cert(cms, sk_X509_value(certs, i));
	sk_X509_pop_free(certs, X509_free);
	return r;
}

static enum hash_alg hash_of_oid(const X509_ALGOR *alg)
{
	const ASN1_OBJECT *oid;

	X509_ALGOR_get0(&oid, NULL, NULL, alg);
	for (int a = 0; a < _HASH_ALG_MAX; a++) {
		const char *name = hash_openssl_name((enum hash_alg)a);
		const EVP_MD *md = name ? EVP_get_digestbyname(name) : NULL;

		if (md && EVP_MD_get_type(md) == OBJ_obj2nid(oid))
			return (enum hash_alg)a;
	}
	return _HASH_ALG_INVALID;
}

/* pkcs7_sig_note_pkey_algo(): RSA by the name of its keys, elliptic curves by that of the
 * signature. */
static bool kernel_knows(const X509_ALGOR *alg)
{
	const ASN1_OBJECT *oid;
	int nid, hash, key;

	X509_ALGOR_get0(&oid, NULL, NULL, alg);
	nid = OBJ_obj2nid(oid);
	return nid == NID_rsaEncryption ||
	       (OBJ_find_sigid_algs(nid, &hash, &key) == 1 &&
		(key == NID_X9_62_id_ecPublicKey || key == NID_sm2));
}

/* pkcs7_find_key() looks for issuer and serial number alone. */
static const struct sig_key *cert_of(const struct sig_cms *cms, CMS_SignerInfo *info)
{
	X509_NAME *issuer = NULL;

	if (CMS_SignerInfo_get0_signer_id(info, NULL, &issuer, NULL) != 1 || !issuer)
		return NULL;
	for (size_t i = 0; i < cms->n_certs; i++)
		if (CMS_SignerInfo_cert_cmp(info, cms->certs[i]->cert) == 0)
			return cms->certs[i];
	return NULL;
}

static int add_signer(struct sig_cms *cms, CMS_SignerInfo *info)
{
	bool attributes = CMS_signed_get_attr_count(info) >= 0;
	X509_ALGOR *digest, *signature;
	struct signer *s = &cms->signers[cms->n];

	CMS_SignerInfo_get0_algs(info, NULL, NULL, &digest, &signature);
	*s = (struct signer){info, hash_of_oid(digest), cert_of(cms, info)};
	if (s->alg < 0 || !kernel_knows(signature) ||
	    (cms->n && attributes != cms->attributes))
		return -EBADMSG;
	cms->attributes = attributes;
	cms->n++;
	return 0;
}

static int read_signers(struct sig_cms *cms)
{
	STACK_OF(CMS_SignerInfo) *infos = CMS_get0_SignerInfos(cms->msg);
	int n = infos ? sk_CMS_SignerInfo_num(infos) : 0, r = n > 0 ? 0 : -EBADMSG;

	cms->many |= n > MANY;
	cms->signers = calloc(MANY, sizeof(*cms->signers));
	if (!cms->signers)
		return -ENOMEM;
	for (int i = 0; r == 0 && i < n && i < MANY; i++)
		r = add_signer(cms, sk_CMS_SignerInfo_value(infos, i));
	return r;
}

static int read_message(struct sig_cms *cms, struct span der)
{
	const unsigned char *at = der.ptr;
	int r;

	if (der.len <= LONG_MAX)
		cms->msg = d2i_CMS_ContentInfo(NULL, &at, (long)der.len);
	if (!cms->msg || OBJ_obj2nid(CMS_get0_type(cms->msg)) != NID_pkcs7_signed ||
	    OBJ_obj2nid(CMS_get0_eContentType(cms->msg)) != NID_pkcs7_data)
		return -EBADMSG;
	r = read_certs(cms);
	return r < 0 ? r : read_signers(cms);
}

int sig_cms_parse(struct span der, struct sig_cms **ret)
{
	_cleanup_(sig_cms_freep) struct sig_cms *cms = calloc(1, sizeof(*cms));
	int r = cms ? read_message(cms, der) : -ENOMEM;

	ERR_clear_error();
	if (r == 0)
		*ret = take_ptr(cms);
	return r;
}

size_t sig_cms_signers(const struct sig_cms *cms)
{
	return cms->n;
}

enum hash_alg sig_cms_hash(const struct sig_cms *cms, size_t signer)
{
	return cms->signers[signer].alg;
}

enum sig_verdict sig_cms_flaw(const struct sig_cms *cms)
{
	if (cms->attributes)
		return SIG_ATTRIBUTES;
	if (!CMS_is_detached(cms->msg))
		return SIG_OWN_DATA;
	return cms->many ? SIG_IMPOSSIBLE : SIG_GOOD;
}

/* Verifying */

/* By its certificate; of a bare key only the end of its id is known. */
static bool names(CMS_SignerInfo *info, const struct sig_key *key)
{
	ASN1_OCTET_STRING *skid = NULL;
	const uint8_t *bytes;
	int len;

	if (key->cert)
		return CMS_SignerInfo_cert_cmp(info, key->cert) == 0;
	if (CMS_SignerInfo_get0_signer_id(info, &skid, NULL, NULL) != 1 || !skid)
		return false;
	bytes = ASN1_STRING_get0_data(skid);
	len = ASN1_STRING_length(skid);
	return len >= IMAXATTR_KEYID &&
	       memcmp(bytes + len - IMAXATTR_KEYID, key->id, IMAXATTR_KEYID) == 0;
}

/* The kernel goes by the ids a certificate gives of its issuer. */
static bool issued(const struct sig_key *ca, const struct sig_key *key)
{
	const ASN1_OCTET_STRING *want = X509_get0_authority_key_id(key->cert), *have;

	if (!want || !ca->cert || !ca->pkey)
		return false;
	have = X509_get0_subject_key_id(ca->cert);
	return have && ASN1_OCTET_STRING_cmp(want, have) == 0 &&
	       X509_verify(key->cert, ca->pkey) == 1;
}

static const struct sig_key *issuer_of(const struct sig_cms *cms,
				       const struct sig_key *key)
{
	for (size_t i = 0; i < cms->n_certs; i++)
		if (cms->certs[i] != key && issued(cms->certs[i], key))
			return cms->certs[i];
	return NULL;
}

bool sig_cms_chain(const struct sig_cms *cms, size_t signer, size_t i, struct strbuf *ret)
{
	const struct sig_key *cert = cms->signers[signer].cert;
	unsigned char *der = NULL;
	int len;

	if (i >= cms->n_certs) /* or they go round in circles */
		return false;
	while (cert && i-- > 0)
		cert = issuer_of(cms, cert);
	ERR_clear_error();
	len = cert ? i2d_X509(cert->cert, &der) : -1;
	if (len >= 0)
		strbuf_add(ret, der, (size_t)len);
	OPENSSL_free(der);
	return len >= 0;
}

/* Without signed attributes it is the digest of the contents that is signed, as in
 * security.ima. */
static enum sig_verdict check(const struct signer *s, struct sig_ctx *ctx,
			      const struct sig_key *key, const struct digest *digest)
{
	const ASN1_OCTET_STRING *value = CMS_SignerInfo_get0_signature(s->info);
	struct imaxattr x = {
		.type = IMAXATTR_SIG,
		.version = 2,
		.hash = s->alg,
		.sig = {ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)},
	};

	return sig_check(ctx, key, &x, digest);
}

enum sig_verdict sig_cms_check(const struct sig_cms *cms, size_t signer,
			       struct sig_ctx *ctx, const struct sig_key *key,
			       const struct digest *digest)
{
	const struct signer *s = &cms->signers[signer];
	const struct sig_key *cert = s->cert;
	enum sig_verdict v = SIG_NO_KEY;

	if (names(s->info, key))
		return check(s, ctx, key, digest);
	for (size_t i = 0; v == SIG_NO_KEY && cert && i < cms->n_certs; i++) {
		if (issued(key, cert))
			v = check(s, ctx, s->cert, digest);
		cert = issuer_of(cms, cert);
	}
	ERR_clear_error();
	return v;
}
