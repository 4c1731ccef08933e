/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/host/hashalg.h"
#include "core/cert/sig-cms.h"
#include "tests/unit/testcms.h"

DEFINE_CLEANUP(struct sig_cms *, sig_cms_free)

enum { KEY_RSA, KEY_EC, N_KEYS };
static const char text[] = "contents";
static EVP_PKEY *pkey[N_KEYS];
static X509 *cert[N_KEYS];
static struct sig_key *key[N_KEYS];
static struct sig_ctx *ctx;

static int make(void **state)
{
	pkey[KEY_RSA] = EVP_RSA_gen(2048);
	pkey[KEY_EC] = EVP_EC_gen("P-256");
	ctx = sig_ctx_new();
	for (int i = 0; i < N_KEYS; i++) {
		cert[i] = cert_of(pkey[i], "hash");
		assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert[i]), i + 1),
				 1);
		assert_true(X509_sign(cert[i], pkey[i], EVP_sha256()) > 0);
		key[i] = public_of(cert[i]);
	}
	return 0;
}

static int clear(void **state)
{
	for (int i = 0; i < N_KEYS; i++) {
		sig_key_free(key[i]);
		X509_free(cert[i]);
		EVP_PKEY_free(pkey[i]);
	}
	sig_ctx_free(ctx);
	return 0;
}

/* NULL: it could not be read. */
static struct sig_cms *parse(CMS_ContentInfo *c)
{
	_cleanup_strbuf_ struct strbuf der = {0};
	struct sig_cms *cms = NULL;

	cms_put(c, &der);
	if (sig_cms_parse(strbuf_span(&der), &cms) < 0)
		return NULL;
	return cms;
}

static struct sig_cms *signed_by(int k, const EVP_MD *md, unsigned int flags)
{
	return parse(cms_of(cert[k], pkey[k], NULL, md, text, flags));
}

static enum sig_verdict check(const struct sig_cms *cms, size_t signer,
			      const struct sig_key *with, const char *contents)
{
	struct digest d;

	assert_int_equal(hash_of(sig_cms_hash(cms, signer), span_of(contents), &d, NULL),
			 0);
	return sig_cms_check(cms, signer, ctx, with, &d);
}

static void test_parse__what_is_none(void **state)
{
	_cleanup_(sig_cms_freep) struct sig_cms *cms = NULL;
	BIO *nothing = BIO_new(BIO_s_null());

	assert_int_equal(sig_cms_parse(span_of("no message"), &cms), -EBADMSG);
	assert_int_equal(sig_cms_parse((struct span){0}, &cms), -EBADMSG);
	assert_null(parse(CMS_data_create(nothing, CMS_DETACHED)));
	BIO_free(nothing);
	assert_null(cms);
}

static void test_check__contents_and_key(void **state)
{
	for (int k = 0; k < N_KEYS; k++) {
		_cleanup_(sig_cms_freep) struct sig_cms *cms =
			signed_by(k, EVP_sha512(), CMS_AS_KERNEL);

		assert_non_null(cms);
		assert_int_equal(sig_cms_signers(cms), 1);
		assert_int_equal(sig_cms_hash(cms, 0), HASH_SHA512);
		assert_int_equal(sig_cms_flaw(cms), SIG_GOOD);
		assert_int_equal(check(cms, 0, key[!k], text), SIG_NO_KEY);
		assert_int_equal(check(cms, 0, key[k], "other"), SIG_BAD);
		assert_int_equal(check(cms, 0, key[k], text), SIG_GOOD);
	}
}

/* Named by the SKID; so may be a key without a certificate. */
static void test_check__by_key_id(void **state)
{
	_cleanup_(sig_cms_freep) struct sig_cms *cms =
		signed_by(KEY_RSA, EVP_sha256(), CMS_AS_KERNEL | CMS_USE_KEYID);
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(pkey[KEY_RSA], &der);
	struct sig_key *bare = NULL;

	assert_int_equal(sig_key_public((struct span){der, (size_t)len}, &bare, NULL), 0);
	assert_int_equal(check(cms, 0, key[KEY_RSA], text), SIG_GOOD);
	assert_int_equal(check(cms, 0, key[KEY_EC], text), SIG_NO_KEY);
	assert_int_equal(check(cms, 0, bare, text), SIG_GOOD);
	assert_int_equal(check(cms, 0, bare, "other"), SIG_BAD);
	sig_key_free(bare);
	OPENSSL_free(der);
}

