/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys, signatures and verdicts with keys made here; test-sig-tools.c holds them against
 * evmctl and openssl, test-xattrs.c against recorded values. */
#include "tests/unit/test.h"

#include <errno.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "core/base/cleanup.h"
#include "core/base/hex.h"
#include "core/cert/sig.h"
#include "tests/unit/testkeys.h"

DEFINE_CLEANUP(struct sig_key *, sig_key_free)

static struct sig_ctx *ctx;
static EVP_PKEY *rsa, *p256;

static struct digest digest_of(enum hash_alg alg, uint8_t fill)
{
	struct digest d = {.alg = alg, .size = (uint8_t)hash_alg_size(alg)};

	memset(d.value, fill, d.size);
	return d;
}

static void assert_id(struct span id, const char *want)
{
	char text[17] = "";

	assert_in_range(id.len, 1, 8);
	hex_encode(text, id);
	assert_string_equal(text, want);
}

/* sha256("hello\n") as a file's digest; what evmctl and the kernel hash of it. */
static void test_message__vectors(void **state)
{
	static const struct {
		enum imaxattr_type type;
		const char *hex;
	} rows[] = {
		{IMAXATTR_VERITY,
		 "75dec10f66abb0e5f226d4f2d90544a5b4fc50d714bbcad0711888e4a6c88b41"},
		{IMAXATTR_SIG,
		 "221f1a2aabd12ac7b4e500b6afce85ceb9851f40f7892c7c5c5b4b3c69ccd85e"},
	};
	struct digest d = {.alg = HASH_SHA256, .size = 32}, m;

	assert_int_equal(hex_decode(d.value,
				    span_of("5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163a"
					    "f34d08286a2e846f6be03")),
			 0);
	for (size_t i = 0; i < array_size(rows); i++) {
		char text[65] = "";

		assert_int_equal(sig_message(ctx, rows[i].type, 3, &d, &m, NULL), 0);
		hex_encode(text, digest_span(&m));
		assert_string_equal(text, rows[i].hex);
	}
	assert_int_equal(sig_message(ctx, IMAXATTR_SIG, 2, &d, &m, NULL), 0);
	assert_true(span_equal(digest_span(&m), digest_span(&d)));
}

static void test_message__uncomputable(void **state)
{
	struct digest d = digest_of(HASH_WP512, 1), m;
	struct diag diag;

	assert_int_equal(sig_message(ctx, IMAXATTR_SIG, 3, &d, &m, &diag), -EOPNOTSUPP);
	assert_int_equal(diag.id, DIAG_NO_HASH);
}

static void test_public__damaged(void **state)
{
	X509 *cert = cert_of(p256, "hash");
	struct sig_key *k = NULL;
	unsigned char *der = NULL;
	int len = i2d_X509(cert, &der);
	struct diag d;

	assert_int_equal(sig_key_public((struct span){0}, &k, &d), -EBADMSG);
	assert_int_equal(d.id, DIAG_KEY_FORMAT);
	for (int n = 0; n < len; n += 7)
		assert_int_equal(sig_key_public((struct span){der, (size_t)n}, &k, NULL),
				 -EBADMSG);
	assert_null(k);
	OPENSSL_free(der);
	X509_free(cert);
}

static void test_public__id_is_the_kernels(void **state)
{
	X509 *cert[] = {cert_of(rsa, "0102030405060708"), cert_of(rsa, NULL),
			cert_of(rsa, "0102"), cert_of(rsa, "hash")};
	struct sig_key *k[] = {public_of(cert[0]), public_of(cert[1]), public_of(cert[2]),
			       public_of(cert[3]), private_of(rsa)};

	assert_id(sig_key_id(k[0]), "05060708");
	assert_id(sig_key_id(k[1]), "73756572"); /* "suer", the end of the issuer */
	assert_id(sig_key_id(k[2]), "73756572"); /* the SKID is too short to be found */
	assert_true(span_equal(sig_key_id(k[3]), sig_key_id(k[4])));
	assert_int_equal(sig_key_id_v1(k[0]).len, 8);
	assert_string_equal(sig_key_words(k[0]), "RSA 2048");
	assert_string_equal(sig_key_kernel(k[0]), "rsa");
	for (size_t i = 0; i < array_size(cert); i++)
		X509_free(cert[i]);
	for (size_t i = 0; i < array_size(k); i++)
		sig_key_free(k[i]);
}

