/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Appended signatures and the blacklist in the decision about a file. */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <errno.h>

#include "core/base/modsig.h"
#include "core/cert/cert.h"
#include "core/appraise/inspect.h"
#include "tests/unit/testcms.h"

static const char text[] = "contents of a module";
static EVP_PKEY *pkey;
static X509 *cert;
static struct keyset keys, nobody;

static int make(void **state)
{
	pkey = EVP_RSA_gen(2048);
	cert = cert_of(pkey, "hash");
	keys.keys = calloc(1, sizeof(*keys.keys));
	keys.keys[0] =
		(struct keyset_key){.from = strdup("cert"), .key = public_of(cert)};
	keys.n = 1;
	return 0;
}

static int clear(void **state)
{
	keyset_done(&keys);
	X509_free(cert);
	EVP_PKEY_free(pkey);
	return 0;
}

/* The text with its signature behind it; @broken: a byte of the text is another one. */
static int module(unsigned int flags, bool broken)
{
	_cleanup_strbuf_ struct strbuf file = {0}, der = {0};
	uint32_t len;

	cms_put(cms_of(cert, pkey, NULL, EVP_sha256(), text, flags), &der);
	strbuf_adds(&file, text);
	if (broken)
		file.ptr[0] ^= 1;
	strbuf_add(&file, der.ptr, der.len);
	strbuf_add(&file, "\0\0\2\0\0\0\0", 8);
	len = htonl((uint32_t)der.len);
	strbuf_add(&file, &len, sizeof(len));
	strbuf_adds(&file, MODSIG_MARKER);
	return file_of(file.ptr, file.len);
}

static struct inspect question(const struct keyset *with)
{
	return (struct inspect){
		.kernel = {.ima_hash = HASH_SHA256},
		.rule = {.sig = true, .modsig = true},
		.keys = {with, with},
		.space = LABEL_USER,
	};
}

static void ask(int fd, const struct keyset *with, struct inspect_result *ret)
{
	_cleanup_inspect_ struct inspect i = question(with);

	assert_int_equal(inspect_file(&i, fd, "module", ret, NULL), 0);
}

static void test_modsig__none(void **state)
{
	_cleanup_close_ int empty = file_of("", 0), plain = file_of(text, sizeof(text));
	_cleanup_strbuf_ struct strbuf marked = {0};
	_cleanup_close_ int fd = -1;
	struct inspect_result r;

	for (int i = 0; i < 2; i++) {
		ask(i ? plain : empty, &keys, &r);
		assert_false(r.modsig.is);
		assert_int_equal(r.verdict.why, APPRAISE_SIG_REQUIRED);
	}
	/* what is there is no message: to the kernel there is none */
	strbuf_adds(&marked, "contents..");
	strbuf_add(&marked, "\0\0\2\0\0\0\0\0\0\0\0\2", MODSIG_HEADER);
	strbuf_adds(&marked, MODSIG_MARKER);
	fd = file_of(marked.ptr, marked.len);
	ask(fd, &keys, &r);
	assert_false(r.modsig.is);
	assert_int_equal(r.verdict.why, APPRAISE_SIG_REQUIRED);
}

static void test_modsig__verdicts(void **state)
{
	_cleanup_close_ int right = module(CMS_AS_KERNEL, false);
	_cleanup_close_ int wrong = module(CMS_AS_KERNEL, true);
	struct inspect_result r;
	struct digest d;

	ask(right, &keys, &r);
	assert_int_equal(r.modsig.verdict, SIG_GOOD);
	assert_ptr_equal(r.modsig.key, &keys.keys[0]);
	assert_int_equal(hash_of(HASH_SHA256, span_of(text), &d, NULL), 0);
	assert_true(span_equal(digest_span(&r.modsig_digest), digest_span(&d)));
	assert_false(span_equal(digest_span(&r.digest), digest_span(&d)));
	assert_false(r.verdict.fails || r.unsure);
	ask(wrong, &keys, &r);
	assert_int_equal(r.modsig.verdict, SIG_BAD);
	assert_int_equal(r.verdict.why, APPRAISE_INVALID_SIG);
	ask(right, &nobody, &r);
	assert_int_equal(r.modsig.verdict, SIG_NO_KEY);
	assert_int_equal(r.verdict.why, APPRAISE_INVALID_SIG);
}

static void test_modsig__another_rule(void **state)
{
	_cleanup_close_ int fd = module(CMS_AS_KERNEL, false);
	_cleanup_inspect_ struct inspect i = question(&keys);
	struct inspect_result r;

	i.rule.modsig = false;
	assert_int_equal(inspect_file(&i, fd, "module", &r, NULL), 0);
	assert_false(r.modsig.is);
	assert_int_equal(r.verdict.why, APPRAISE_SIG_REQUIRED);
}