static void test_check__every_signer(void **state)
{
	CMS_ContentInfo *c = cms_of(cert[KEY_RSA], pkey[KEY_RSA], NULL, EVP_sha256(),
				    text, CMS_AS_KERNEL | CMS_REUSE_DIGEST);
	CMS_ContentInfo *both = cms_of(cert[KEY_EC], pkey[KEY_EC], NULL, EVP_sha256(),
				       text, CMS_AS_KERNEL);
	_cleanup_(sig_cms_freep) struct sig_cms *cms = NULL;

	assert_int_equal(sk_CMS_SignerInfo_push(CMS_get0_SignerInfos(c),
						sk_CMS_SignerInfo_shift(
							CMS_get0_SignerInfos(both))),
			 2);
	CMS_ContentInfo_free(both);
	cms = parse(c);
	assert_int_equal(sig_cms_signers(cms), 2);
	for (size_t i = 0; i < 2; i++) {
		int good = 0, none = 0;

		for (int k = 0; k < N_KEYS; k++) {
			enum sig_verdict v = check(cms, i, key[k], text);

			good += v == SIG_GOOD;
			none += v == SIG_NO_KEY;
		}
		assert_int_equal(good, 1);
		assert_int_equal(none, 1);
	}
}

static void test_flaw__what_kernels_refuse(void **state)
{
	_cleanup_(sig_cms_freep) struct sig_cms *attributes =
		signed_by(KEY_RSA, EVP_sha256(), CMS_NOCERTS | CMS_BINARY | CMS_DETACHED);
	_cleanup_(sig_cms_freep) struct sig_cms *own =
		signed_by(KEY_RSA, EVP_sha256(), CMS_NOCERTS | CMS_BINARY | CMS_NOATTR);

	assert_int_equal(sig_cms_flaw(attributes), SIG_ATTRIBUTES);
	assert_int_equal(sig_verdict_errno(SIG_ATTRIBUTES), -EKEYREJECTED);
	assert_int_equal(sig_cms_flaw(own), SIG_OWN_DATA);
}

static void add_ext(X509 *c, X509 *ca, int nid, const char *value)
{
	X509V3_CTX about;
	X509_EXTENSION *e;

	X509V3_set_ctx(&about, ca, c, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &about, nid, value);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(c, e, -1), 1);
	X509_EXTENSION_free(e);
}

/* A certificate in the message that the trusted key has issued. */
static void test_check__chain(void **state)
{
	EVP_PKEY *leaf_key = EVP_EC_gen("P-384");
	X509 *leaf = cert_of(leaf_key, "hash"), *other;
	_cleanup_(sig_cms_freep) struct sig_cms *cms = NULL, *alone = NULL,
						*forged = NULL;
	_cleanup_strbuf_ struct strbuf der = {0};

	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(leaf), 9), 1);
	other = X509_dup(leaf);
	add_ext(leaf, cert[KEY_RSA], NID_authority_key_identifier, "keyid:always");
	assert_true(X509_sign(leaf, pkey[KEY_RSA], EVP_sha256()) > 0);
	cms = parse(cms_of(leaf, leaf_key, NULL, EVP_sha384(), text,
			   CMS_AS_KERNEL & ~CMS_NOCERTS));
	alone = parse(cms_of(leaf, leaf_key, NULL, EVP_sha384(), text, CMS_AS_KERNEL));
	assert_int_equal(check(cms, 0, key[KEY_RSA], text), SIG_GOOD);
	assert_int_equal(check(cms, 0, key[KEY_RSA], "other"), SIG_BAD);
	assert_int_equal(check(cms, 0, key[KEY_EC], text), SIG_NO_KEY);
	assert_int_equal(check(alone, 0, key[KEY_RSA], text), SIG_NO_KEY);
	assert_false(sig_cms_chain(alone, 0, 0, &der));
	assert_true(sig_cms_chain(cms, 0, 0, &der));
	assert_int_equal(der.len, i2d_X509(leaf, NULL));
	assert_false(sig_cms_chain(cms, 0, 1, &der)); /* its issuer is not in it */
	add_ext(other, cert[KEY_RSA], NID_authority_key_identifier, "keyid:always");
	assert_true(X509_sign(other, pkey[KEY_EC], EVP_sha256()) >
		    0); /* by another one */
	forged = parse(cms_of(other, leaf_key, NULL, EVP_sha384(), text,
			      CMS_AS_KERNEL & ~CMS_NOCERTS));
	assert_int_equal(check(forged, 0, key[KEY_RSA], text), SIG_NO_KEY);
	X509_free(leaf);
	X509_free(other);
	EVP_PKEY_free(leaf_key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse__what_is_none),
		cmocka_unit_test(test_check__contents_and_key),
		cmocka_unit_test(test_check__by_key_id),
		cmocka_unit_test(test_check__every_signer),
		cmocka_unit_test(test_flaw__what_kernels_refuse),
		cmocka_unit_test(test_check__chain),
	};

	return cmocka_run_group_tests(tests, make, clear);
}
