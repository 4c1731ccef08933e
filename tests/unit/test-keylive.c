/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a recorded host; running kernels are asked in tests/lab/appraise-signed.scenario. */
#include "tests/unit/test.h"

#include "core/base/fs.h"
#include "core/base/hex.h"
#include "core/cert/keylive.h"
#include "tests/unit/testkeys.h"

static char dir[] = "/tmp/imactl-keylive.XXXXXX";
static struct root root;
static EVP_PKEY *pkey;

#define SKID "00112233445566778899aabbccddeeff0badcafe"

static void put(const char *name, const char *text, size_t len)
{
	assert_int_equal(fs_replace_at(root.host, name, text, len, 0600, NULL), 0);
}

static void put_text(const char *name, const char *text)
{
	put(name, text, strlen(text));
}

/* One key whose certificate was recorded, and one without. */
static int setup(void **state)
{
	X509 *cert;
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem;
	long len;

	if (!mkdtemp(dir) || root_open_host(&root, dir, NULL) < 0)
		return -1;
	pkey = EVP_EC_gen("P-256");
	cert = cert_of(pkey, SKID);
	assert_int_equal(PEM_write_bio_X509(bio, cert), 1);
	len = BIO_get_mem_data(bio, &pem);
	put("certs.pem", pem, (size_t)len);
	BIO_free(bio);
	X509_free(cert);
	put_text(
		"keys",
		"00000001 I------     1 perm 1f0b0000     0     0 keyring   .ima: 3\n"
		"00000002 I------     1 perm 1f030000     0     0 keyring   .evm: empty\n"
		"00000011 I------     1 perm 39010000     0     0 asymmetri subject: "
		"issuer: " SKID ": X509.ecdsa-nist-p256 0badcafe []\n"
		"00000012 I------     1 perm 39010000     0     0 asymmetri another: "
		"99aabbcc: X509.rsa 99aabbcc []\n"
		"00000013 I--R---     1 perm 39010000     0     0 asymmetri revoked: "
		"77777777: X509.rsa 77777777 []\n");
	put_text("keyrings.txt", "00000001 .ima: 00000011 00000012 00000013\n"
				 "00000002 .evm:\n");
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {"certs.pem", "keys", "keyrings.txt"};

	for (size_t i = 0; i < array_size(names); i++)
		(void)unlinkat(root.host, names[i], 0);
	root_done(&root);
	EVP_PKEY_free(pkey);
	return rmdir(dir);
}

static void named(const char *hex, struct imaxattr *ret)
{
	static uint8_t value[10] = {3, 2, 4, 0, 0, 0, 0, 0, 1, 's'};

	assert_int_equal(hex_decode(value + 3, span_of(hex)), 0);
	imaxattr_decode(IMAXATTR_IMA, (struct span){value, sizeof(value)}, ret);
}

static void test_add__keys_of_the_keyring(void **state)
{
	_cleanup_keyset_ struct keyset set = {0};
	const struct keyset_key *k;
	struct imaxattr x;

	assert_int_equal(keylive_add(&set, &root, IMAXATTR_IMA, NULL), 1);
	assert_int_equal(set.n, 2);
	named("0badcafe", &x);
	k = keyset_find(&set, &x);
	assert_non_null(k);
	assert_string_equal(keyset_words(k), "ECDSA P-256");
	assert_string_equal(keyset_name(k), "issuer");
	assert_string_equal(k->ring, ".ima");
	named("99aabbcc", &x);
	k = keyset_find(&set, &x);
	assert_non_null(k);
	assert_null(k->key);
	assert_string_equal(keyset_words(k), "rsa");
	assert_string_equal(keyset_name(k), "another");
	assert_int_equal(k->serial, 0x12);
	named("77777777", &x); /* revoked */
	assert_null(keyset_find(&set, &x));
}

/* Its keyring takes the key; Debian's 6.1 is built without ECDSA all the same. */
static void test_check__kind_that_the_kernel_lacks(void **state)
{
	_cleanup_keyset_ struct keyset set = {0};
	struct digest d = {.alg = HASH_SHA256, .size = 32};
	struct sig_ctx *ctx = sig_ctx_new();
	struct imaxattr x;

	put_text("config", "CONFIG_IMA=y\n# CONFIG_CRYPTO_ECDSA is not set\n");
	assert_int_equal(keylive_add(&set, &root, IMAXATTR_IMA, NULL), 1);
	assert_int_equal(unlinkat(root.host, "config", 0), 0);
	named("0badcafe", &x);
	assert_true(keyset_find(&set, &x)->useless);
	assert_int_equal(keyset_check(&set, ctx, &x, &d, NULL), SIG_USELESS);
	assert_int_equal(sig_verdict_errno(SIG_USELESS), -ENOENT);
	named("99aabbcc", &x);
	assert_false(keyset_find(&set, &x)->useless);
	sig_ctx_free(ctx);
}

/* Nobody can be asked: that is neither right nor wrong. */
static void test_check__without_the_kernel(void **state)
{
	_cleanup_keyset_ struct keyset set = {0};
	const struct keyset_key key = {.ring = ".ima",
				       .serial = 0x7fffffff,
				       .words = "rsa"};
	struct digest d = {.alg = HASH_SHA256, .size = 32};
	struct sig_ctx *ctx = sig_ctx_new();
	const struct keyset_key *found;
	struct imaxattr x;

	assert_int_equal(keyset_add_kernel(&set, &key, span_of("name"), NULL), 0);
	named("00000000", &x);
	assert_int_equal(keyset_check(&set, ctx, &x, &d, &found), SIG_IMPOSSIBLE);
	assert_string_equal(keyset_name(found), "name");
	d.alg = HASH_SHA1;
	assert_int_equal(keyset_check(&set, ctx, &x, &d, NULL), SIG_BAD);
	sig_ctx_free(ctx);
}

static void test_add__no_keyring(void **state)
{
	_cleanup_keyset_ struct keyset set = {0}, usual = {0};

	assert_int_equal(keylive_add(&set, &root, IMAXATTR_EVM, NULL), 1); /* empty */
	assert_int_equal(keylive_add_ring(&set, &root, KEYRING_PLATFORM, NULL), 0);
	assert_int_equal(set.n, 0);
	assert_int_equal(keylive_add_ring(&set, &root, KEYRING_IMA, NULL), 1);
	assert_int_equal(set.n, 2);
	keyset_done(&set);
	set = (struct keyset){0};
	assert_int_equal(set.n, 0);
	assert_int_equal(unlinkat(root.host, "keyrings.txt", 0), 0);
	assert_int_equal(keylive_add(&set, &root, IMAXATTR_IMA, NULL), 0);
	assert_int_equal(keylive_add_usual(&usual, &root, NULL), 0);
	assert_int_equal(usual.n, 1);
	assert_null(usual.keys[0].ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add__keys_of_the_keyring),
		cmocka_unit_test(test_check__kind_that_the_kernel_lacks),
		cmocka_unit_test(test_check__without_the_kernel),
		cmocka_unit_test(test_add__no_keyring),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