static void test_modsig__what_kernels_refuse_or_may_not(void **state)
{
	_cleanup_close_ int attributes = module(CMS_AS_KERNEL & ~CMS_NOATTR, false);
	_cleanup_close_ int own = module(CMS_AS_KERNEL & ~CMS_DETACHED, false);
	struct inspect_result r;

	ask(attributes, &keys, &r);
	assert_int_equal(r.modsig.verdict, SIG_ATTRIBUTES);
	assert_int_equal(r.verdict.why, APPRAISE_INVALID_SIG);
	ask(own, &keys, &r);
	assert_int_equal(r.modsig.verdict, SIG_OWN_DATA);
	assert_true(r.unsure);
}

/* A key in the keyring without a certificate might be the signer's. */
static void test_modsig__a_key_of_the_kernel_alone(void **state)
{
	_cleanup_close_ int fd = module(CMS_AS_KERNEL, false);
	_cleanup_keyset_ struct keyset hidden = {0};
	struct keyset_key k = {.serial = 1, .words = "rsa"};
	struct inspect_result r;

	assert_int_equal(keyset_add_kernel(&hidden, &k, span_of("key"), NULL), 0);
	ask(fd, &hidden, &r);
	assert_int_equal(r.modsig.verdict, SIG_IMPOSSIBLE);
	assert_true(r.unsure);
}

/* KEXEC_KERNEL_CHECK alone takes the firmware's keys too. */
static void test_modsig__kernels_to_start(void **state)
{
	_cleanup_close_ int right = module(CMS_AS_KERNEL, false);
	_cleanup_close_ int wrong = module(CMS_AS_KERNEL, true);
	_cleanup_inspect_ struct inspect i = question(&nobody);
	struct inspect_result r;

	i.platform = &keys;
	assert_int_equal(inspect_file(&i, right, "kernel", &r, NULL), 0);
	assert_int_equal(r.verdict.why, APPRAISE_INVALID_SIG);
	i.access.kexec_kernel = true;
	assert_int_equal(inspect_file(&i, right, "kernel", &r, NULL), 0);
	assert_int_equal(r.modsig.verdict, SIG_GOOD);
	assert_ptr_equal(r.modsig.key, &keys.keys[0]);
	assert_false(r.verdict.fails || r.unsure);
	assert_int_equal(inspect_file(&i, wrong, "kernel", &r, NULL), 0);
	assert_int_equal(r.verdict.why, APPRAISE_INVALID_SIG);
	assert_false(r.unsure);
	i.platform = NULL; /* it cannot be seen */
	assert_int_equal(inspect_file(&i, right, "kernel", &r, NULL), 0);
	assert_true(r.unsure && !r.verdict.fails);
}

/* .blacklist with the one digest, "bin:HEX" of a file, "tbs:HEX" of a certificate. */
static void list_as(const char *kind, const struct digest *d, struct strbuf *text_of,
		    struct keyring_key *key, struct keyring_set *ret)
{
	static int32_t member = 7;

	strbuf_clear(text_of);
	strbuf_addf(text_of, "%s:", kind);
	strbuf_addhex(text_of, digest_span(d));
	*key = (struct keyring_key){.serial = member,
				    .type = span_of("blacklist"),
				    .description = strbuf_span(text_of)};
	*ret = (struct keyring_set){.keys = key, .n = 1};
	ret->ring[KEYRING_BLACKLIST] = (struct keyring_ring){1, 1, &member};
}

static void list(const struct digest *d, struct strbuf *text_of, struct keyring_key *key,
		 struct keyring_set *ret)
{
	list_as("bin", d, text_of, key, ret);
}

static void tbs_of(X509 *c, struct digest *ret)
{
	unsigned char *der = NULL;
	int len = i2d_X509(c, &der);
	struct cert *read = NULL;

	assert_int_equal(cert_read((struct span){der, (size_t)len}, &read, NULL), 0);
	assert_int_equal(cert_tbs_digest(read, ret), 0);
	cert_free(read);
	OPENSSL_free(der);
}

