/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <time.h>

#include "core/base/cleanup.h"
#include "core/base/hex.h"
#include "core/cert/cert.h"
#include "tests/certs/certgen.h"

DEFINE_CLEANUP(struct cert *, cert_free)

static struct certgen gen;

static int setup(void **state)
{
	certgen_init(&gen, NULL, NULL);
	return 0;
}

static int teardown(void **state)
{
	certgen_done(&gen);
	return 0;
}

static struct cert *variant(const char *name)
{
	const struct certgen_recipe *r = certgen_find(name);
	_cleanup_strbuf_ struct strbuf der = {0};
	struct cert *c = NULL;

	if (!r)
		fail_msg("no variant %s", name);
	certgen_make(&gen, r, &der);
	assert_int_equal(cert_read(strbuf_span(&der), &c, NULL), 0);
	return c;
}

static struct cert *signer(enum certgen_signer who)
{
	struct cert *c = NULL;

	assert_int_equal(cert_read(strbuf_span(&gen.signer[who].der), &c, NULL), 0);
	return c;
}

/* What the kernel's parser refuses; linux 6.1 (lab: keys.scenario) says the same. */
static void test_parse__flaws(void **state)
{
	static const struct {
		const char *name;
		enum key_clause flaw;
	} rows[] = {
		{"garbage", KEY_CLAUSE_DER},
		{"one-byte", KEY_CLAUSE_DER},
		{"half", KEY_CLAUSE_DER},
		{"cut", KEY_CLAUSE_DER},
		{"three-length-bytes", KEY_CLAUSE_DER},
		{"too-long", KEY_CLAUSE_SIZE},
		{"no-subject", KEY_CLAUSE_DER},
		{"no-date", KEY_CLAUSE_DER},
		{"critical-not-bool", KEY_CLAUSE_DER},
		{"extensions-unknown", KEY_CLAUSE_DER},
		{"key-unused-bits", KEY_CLAUSE_DER},
		{"month-13", KEY_CLAUSE_DATES},
		{"february-29", KEY_CLAUSE_DATES},
		{"before-1970", KEY_CLAUSE_DATES},
		{"no-zone", KEY_CLAUSE_DATES},
		{"no-seconds", KEY_CLAUSE_DATES},
		{"general-2040", KEY_CLAUSE_DATES},
		{"skid-empty", KEY_CLAUSE_SKID},
		{"skid-twice", KEY_CLAUSE_SKID},
		{"skid-not-octets", KEY_CLAUSE_SKID},
		{"skid-wrong-length", KEY_CLAUSE_SKID},
		{"akid-damaged", KEY_CLAUSE_AKID},
		{"akid-not-sequence", KEY_CLAUSE_AKID},
		{"akid-too-much", KEY_CLAUSE_AKID},
		{"two-algorithms", KEY_CLAUSE_SAME_ALGORITHM},
		{"good", _KEY_CLAUSE_MAX},
		{"behind", _KEY_CLAUSE_MAX},
		{"primitive-sequence", _KEY_CLAUSE_MAX},
		{"primitive-validity", _KEY_CLAUSE_MAX},
		{"version-1", _KEY_CLAUSE_MAX},
		{"one-date", _KEY_CLAUSE_MAX},
		{"leap-day", _KEY_CLAUSE_MAX},
		{"leap-second", _KEY_CLAUSE_MAX},
		{"midnight-24", _KEY_CLAUSE_MAX},
		{"general-2060", _KEY_CLAUSE_MAX},
		{"unknown-critical", _KEY_CLAUSE_MAX},
		{"akid-empty", _KEY_CLAUSE_MAX},
		{"akid-empty-names", _KEY_CLAUSE_MAX},
		{"akid-serial", _KEY_CLAUSE_MAX},
		{"skid-one-byte", _KEY_CLAUSE_MAX},
		{"no-skid", _KEY_CLAUSE_MAX},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		_cleanup_(cert_freep) struct cert *c = variant(rows[i].name);

		if (c->flaw != rows[i].flaw || c->unsure)
			fail_msg("%s: clause %d, not %d (%s)", rows[i].name, c->flaw,
				 rows[i].flaw, c->flaw_text);
	}
}

static void test_parse__indefinite_lengths_are_not_known(void **state)
{
	_cleanup_(cert_freep) struct cert *c = variant("indefinite");

	assert_int_equal(c->flaw, KEY_CLAUSE_DER);
	assert_true(c->unsure);
}