static void test_public__kind_no_kernel_knows(void **state)
{
	EVP_PKEY *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(ed, &der);
	_cleanup_(sig_key_freep) struct sig_key *k = NULL;
	_cleanup_close_ int fd = pem_of(ed, NULL, NULL);
	struct diag d;

	assert_int_equal(sig_key_public((struct span){der, (size_t)len}, &k, NULL), 0);
	assert_null(sig_key_kernel(k));
	assert_string_equal(sig_key_words(k), "ED25519");
	assert_false(sig_key_takes(k, HASH_SHA256));
	k = sig_key_free(k);
	assert_int_equal(sig_key_private(fd, "key", NULL, &k, &d), -EOPNOTSUPP);
	assert_int_equal(d.id, DIAG_KEY_KIND);
	OPENSSL_free(der);
	EVP_PKEY_free(ed);
}

/* How often it was asked, and what it says. */
struct answer {
	const char *text; /* NULL: -EIO */
	int times;
};

static int answer(char *buf, size_t size, void *data)
{
	struct answer *a = data;

	a->times++;
	if (!a->text)
		return -EIO;
	assert_true(strlen(a->text) <= size);
	memcpy(buf, a->text, strlen(a->text));
	return (int)strlen(a->text);
}

static int open_with(EVP_PKEY *pkey, const char *pass, struct answer *a, struct diag *d)
{
	_cleanup_(sig_key_freep) struct sig_key *k = NULL;
	_cleanup_close_ int fd = pem_of(pkey, pass, NULL);
	struct sig_pass p = {answer, a};
	int r = sig_key_private(fd, "k\n.pem", a ? &p : NULL, &k, d);

	assert_true((r == 0) == (k != NULL));
	return r;
}

static void test_private__passphrases(void **state)
{
	struct answer good = {.text = "se cret"}, bad = {.text = "secret"},
		      none = {.text = ""}, fails = {0};
	struct diag d;

	assert_int_equal(open_with(p256, "se cret", &bad, &d), -EACCES);
	assert_int_equal(d.id, DIAG_KEY_PASSPHRASE);
	assert_non_null(strstr(d.text, "k\\x0a.pem"));
	assert_int_equal(bad.times, 1);
	assert_int_equal(open_with(p256, "se cret", &none, &d), -EACCES);
	assert_int_equal(open_with(p256, "se cret", &fails, &d), -EACCES);
	assert_non_null(strstr(d.text, "could not be had"));
	assert_int_equal(open_with(p256, "se cret", NULL, &d), -EACCES);
	assert_non_null(strstr(d.text, "none was given"));
	assert_int_equal(open_with(p256, "se cret", &good, &d), 0);
	assert_int_equal(good.times, 1);
	assert_int_equal(open_with(p256, NULL, &good, &d), 0);
	assert_int_equal(good.times, 1); /* not asked where nothing is encrypted */
}

static void test_private__no_key_there(void **state)
{
	X509 *cert = cert_of(p256, "hash");
	_cleanup_(sig_key_freep) struct sig_key *k = NULL;
	_cleanup_close_ int empty = file_of("", 0), only_cert = pem_of(NULL, NULL, cert);
	struct diag d;

	assert_int_equal(sig_key_private(empty, "key", NULL, &k, &d), -EBADMSG);
	assert_int_equal(d.id, DIAG_KEY_FORMAT);
	assert_int_equal(sig_key_private(only_cert, "key", NULL, &k, &d), -EBADMSG);
	assert_int_equal(sig_key_private(-1, "key", NULL, &k, &d), -EBADF);
	assert_int_equal(d.id, DIAG_READ);
	X509_free(cert);
}

/* The certificate's id is what the kernel finds: behind the key, or given apart. */
static void test_private__id_of_certificate(void **state)
{
	X509 *cert = cert_of(p256, "11223344"), *other = cert_of(rsa, "55667788");
	_cleanup_(sig_key_freep) struct sig_key *with = NULL, *without = NULL;
	_cleanup_(sig_key_freep) struct sig_key *pub = public_of(cert);
	_cleanup_(sig_key_freep) struct sig_key *wrong = public_of(other);
	_cleanup_(sig_key_freep) struct sig_key *alone = private_of(p256);
	_cleanup_close_ int fd = pem_of(p256, NULL, cert),
			    fd2 = pem_of(p256, NULL, other);
	struct diag d;

	assert_int_equal(sig_key_private(fd, "key", NULL, &with, NULL), 0);
	assert_id(sig_key_id(with), "11223344");
	assert_int_equal(sig_key_private(fd2, "key", NULL, &without, NULL), 0);
	assert_true(span_equal(sig_key_id(without), sig_key_id(alone)));
	assert_int_equal(sig_key_certify(alone, wrong, &d), -EINVAL);
	assert_int_equal(d.id, DIAG_KEY_OTHER);
	assert_int_equal(sig_key_certify(alone, pub, NULL), 0);
	assert_id(sig_key_id(alone), "11223344");
	X509_free(cert);
	X509_free(other);
}

