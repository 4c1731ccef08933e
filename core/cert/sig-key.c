/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/cert/sig-internal.h"

DEFINE_CLEANUP(struct sig_key *, sig_key_free)
DEFINE_CLEANUP(BIO *, BIO_free_all)
DEFINE_CLEANUP(X509 *, X509_free)
DEFINE_CLEANUP(BIGNUM *, BN_free)
DEFINE_CLEANUP(X509_PUBKEY *, X509_PUBKEY_free)

enum { PEM_LIMIT = 65536 };

#define BIT(alg) (1u << HASH_##alg)
#define SHA2_AND_3                                                                       \
	(BIT(SHA1) | BIT(SHA224) | BIT(SHA256) | BIT(SHA384) | BIT(SHA512) |             \
	 BIT(SHA3_256) | BIT(SHA3_384) | BIT(SHA3_512))
#define RSA_HASHES   (SHA2_AND_3 | BIT(MD5) | BIT(RMD160))
#define ECDSA_HASHES SHA2_AND_3
#define SM2_HASHES   BIT(SM3)

static const struct {
	const char *type;
	const char *group;
	const char *kernel;
	const char *words;
	uint32_t hashes;
} kinds[_SIG_KIND_MAX] = {
#define SIG_KIND(id, type, group, kernel, words, hashes)                                 \
	[SIG_KIND_##id] = {type, group, kernel, words, hashes},
#include "core/cert/sig-kinds.inc"
#undef SIG_KIND
};

static enum sig_kind kind_of(const EVP_PKEY *pkey)
{
	char group[40] = "";

	(void)EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL);
	for (int i = 0; i < _SIG_KIND_MAX; i++)
		if (EVP_PKEY_is_a(pkey, kinds[i].type) &&
		    (!kinds[i].group || strcmp(kinds[i].group, group) == 0))
			return (enum sig_kind)i;
	return _SIG_KIND_MAX;
}

static int out_of_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

static void tail(const uint8_t *bytes, size_t len, uint8_t *ret, size_t n)
{
	if (len >= n)
		memcpy(ret, bytes + len - n, n);
}

/* SHA-1 of the bits of the public key, as openssl makes a SKID. */
static void id_of_bits(const X509_PUBKEY *pub, uint8_t id[IMAXATTR_KEYID])
{
	uint8_t sha1[SHA_DIGEST_LENGTH];
	const uint8_t *bits;
	int len;

	if (X509_PUBKEY_get0_param(NULL, &bits, &len, NULL, pub) == 1 &&
	    EVP_Digest(bits, (size_t)len, sha1, NULL, EVP_sha1(), NULL) == 1)
		tail(sha1, sizeof(sha1), id, IMAXATTR_KEYID);
}

/* A number as lib/mpi reads it: be16 bits, bytes. Appends nothing when it is not there. */
static void add_mpi(struct strbuf *out, const EVP_PKEY *pkey, const char *param)
{
	_cleanup_(BN_freep) BIGNUM *n = NULL;
	_cleanup_free_ uint8_t *bytes = NULL;
	int len;

	if (EVP_PKEY_get_bn_param(pkey, param, &n) != 1)
		return;
	len = BN_num_bytes(n);
	bytes = malloc((size_t)len);
	if (!bytes || BN_bn2bin(n, bytes) != len) {
		out->failed = true;
		return;
	}
	strbuf_addc(out, (char)(BN_num_bits(n) >> 8));
	strbuf_addc(out, (char)(BN_num_bits(n) & 0xff));
	strbuf_add(out, bytes, (size_t)len);
}

/* The id of version 1: last 8 bytes of the SHA-1 of the key as user space loads it,
 * struct pubkey_hdr of include/linux/digsig.h (version 1, time 0, RSA, two numbers). */
static void id_of_v1(const EVP_PKEY *pkey, uint8_t id[SIG_ID_V1])
{
	static const uint8_t header[7] = {1, 0, 0, 0, 0, 0, 2};
	_cleanup_strbuf_ struct strbuf b = {0};
	uint8_t sha1[SHA_DIGEST_LENGTH];

	strbuf_add(&b, header, sizeof(header));
	add_mpi(&b, pkey, OSSL_PKEY_PARAM_RSA_N);
	add_mpi(&b, pkey, OSSL_PKEY_PARAM_RSA_E);
	if (!b.failed && EVP_Digest(b.ptr, b.len, sha1, NULL, EVP_sha1(), NULL) == 1)
		tail(sha1, sizeof(sha1), id, SIG_ID_V1);
}