/* Cut at any byte it is damaged, and nothing is read behind the end (ASan). */
static void test_parse__cut_anywhere(void **state)
{
	_cleanup_strbuf_ struct strbuf der = {0};

	certgen_make(&gen, certgen_find("akid-both"), &der);
	for (size_t len = 1; len < der.len; len++) {
		_cleanup_free_ uint8_t *copy = malloc(len);
		_cleanup_(cert_freep) struct cert *c = NULL;

		memcpy(copy, der.ptr, len);
		assert_int_equal(cert_read((struct span){copy, len}, &c, NULL), 0);
		assert_int_equal(c->flaw, KEY_CLAUSE_DER);
	}
}

static void assert_ext(const char *name, enum cert_ext usage, enum cert_ext constraints,
		       bool digital, bool sign, bool ca)
{
	_cleanup_(cert_freep) struct cert *c = variant(name);

	if (c->usage != usage || c->constraints != constraints ||
	    c->digital_signature != digital || c->key_cert_sign != sign || c->ca != ca)
		fail_msg("%s: usage %d, constraints %d, %d %d %d", name, c->usage,
			 c->constraints, c->digital_signature, c->key_cert_sign, c->ca);
}

static void test_parse__extensions(void **state)
{
	assert_ext("good", CERT_EXT_GOOD, CERT_EXT_GOOD, true, false, false);
	assert_ext("no-usage", CERT_EXT_NONE, CERT_EXT_GOOD, false, false, false);
	assert_ext("usage-all", CERT_EXT_GOOD, CERT_EXT_GOOD, true, true, false);
	assert_ext("usage-cert-sign", CERT_EXT_GOOD, CERT_EXT_GOOD, false, true, false);
	assert_ext("usage-raw-long", CERT_EXT_GOOD, CERT_EXT_GOOD, false, true, false);
	assert_ext("usage-empty", CERT_EXT_BAD, CERT_EXT_GOOD, false, false, false);
	assert_ext("usage-not-bits", CERT_EXT_BAD, CERT_EXT_GOOD, false, false, false);
	assert_ext("usage-unused-9", CERT_EXT_BAD, CERT_EXT_GOOD, false, false, false);
	assert_ext("ca-true", CERT_EXT_GOOD, CERT_EXT_GOOD, true, false, true);
	assert_ext("no-constraints", CERT_EXT_GOOD, CERT_EXT_NONE, true, false, false);
	assert_ext("ca-explicit-false", CERT_EXT_GOOD, CERT_EXT_ODD, true, false, false);
	assert_ext("path-length-alone", CERT_EXT_GOOD, CERT_EXT_ODD, true, false, false);
	assert_ext("constraints-damaged", CERT_EXT_GOOD, CERT_EXT_BAD, true, false,
		   false);
}

static void assert_alg(const char *name, const char *sig, const char *alg,
		       enum cert_known sig_known, enum cert_known alg_known)
{
	_cleanup_(cert_freep) struct cert *c = variant(name);

	assert_string_equal(cert_sig_words(c->sig), sig);
	assert_string_equal(cert_alg_words(c->alg), alg);
	assert_int_equal(cert_sig_known(c->sig), sig_known);
	assert_int_equal(cert_alg_known(c->alg), alg_known);
}

static void test_parse__algorithms(void **state)
{
	assert_alg("good", "RSA with SHA-256", "RSA", CERT_KNOWN_ALL, CERT_KNOWN_ALL);
	assert_alg("self-ec", "ECDSA with SHA-256", "ECDSA P-256", CERT_KNOWN_ECDSA,
		   CERT_KNOWN_ECDSA);
	assert_alg("ec-p521", "RSA with SHA-256", "ECDSA P-521", CERT_KNOWN_ALL,
		   CERT_KNOWN_P521);
	assert_alg("ec-k256", "RSA with SHA-256", "ECDSA secp256k1", CERT_KNOWN_ALL,
		   CERT_KNOWN_NONE);
	assert_alg("self-sm2", "SM2 with SM3", "SM2", CERT_KNOWN_SM2, CERT_KNOWN_SM2);
	assert_alg("sha3-256", "RSA with SHA3-256", "RSA", CERT_KNOWN_SHA3,
		   CERT_KNOWN_ALL);
	assert_alg("md5", "RSA with MD5", "RSA", CERT_KNOWN_MD5, CERT_KNOWN_ALL);
	assert_alg("md4", "RSA with MD4", "RSA", CERT_KNOWN_NONE, CERT_KNOWN_ALL);
	assert_alg("self-ed25519", "Ed25519", "Ed25519", CERT_KNOWN_NONE,
		   CERT_KNOWN_NONE);
	assert_alg("unheard-of", "an unknown algorithm", "RSA", _CERT_KNOWN_MAX,
		   CERT_KNOWN_ALL);
	assert_alg("key-unheard-of", "RSA with SHA-256", "an unknown kind of key",
		   CERT_KNOWN_ALL, _CERT_KNOWN_MAX);
}