static const struct {
	enum imaxattr_type type;
	uint8_t version;
	enum imaxattr_attr attr;
} forms[] = {
	{IMAXATTR_SIG, 2, IMAXATTR_IMA},      {IMAXATTR_SIG, 3, IMAXATTR_IMA},
	{IMAXATTR_VERITY, 3, IMAXATTR_IMA},   {IMAXATTR_PORTABLE, 2, IMAXATTR_EVM},
	{IMAXATTR_PORTABLE, 3, IMAXATTR_EVM},
};

/* A signature of one form verifies as that alone, and for that digest alone. */
static void check_form(const struct sig_key *key, size_t form, enum hash_alg alg)
{
	_cleanup_strbuf_ struct strbuf value = {0};
	struct digest d = digest_of(alg, 0x5a), other = digest_of(alg, 0x5b);
	struct imaxattr x;

	assert_int_equal(sig_make(ctx, key, forms[form].type, forms[form].version, &d,
				  &value, NULL),
			 0);
	imaxattr_decode(forms[form].attr, strbuf_span(&value), &x);
	assert_int_equal(x.verdict, IMAXATTR_V_OK);
	assert_true(span_equal(x.keyid, sig_key_id(key)));
	assert_int_equal(sig_check(ctx, key, &x, &d), SIG_GOOD);
	assert_int_equal(sig_check(ctx, key, &x, &other), SIG_BAD);
	if (x.version == 3) { /* type and version are part of what was signed */
		x.version = 2;
		assert_int_equal(sig_check(ctx, key, &x, &d), SIG_BAD);
		x.version = 3;
		x.type = x.type == IMAXATTR_SIG ? IMAXATTR_VERITY : IMAXATTR_SIG;
		assert_int_equal(sig_check(ctx, key, &x, &d), SIG_BAD);
	}
}

static void test_make__every_form(void **state)
{
	static const enum hash_alg algs[] = {HASH_SHA1,	  HASH_SHA224, HASH_SHA256,
					     HASH_SHA384, HASH_SHA512, HASH_SHA3_256};
	EVP_PKEY *p384 = EVP_EC_gen("P-384"), *p521 = EVP_EC_gen("P-521"),
		 *p192 = EVP_EC_gen("P-192");
	struct sig_key *keys[] = {private_of(rsa), private_of(p256), private_of(p384),
				  private_of(p521), private_of(p192)};

	for (size_t k = 0; k < array_size(keys); k++)
		for (size_t a = 0; a < array_size(algs); a++)
			for (size_t f = 0; f < array_size(forms); f++)
				check_form(keys[k], f, algs[a]);
	for (size_t k = 0; k < array_size(keys); k++)
		sig_key_free(keys[k]);
	EVP_PKEY_free(p384);
	EVP_PKEY_free(p521);
	EVP_PKEY_free(p192);
}

static void test_make__sm2(void **state)
{
	EVP_PKEY *sm2 = EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
	_cleanup_(sig_key_freep) struct sig_key *k = private_of(sm2);

	assert_string_equal(sig_key_words(k), "SM2");
	assert_false(sig_key_takes(k, HASH_SHA256));
	check_form(k, 0, HASH_SM3);
	EVP_PKEY_free(sm2);
}

static void refuse(const struct sig_key *key, const struct digest *d,
		   enum imaxattr_type type, uint8_t version, enum diag_id why)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct diag diag = {0};

	assert_true(sig_make(ctx, key, type, version, d, &b, &diag) < 0);
	assert_int_equal(diag.id, why);
	assert_int_equal(b.len, 0);
}

/* What no kernel would take is not made. */
static void test_make__refused(void **state)
{
	_cleanup_(sig_key_freep) struct sig_key *r = private_of(rsa),
						*e = private_of(p256);
	X509 *cert = cert_of(rsa, "hash");
	_cleanup_(sig_key_freep) struct sig_key *pub = public_of(cert);
	struct digest sm3 = digest_of(HASH_SM3, 1), md5 = digest_of(HASH_MD5, 1),
		      sha256 = digest_of(HASH_SHA256, 1), cut = sha256;

	refuse(r, &sm3, IMAXATTR_SIG, 2, DIAG_KEY_HASH);
	refuse(e, &md5, IMAXATTR_SIG, 2, DIAG_KEY_HASH);
	cut.size = 20;
	refuse(r, &cut, IMAXATTR_SIG, 2, DIAG_KEY_HASH);
	refuse(r, &sha256, IMAXATTR_SIG, 1, DIAG_INTERNAL);
	refuse(r, &sha256, IMAXATTR_VERITY, 2, DIAG_INTERNAL);
	refuse(pub, &sha256, IMAXATTR_SIG, 2, DIAG_SIGN_FAILED);
	X509_free(cert);
}