/* @pkey is taken over, also on failure; NULL stands for a key OpenSSL does not know. */
static struct sig_key *key_new(EVP_PKEY *pkey, const char *words)
{
	struct sig_key *k = calloc(1, sizeof(*k));

	if (!k) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	k->pkey = pkey;
	k->kind = pkey ? kind_of(pkey) : _SIG_KIND_MAX;
	if (k->kind < _SIG_KIND_MAX)
		words = kinds[k->kind].words;
	else if (pkey)
		words = EVP_PKEY_get0_type_name(pkey);
	(void)snprintf(k->words, sizeof(k->words), "%s", words ? words : "unknown");
	if (k->kind == SIG_KIND_RSA) {
		(void)snprintf(k->words, sizeof(k->words), "%s %d", words,
			       EVP_PKEY_get_bits(pkey));
		id_of_v1(pkey, k->id_v1);
	}
	return k;
}

struct sig_key *sig_key_free(struct sig_key *key)
{
	if (key) {
		EVP_PKEY_free(key->pkey);
		X509_free(key->cert);
		if (key->engine)
			sig_engine_drop(key->engine);
		free(key);
	}
	return NULL;
}

static struct sig_key *key_of_pubkey(const X509_PUBKEY *pub)
{
	EVP_PKEY *pkey = X509_PUBKEY_get(pub);
	ASN1_OBJECT *oid = NULL;
	char words[64] = "unknown";
	struct sig_key *k;

	if (X509_PUBKEY_get0_param(&oid, NULL, NULL, NULL, pub) == 1)
		(void)OBJ_obj2txt(words, sizeof(words), oid, 0);
	k = key_new(pkey, words);
	if (k)
		id_of_bits(pub, k->id);
	return k;
}

/* Which 4 bytes "id:%08x" of digsig_asymmetric.c finds: x509_public_key.c gives a key the
 * ids serial || issuer and SKID, asymmetric_type.c compares the ends of both. */
static void id_of_cert(X509 *cert, uint8_t id[IMAXATTR_KEYID])
{
	const ASN1_OCTET_STRING *skid = X509_get0_subject_key_id(cert);
	const uint8_t *der;
	size_t len;

	if (skid && ASN1_STRING_length(skid) >= IMAXATTR_KEYID)
		tail(ASN1_STRING_get0_data(skid), (size_t)ASN1_STRING_length(skid), id,
		     IMAXATTR_KEYID);
	else if (X509_NAME_get0_der(X509_get_issuer_name(cert), &der, &len) == 1)
		tail(der, len, id, IMAXATTR_KEYID);
}

/* The subject as a person knows it: common name, else organization, else mail address. */
static void name_of_cert(X509 *cert, char *ret, size_t size)
{
	static const int nids[] = {NID_commonName, NID_organizationName,
				   NID_pkcs9_emailAddress};
	X509_NAME *subject = X509_get_subject_name(cert);
	unsigned char *text = NULL;
	int at = -1;

	for (size_t i = 0; at < 0 && i < array_size(nids); i++)
		at = X509_NAME_get_index_by_NID(subject, nids[i], -1);
	if (at >= 0 &&
	    ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(
					       X509_NAME_get_entry(subject, at))) >= 0)
		(void)snprintf(ret, size, "%s", (const char *)text);
	OPENSSL_free(text);
}

static BIO *bio_of(struct span bytes)
{
	return bytes.len && bytes.len <= INT_MAX
		       ? BIO_new_mem_buf(bytes.ptr, (int)bytes.len)
		       : NULL;
}

/* Never asks at a terminal, which OpenSSL does when it is given no callback. */
static int ask_nobody(char *buf, int size, int writing, void *data)
{
	return -1;
}

static X509 *read_cert(struct span bytes)
{
	_cleanup_(BIO_free_allp) BIO *bio = bio_of(bytes);
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, ask_nobody, NULL) : NULL;
	const unsigned char *at = bytes.ptr;

	return cert || bytes.len > LONG_MAX ? cert : d2i_X509(NULL, &at, (long)bytes.len);
}