/* Names as keyrings show them, x509_fabricate_name(). */
static void test_description__is_the_kernels(void **state)
{
	static const struct {
		const char *variant, *name;
	} rows[] = {
		{"good", "Lab good"}, /* begins with O */
		{"same-start", "Laboratory key"},
		{"seven-letters", "Laboratory Two"},
		{"only-country", ""},
		{"only-email", "root@lab"},
		{"two-common-names", "second"},
		{"long-name", "0123456789012345678901234567"},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		_cleanup_(cert_freep) struct cert *c = variant(rows[i].variant);
		_cleanup_strbuf_ struct strbuf got = {0}, want = {0};

		strbuf_addf(&want, "%s: ", rows[i].name);
		strbuf_addhex(&want, c->skid);
		cert_description(c, &got);
		assert_string_equal(strbuf_str(&got), strbuf_str(&want));
	}
}

static void test_description__o_and_cn(void **state)
{
	static const struct certgen_recipe r = {.name = "x", .subject = "O=Org;CN=key"};
	_cleanup_strbuf_ struct strbuf der = {0};
	_cleanup_(cert_freep) struct cert *c = NULL;

	certgen_make(&gen, &r, &der);
	assert_int_equal(cert_read(strbuf_span(&der), &c, NULL), 0);
	assert_string_equal(strbuf_str(&c->name), "Org: key");
	assert_string_equal(strbuf_str(&c->signer), "Lab IMA CA");
}

static void test_keyid__end_of_the_skid(void **state)
{
	_cleanup_(cert_freep) struct cert *raw = variant("skid-raw"),
					  *none = variant("no-skid"),
					  *hashed = variant("good");
	uint8_t id[CERT_KEYID], other[CERT_KEYID];

	assert_true(cert_keyid(raw, id));
	assert_memory_equal(id, "\xaa\xbb\xcc\xdd", 4);
	/* "O=Lab;CN=Lab IMA CA": the end of the issuer's name */
	assert_true(cert_keyid(none, id));
	assert_memory_equal(id, "A CA", 4);
	/* OpenSSL's "hash" is the SHA-1 of the key's bits */
	assert_true(cert_keyid(hashed, id) && cert_keyid_of_key(hashed, other));
	assert_memory_equal(id, other, CERT_KEYID);
}

static void assert_self(const char *name, bool self, bool half)
{
	_cleanup_(cert_freep) struct cert *c = variant(name);
	bool got_half = false;

	if (cert_names_itself(c, &got_half) != self || got_half != half)
		fail_msg("%s: self %d, half %d", name, !self, got_half);
}

static void test_names_itself(void **state)
{
	assert_self("good", false, false);
	assert_self("self", true, false);
	assert_self("self-no-akid", true, false);
	assert_self("self-both-ids", true, false);
	assert_self("self-other-akid", false, false);
	assert_self("self-half-ids", true, true);
	assert_self("named-as-issuer", false, false);
	assert_self("named-as-issuer-no-akid", true, false);
}

static void assert_signed(const char *name, enum certgen_signer who, int want, int errnum)
{
	_cleanup_(cert_freep) struct cert *c = variant(name);
	_cleanup_(cert_freep) struct cert *by = who == BY_ITSELF ? NULL : signer(who);
	int err = 0, r = cert_signed_by(c, by ? by : c, false, &err);

	if (r != want || (r == 0 && err != errnum))
		fail_msg("%s: %d (errno %d)", name, r, err);
}

static void test_signed_by(void **state)
{
	assert_signed("broken-signature", BY_CA, 0, 0);
	assert_signed("impostor", BY_CA, 0, 0);
	assert_signed("stranger", BY_CA, 0, 0);
	assert_signed("self-ec", BY_CA, 0, EKEYREJECTED); /* RSA key, ECDSA signature */
	assert_signed("self-broken", BY_ITSELF, 0, 0);
	assert_signed("self-ec-wrong-hash", BY_ITSELF, 0, EKEYREJECTED);
	assert_signed("self-rsa-2056", BY_ITSELF, 0, EINVAL); /* right, but for OpenSSL */
	assert_signed("self-rsa-1000", BY_ITSELF, 0, EINVAL);
	assert_signed("good", BY_CA, 1, 0);
	assert_signed("stranger", BY_STRANGER, 1, 0);
	assert_signed("by-leaf", BY_LEAF, 1, 0);
	assert_signed("expired", BY_CA, 1, 0);
	assert_signed("sha1", BY_CA, 1, 0);
	assert_signed("sha3-256", BY_CA, 1, 0);
	assert_signed("one-date", BY_CA, 1, 0);
	assert_signed("primitive-validity", BY_CA, 1, 0);
	assert_signed("self-ec", BY_ITSELF, 1, 0);
	assert_signed("self-ec-sha512", BY_ITSELF, 1, 0);
	assert_signed("self-p521", BY_ITSELF, 1, 0);
	assert_signed("self-rsa-1024", BY_ITSELF, 1, 0);
	assert_signed("self-sm2", BY_ITSELF, -EOPNOTSUPP, 0);
}