static struct imaxattr made(const struct sig_key *key, const struct digest *d,
			    struct strbuf *value)
{
	struct imaxattr x;

	assert_int_equal(sig_make(ctx, key, IMAXATTR_SIG, 2, d, value, NULL), 0);
	imaxattr_decode(IMAXATTR_IMA, strbuf_span(value), &x);
	return x;
}

static void test_check__every_verdict(void **state)
{
	_cleanup_strbuf_ struct strbuf value = {0};
	_cleanup_(sig_key_freep) struct sig_key *r = private_of(rsa),
						*e = private_of(p256);
	struct sig_key *keys[] = {e, r};
	struct digest d = digest_of(HASH_SHA256, 9), sha1 = digest_of(HASH_SHA1, 9);
	struct imaxattr x = made(r, &d, &value), damaged = x, md5 = x;
	const struct sig_key *found = e;

	assert_int_equal(sig_check_any(ctx, keys, 2, &x, &d, &found), SIG_GOOD);
	assert_ptr_equal(found, r);
	assert_int_equal(sig_check_any(ctx, keys, 1, &x, &d, &found), SIG_NO_KEY);
	assert_null(found);
	assert_int_equal(sig_check_any(ctx, keys, 2, &x, &sha1, NULL), SIG_BAD);
	assert_int_equal(sig_check(ctx, e, &x, &d), SIG_BAD);
	damaged.verdict = IMAXATTR_V_SIG_SHORT;
	assert_int_equal(sig_check_any(ctx, keys, 2, &damaged, &d, NULL), SIG_DAMAGED);
	assert_int_equal(sig_check(ctx, r, &damaged, &d), SIG_DAMAGED);
	md5.hash = HASH_MD5;
	d = digest_of(HASH_MD5, 9);
	assert_int_equal(sig_check(ctx, e, &md5, &d), SIG_HASH);
}

/* The context is used again for other keys, hashes and directions. */
static void test_ctx__other_key_at_the_same_place(void **state)
{
	struct digest d = digest_of(HASH_SHA256, 3);

	for (int i = 0; i < 8; i++) {
		_cleanup_strbuf_ struct strbuf value = {0};
		EVP_PKEY *pkey = EVP_EC_gen("P-256");
		_cleanup_(sig_key_freep) struct sig_key *k = private_of(pkey);
		struct imaxattr x = made(k, &d, &value);

		assert_int_equal(sig_check(ctx, k, &x, &d), SIG_GOOD);
		EVP_PKEY_free(pkey);
	}
}

static void test_verdicts__complete(void **state)
{
	for (int v = 0; v < _SIG_VERDICT_MAX; v++) {
		assert_true(*sig_verdict_word((enum sig_verdict)v));
		assert_true(*sig_verdict_words((enum sig_verdict)v));
	}
	assert_int_equal(sig_verdict_errno(SIG_GOOD), 0);
	assert_int_equal(sig_verdict_errno(SIG_NO_KEY), -ENOKEY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message__vectors),
		cmocka_unit_test(test_message__uncomputable),
		cmocka_unit_test(test_public__damaged),
		cmocka_unit_test(test_public__id_is_the_kernels),
		cmocka_unit_test(test_public__kind_no_kernel_knows),
		cmocka_unit_test(test_private__passphrases),
		cmocka_unit_test(test_private__no_key_there),
		cmocka_unit_test(test_private__id_of_certificate),
		cmocka_unit_test(test_make__every_form),
		cmocka_unit_test(test_make__sm2),
		cmocka_unit_test(test_make__refused),
		cmocka_unit_test(test_check__every_verdict),
		cmocka_unit_test(test_ctx__other_key_at_the_same_place),
		cmocka_unit_test(test_verdicts__complete),
	};
	int r;

	ctx = sig_ctx_new();
	rsa = EVP_RSA_gen(2048);
	p256 = EVP_EC_gen("P-256");
	if (!ctx || !rsa || !p256)
		return 1;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	sig_ctx_free(ctx);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(p256);
	return r;
}