static X509_PUBKEY *read_pubkey(struct span bytes)
{
	_cleanup_(BIO_free_allp) BIO *bio = bio_of(bytes);
	const unsigned char *at = bytes.ptr;
	X509_PUBKEY *pub = NULL;
	unsigned char *der = NULL;
	long len;

	if (bio && PEM_bytes_read_bio(&der, &len, NULL, PEM_STRING_PUBLIC, bio,
				      ask_nobody, NULL) == 1) {
		at = der;
		pub = d2i_X509_PUBKEY(NULL, &at, len);
		OPENSSL_free(der);
		return pub;
	}
	return bytes.len > LONG_MAX ? NULL : d2i_X509_PUBKEY(NULL, &at, (long)bytes.len);
}

int sig_key_public(struct span bytes, struct sig_key **ret, struct diag *reterr)
{
	_cleanup_(X509_freep) X509 *cert = read_cert(bytes);
	_cleanup_(X509_PUBKEY_freep) X509_PUBKEY *pub = cert ? NULL : read_pubkey(bytes);
	struct sig_key *k = NULL;

	if (cert)
		k = key_of_pubkey(X509_get_X509_PUBKEY(cert));
	else if (pub)
		k = key_of_pubkey(pub);
	ERR_clear_error();
	if (!cert && !pub)
		return diag_set(reterr, DIAG_KEY_FORMAT, EBADMSG,
				"This is no certificate and no public key.");
	if (!k)
		return out_of_memory(reterr);
	if (cert) {
		id_of_cert(cert, k->id);
		name_of_cert(cert, k->name, sizeof(k->name));
		k->cert = take_ptr(cert);
	}
	*ret = k;
	return 0;
}

void sig_key_ask(struct sig_asking *a)
{
	if (!a->asked)
		a->n = a->pass && a->pass->ask
			       ? a->pass->ask(a->answer, sizeof(a->answer), a->pass->data)
			       : -ENOKEY;
	a->asked = true;
}

static int ask_pass(char *buf, int size, int writing, void *data)
{
	struct sig_asking *a = data;

	sig_key_ask(a);
	if (a->n < 0 || a->n > size)
		return -1;
	memcpy(buf, a->answer, (size_t)a->n);
	return a->n;
}

int sig_key_asking_failed(const char *name, const struct sig_asking *a,
			  struct diag *reterr)
{
	char quoted[140];

	(void)str_quote(quoted, sizeof(quoted), span_of(name));
	if (a->n == -ENOKEY)
		return diag_set(reterr, DIAG_KEY_PASSPHRASE, EACCES,
				"The private key in %s needs a passphrase, and none was "
				"given.",
				quoted);
	if (a->n < 0)
		return diag_set(reterr, DIAG_KEY_PASSPHRASE, EACCES,
				"The passphrase for %s could not be had: %s.", quoted,
				diag_errno(-a->n));
	return 0;
}

static int read_failed(const char *name, const struct sig_asking *a, struct diag *reterr)
{
	int r = sig_key_asking_failed(name, a, reterr);
	char quoted[140];

	if (r < 0)
		return r;
	(void)str_quote(quoted, sizeof(quoted), span_of(name));
	if (a->asked)
		return diag_set(reterr, DIAG_KEY_PASSPHRASE, EACCES,
				"The passphrase does not open the private key in %s.",
				quoted);
	return diag_set(reterr, DIAG_KEY_FORMAT, EBADMSG,
			"There is no private key in %s.", quoted);
}

/* Public half, for the id and to compare. */
static void id_of_private(EVP_PKEY *pkey, uint8_t id[IMAXATTR_KEYID])
{
	X509_PUBKEY *pub = NULL;

	if (X509_PUBKEY_set(&pub, pkey) == 1)
		id_of_bits(pub, id);
	X509_PUBKEY_free(pub);
}

int sig_key_take(EVP_PKEY *pkey, struct sig_key **ret, struct diag *reterr)
{
	_cleanup_(sig_key_freep) struct sig_key *k = key_new(pkey, NULL);

	if (!k)
		return out_of_memory(reterr);
	if (k->kind == _SIG_KIND_MAX)
		return diag_set(reterr, DIAG_KEY_KIND, EOPNOTSUPP,
				"No kernel verifies with keys of kind %s.", k->words);
	id_of_private(pkey, k->id);
	*ret = take_ptr(k);
	return 0;
}