/* The kernel looks up the certificates that a message brings along, and no others. */
static void test_blacklist__certificates(void **state)
{
	_cleanup_close_ int with = module(CMS_AS_KERNEL & ~CMS_NOCERTS, false);
	_cleanup_close_ int without = module(CMS_AS_KERNEL, false);
	_cleanup_close_ int wrong = module(CMS_AS_KERNEL & ~CMS_NOCERTS, true);
	_cleanup_inspect_ struct inspect i = question(&keys);
	_cleanup_strbuf_ struct strbuf b = {0};
	struct keyring_set rings;
	struct keyring_key key;
	struct inspect_result r;
	struct digest d;

	tbs_of(cert, &d);
	i.rings = &rings;
	list(&d, &b, &key, &rings); /* of a file with that digest */
	assert_int_equal(inspect_file(&i, with, "module", &r, NULL), 0);
	assert_int_equal(r.modsig.verdict, SIG_GOOD);
	list_as("tbs", &d, &b, &key, &rings);
	assert_int_equal(inspect_file(&i, with, "module", &r, NULL), 0);
	assert_int_equal(r.modsig.verdict, SIG_REVOKED);
	assert_int_equal(r.verdict.why, APPRAISE_INVALID_SIG);
	assert_false(r.blacklisted || r.unsure);
	assert_int_equal(inspect_file(&i, without, "module", &r, NULL), 0);
	assert_int_equal(r.modsig.verdict, SIG_GOOD);
	assert_int_equal(inspect_file(&i, wrong, "module", &r, NULL), 0);
	assert_int_equal(r.modsig.verdict, SIG_BAD);
}

static void test_blacklist__which_digest(void **state)
{
	_cleanup_close_ int fd = module(CMS_AS_KERNEL, false);
	_cleanup_inspect_ struct inspect i = question(&keys);
	_cleanup_strbuf_ struct strbuf b = {0};
	struct keyring_set rings;
	struct keyring_key key;
	struct inspect_result r;

	assert_int_equal(inspect_file(&i, fd, "module", &r, NULL), 0);
	i.rings = &rings;
	list(&r.modsig_digest, &b, &key, &rings);
	assert_int_equal(inspect_file(&i, fd, "module", &r, NULL), 0);
	assert_false(r.blacklisted); /* 6.1 asks only where the rule says so */
	i.rule.blacklist = true;
	assert_int_equal(inspect_file(&i, fd, "module", &r, NULL), 0);
	assert_true(r.blacklisted);
	assert_int_equal(r.verdict.why, APPRAISE_BLACKLISTED);
	assert_int_equal(r.verdict.n_records, 0);
	list(&r.digest, &b, &key, &rings); /* of the whole file: not what is asked */
	assert_int_equal(inspect_file(&i, fd, "module", &r, NULL), 0);
	assert_false(r.verdict.fails);
	i.rule.blacklist = i.rule.modsig = false;
	i.kernel.blacklist_sigs = true;
	assert_int_equal(inspect_file(&i, fd, "module", &r, NULL), 0);
	assert_int_equal(r.verdict.why, APPRAISE_BLACKLISTED);
	i.kernel.blacklist_sigs = false; /* before 6.6 only what is appended */
	i.rule.blacklist = true;
	assert_int_equal(inspect_file(&i, fd, "module", &r, NULL), 0);
	assert_int_equal(r.verdict.why, APPRAISE_SIG_REQUIRED);
	i.rule = (struct appraise_rule){0}; /* nor without a signature in the rule */
	i.kernel.blacklist_sigs = true;
	assert_int_equal(inspect_file(&i, fd, "module", &r, NULL), 0);
	assert_int_equal(r.verdict.why, APPRAISE_MISSING_HASH);
}

static void test_blacklist__not_to_be_seen(void **state)
{
	_cleanup_close_ int fd = module(CMS_AS_KERNEL, false);
	_cleanup_inspect_ struct inspect i = question(&keys);
	struct keyring_set hidden = {0}, none = {.complete = true};
	struct inspect_result r;

	i.kernel.blacklist_sigs = true;
	assert_int_equal(inspect_file(&i, fd, "module", &r, NULL), 0);
	assert_false(r.unsure);
	i.rule.blacklist = true;
	assert_int_equal(inspect_file(&i, fd, "module", &r, NULL), 0);
	assert_true(r.unsure);
	i.rings = &hidden;
	assert_int_equal(inspect_file(&i, fd, "module", &r, NULL), 0);
	assert_true(r.unsure);
	i.rings = &none; /* a kernel without one */
	assert_int_equal(inspect_file(&i, fd, "module", &r, NULL), 0);
	assert_false(r.unsure || r.verdict.fails);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modsig__none),
		cmocka_unit_test(test_modsig__verdicts),
		cmocka_unit_test(test_modsig__another_rule),
		cmocka_unit_test(test_modsig__what_kernels_refuse_or_may_not),
		cmocka_unit_test(test_modsig__a_key_of_the_kernel_alone),
		cmocka_unit_test(test_modsig__kernels_to_start),
		cmocka_unit_test(test_blacklist__which_digest),
		cmocka_unit_test(test_blacklist__not_to_be_seen),
		cmocka_unit_test(test_blacklist__certificates),
	};

	return cmocka_run_group_tests(tests, make, clear);
}