static void test_key_usable(void **state)
{
	static const struct {
		const char *name;
		bool usable, fips;
	} rows[] = {
		{"good", true, true},	    {"rsa-1024", true, false},
		{"rsa-2056", false, false}, {"self-rsa-1000", false, false},
		{"ec-p384", true, true},    {"ed25519", false, false},
		{"ec-k256", false, false},
	};
	char why[100];

	for (size_t i = 0; i < array_size(rows); i++) {
		_cleanup_(cert_freep) struct cert *c = variant(rows[i].name);

		if (cert_key_usable(c, false, why, sizeof(why)) != rows[i].usable ||
		    cert_key_usable(c, true, why, sizeof(why)) != rows[i].fips)
			fail_msg("%s: %s", rows[i].name, why);
	}
}

static void test_tbs_digest__covers_what_is_signed(void **state)
{
	_cleanup_(cert_freep) struct cert *c = variant("good");
	struct digest d;
	unsigned char want[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	const unsigned char *at = c->tbs.ptr;

	assert_int_equal(*at, 0x30); /* with its header, as the kernel hashes it */
	assert_int_equal(cert_tbs_digest(c, &d), 0);
	assert_int_equal(EVP_Digest(c->tbs.ptr, c->tbs.len, want, &len, EVP_sha256(),
				    NULL),
			 1);
	assert_int_equal(d.size, len);
	assert_memory_equal(d.value, want, len);
}

static void test_dates__for_people(void **state)
{
	_cleanup_(cert_freep) struct cert *old = variant("expired"),
					  *far = variant("general-2060");

	assert_true(old->not_after.known);
	assert_int_equal(old->not_after.seconds, 1609459200); /* 2021-01-01 */
	assert_int_equal(far->not_after.seconds, 2840140800); /* 2060-01-01 */
}

static void test_read__pem(void **state)
{
	_cleanup_(cert_freep) struct cert *c = NULL, *der = variant("good");
	const unsigned char *at = (const unsigned char *)der->der.ptr;
	X509 *x = d2i_X509(NULL, &at, (long)der->der.len);
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long n;

	assert_true(BIO_puts(bio, "subject=Lab\n") > 0); /* as openssl -text puts it */
	assert_int_equal(PEM_write_bio_X509(bio, x), 1);
	n = BIO_get_mem_data(bio, &text);
	assert_int_equal(cert_read((struct span){(uint8_t *)text, (size_t)n}, &c, NULL),
			 0);
	assert_true(c->pem && !der->pem);
	assert_true(span_equal(strbuf_span(&c->der), strbuf_span(&der->der)));
	BIO_free(bio);
	X509_free(x);
}

static void test_read__nothing_to_read(void **state)
{
	static const char key[] =
		"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
	struct cert *c = NULL;
	struct diag d = {0};

	assert_int_equal(cert_read((struct span){0}, &c, &d), -EBADMSG);
	assert_int_equal(d.id, DIAG_CERT);
	assert_int_equal(cert_read(span_of(key), &c, &d), -EBADMSG);
	assert_null(c);
}

static void test_oid_text(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	cert_oid_text(&b, span_of("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"));
	strbuf_addc(&b, ' ');
	cert_oid_text(&b, span_of("\x60\x86\x48\x01\x65\x03\x04\x03\x0e"));
	strbuf_addc(&b, ' ');
	cert_oid_text(&b, span_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"));
	assert_string_equal(strbuf_str(&b),
			    "1.2.840.113549.1.1.11 2.16.840.1.101.3.4.3.14 .?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse__flaws),
		cmocka_unit_test(test_parse__indefinite_lengths_are_not_known),
		cmocka_unit_test(test_parse__cut_anywhere),
		cmocka_unit_test(test_parse__extensions),
		cmocka_unit_test(test_parse__algorithms),
		cmocka_unit_test(test_description__is_the_kernels),
		cmocka_unit_test(test_description__o_and_cn),
		cmocka_unit_test(test_keyid__end_of_the_skid),
		cmocka_unit_test(test_names_itself),
		cmocka_unit_test(test_signed_by),
		cmocka_unit_test(test_key_usable),
		cmocka_unit_test(test_tbs_digest__covers_what_is_signed),
		cmocka_unit_test(test_dates__for_people),
		cmocka_unit_test(test_read__pem),
		cmocka_unit_test(test_read__nothing_to_read),
		cmocka_unit_test(test_oid_text),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