static int parse_private(struct span pem, const char *name, const struct sig_pass *pass,
			 struct sig_key **ret, struct diag *reterr)
{
	_cleanup_(BIO_free_allp) BIO *bio = bio_of(pem);
	_cleanup_(sig_key_freep) struct sig_key *k = NULL;
	_cleanup_(X509_freep) X509 *cert = NULL;
	struct sig_asking asking = {.pass = pass};
	EVP_PKEY *pkey;
	int r;

	pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, ask_pass, &asking) : NULL;
	explicit_bzero(asking.answer, sizeof(asking.answer));
	if (!pkey)
		return read_failed(name, &asking, reterr);
	r = sig_key_take(pkey, &k, reterr);
	if (r < 0)
		return r;
	cert = read_cert(pem);
	if (cert && X509_check_private_key(cert, pkey) == 1) {
		id_of_cert(cert, k->id);
		name_of_cert(cert, k->name, sizeof(k->name));
	}
	*ret = take_ptr(k);
	return 0;
}

/* Into one buffer that is wiped: growing ones leave copies behind. */
static ssize_t read_all(int fd, uint8_t *buf, size_t size)
{
	size_t n = 0;

	for (;;) {
		ssize_t r = read(fd, buf + n, size - n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		n += (size_t)r;
		if (r == 0 || n == size)
			return (ssize_t)n;
	}
}

int sig_key_private(int fd, const char *name, const struct sig_pass *pass,
		    struct sig_key **ret, struct diag *reterr)
{
	_cleanup_free_ uint8_t *pem = malloc(PEM_LIMIT);
	char quoted[140];
	ssize_t n;
	int r;

	if (!pem)
		return out_of_memory(reterr);
	n = read_all(fd, pem, PEM_LIMIT);
	if (n < 0)
		r = diag_set(reterr, DIAG_READ, (int)-n, "Cannot read %s: %s.",
			     str_quote(quoted, sizeof(quoted), span_of(name)),
			     diag_errno((int)-n));
	else
		r = parse_private((struct span){pem, (size_t)n}, name, pass, ret, reterr);
	ERR_clear_error();
	explicit_bzero(pem, PEM_LIMIT);
	return r;
}

int sig_key_certify(struct sig_key *key, const struct sig_key *cert, struct diag *reterr)
{
	if (!key->pkey || !cert->pkey || EVP_PKEY_eq(key->pkey, cert->pkey) != 1)
		return diag_set(reterr, DIAG_KEY_OTHER, EINVAL,
				"The certificate is not one of this private key.");
	memcpy(key->id, cert->id, sizeof(key->id));
	memcpy(key->name, cert->name, sizeof(key->name));
	return 0;
}

void sig_key_set_id(struct sig_key *key, const uint8_t id[IMAXATTR_KEYID])
{
	memcpy(key->id, id, sizeof(key->id));
}

struct span sig_key_id(const struct sig_key *key)
{
	return (struct span){key->id, sizeof(key->id)};
}

struct span sig_key_id_v1(const struct sig_key *key)
{
	return (struct span){key->id_v1, key->kind == SIG_KIND_RSA ? SIG_ID_V1 : 0};
}

const char *sig_key_words(const struct sig_key *key)
{
	return key->words;
}

void sig_key_title(const struct sig_key *key, const char *what, struct strbuf *out)
{
	strbuf_addf(out, "%s with the key ", what);
	strbuf_addhex(out, sig_key_id(key));
	strbuf_addf(out, " (%s)", sig_key_words(key));
}

const char *sig_key_name(const struct sig_key *key)
{
	return key->name;
}

const char *sig_key_kernel(const struct sig_key *key)
{
	return key->kind < _SIG_KIND_MAX ? kinds[key->kind].kernel : NULL;
}

bool sig_key_takes(const struct sig_key *key, enum hash_alg alg)
{
	return key->kind < _SIG_KIND_MAX && hash_alg_size(alg) &&
	       kinds[key->kind].hashes & 1u << alg;
}

enum hash_alg sig_key_hash(const struct sig_key *key)
{
	return sig_key_takes(key, HASH_SHA256) ? HASH_SHA256 : HASH_SM3;
}
