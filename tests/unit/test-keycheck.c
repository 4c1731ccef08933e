/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verdicts about the variants; tests/lab/keys.scenario puts the same to real kernels. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/keysys.h"
#include "core/cert/keycheck.h"
#include "tests/certs/keyhost.h"

DEFINE_CLEANUP(struct cert *, cert_free)

static struct certgen gen;
static struct cert *ca;

static int setup(void **state)
{
	certgen_init(&gen, NULL, NULL);
	return cert_read(strbuf_span(&gen.signer[BY_CA].der), &ca, NULL);
}

static int teardown(void **state)
{
	ca = cert_free(ca);
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

/* A recorded host with its facts. */
struct host {
	char *dir;
	struct root root;
	struct keycap_set caps;
	struct keyring_set rings;
};

static void host_load(struct host *h)
{
	keyring_done(&h->rings);
	keycap_load(&h->root, &h->caps);
	assert_int_equal(keyring_load(&h->root, &h->rings, NULL), 0);
}

static void host_open(struct host *h, enum keyhost_kind kind)
{
	*h = (struct host){0};
	h->dir = keyhost_new(kind, &gen, &h->root);
	host_load(h);
}

static void host_done(struct host *h)
{
	keyring_done(&h->rings);
	root_done(&h->root);
	keyhost_free(h->dir);
}

/* The CA's certificate at hand, or nothing. */
static struct certstore with = {.cert = &ca, .n = 1}, without;

static void check(const struct host *h, const struct cert *c, enum keyring_id ring,
		  bool with_ca, struct keycheck *ret)
{
	struct keycheck_in in = {.cert = c,
				 .ring = ring,
				 .caps = &h->caps,
				 .rings = &h->rings,
				 .known = with_ca ? &with : &without,
				 .now = time(NULL)};

	keycheck_run(&in, ret);
}

struct row {
	const char *variant;
	enum keycheck_verdict verdict;
	enum key_clause clause;
	int err;
};

#define YES(name)                                                                        \
	{                                                                                \
		name, KEYCHECK_ACCEPTED, _KEY_CLAUSE_MAX, 0                              \
	}
#define NO(name, clause, err)                                                            \
	{                                                                                \
		name, KEYCHECK_REFUSED, KEY_CLAUSE_##clause, err                         \
	}
#define OPEN(name)                                                                       \
	{                                                                                \
		name, KEYCHECK_IT_DEPENDS, _KEY_CLAUSE_MAX, 0                            \
	}
#define UNSURE(name)                                                                     \
	{                                                                                \
		name, KEYCHECK_NOT_KNOWN, _KEY_CLAUSE_MAX, 0                             \
	}

static void assert_rows(enum keyhost_kind kind, enum keyring_id ring,
			const struct row *rows, size_t n)
{
	struct host h;

	host_open(&h, kind);
	for (size_t i = 0; i < n; i++) {
		_cleanup_(cert_freep) struct cert *c = variant(rows[i].variant);
		struct keycheck r;

		check(&h, c, ring, true, &r);
		if (r.verdict != rows[i].verdict || r.clause != rows[i].clause ||
		    r.err != rows[i].err)
			fail_msg("%s: %s, clause %s, errno %d (%s)", rows[i].variant,
				 keycheck_verdict_name(r.verdict),
				 r.clause < _KEY_CLAUSE_MAX
					 ? keycheck_clause_key(r.clause)
					 : "none",
				 r.err,
				 r.clause < _KEY_CLAUSE_MAX ? r.of[r.clause].text : "");
	}
	host_done(&h);
}

static void test_run__ima_61(void **state)
{
	static const struct row rows[] = {
		YES("good"),
		YES("rsa-2056"), /* taken, although it verifies nothing */
		YES("ec-p384"),
		YES("sha1"),
		YES("no-usage"),
		YES("usage-empty"),
		YES("ca-true"),
		YES("constraints-damaged"),
		YES("expired"),
		YES("no-skid"),
		YES("no-akid"),
		YES("akid-issuer"),
		YES("akid-both"),
		YES("behind"),
		YES("one-date"),
		YES("unknown-critical"),
		YES("akid-serial-alone"), /* without an issuer it does not count */
		YES("other-issuer"),	  /* the AKID alone is looked at */
		NO("stranger", ISSUER, ENOKEY),
		NO("impostor", ISSUER_SIGNATURE, 0),
		NO("by-leaf", ISSUER, ENOKEY),
		NO("broken-signature", ISSUER_SIGNATURE, 0),
		NO("self", ISSUER, ENOKEY),
		NO("self-broken", SELF_SIGNATURE, 0),
		NO("self-rsa-2056", SELF_SIGNATURE, EINVAL),
		NO("self-half-ids", SELF_IDS, EKEYREJECTED),
		NO("named-as-issuer-no-akid", SELF_SIGNATURE, 0),
		NO("no-akid-other-issuer", ISSUER, ENOKEY),
		NO("akid-wrong", ISSUER, ENOKEY),
		NO("akid-serial", ISSUER, ENOKEY),
		NO("akid-empty-id", ISSUER, ENOKEY),
		NO("ec-p521", KEY_ALGORITHM, ENOPKG),
		NO("ed25519", KEY_ALGORITHM, ENOPKG),
		NO("md4", SIGNATURE_ALGORITHM, ENOPKG),
		NO("md5", HASH, 0), /* or the algorithm: it is not known which */
		NO("rsa-pss", SIGNATURE_ALGORITHM, ENOPKG),
		NO("two-algorithms", SAME_ALGORITHM, EINVAL),
		NO("self-gost", HASH, ENOPKG),
		NO("month-13", DATES, EBADMSG),
		NO("no-subject", DER, EBADMSG),
		NO("skid-twice", SKID, EBADMSG),
		NO("akid-damaged", AKID, EBADMSG),
		NO("too-long", SIZE, EMSGSIZE),
		NO("garbage", DER, EBADMSG),
		OPEN("sha3-256"),
		OPEN("akid-uri"),
		UNSURE("unheard-of"),
		UNSURE("key-unheard-of"),
		UNSURE("indefinite"),
	};

	assert_rows(KEYHOST_IMA_61, KEYRING_IMA, rows, array_size(rows));
}

static void test_run__ima_612(void **state)
{
	static const struct row rows[] = {
		YES("good"),
		YES("ec-p521"),
		YES("no-constraints"),
		NO("no-usage", DIGITAL_SIGNATURE, ENOKEY),
		NO("usage-encipher", DIGITAL_SIGNATURE, ENOKEY),
		NO("usage-all", NO_CERT_SIGN, ENOKEY),
		NO("ca-true", NO_CA, ENOKEY),
		NO("a-ca", DIGITAL_SIGNATURE, ENOKEY),
		NO("usage-empty", KEY_USAGE, EBADMSG),
		NO("usage-not-bits", KEY_USAGE, EBADMSG),
		NO("constraints-damaged", CONSTRAINTS, EBADMSG),
		/* one kernel refuses the encoding, the other takes it for a CA */
		NO("ca-explicit-false", NO_CA, 0),
		OPEN("path-length-alone"),
		NO("stranger", ISSUER, ENOKEY),
	};

	assert_rows(KEYHOST_IMA_612, KEYRING_IMA, rows, array_size(rows));
}

static void test_run__user_61(void **state)
{
	static const struct row rows[] = {
		YES("good"),
		YES("stranger"),
		YES("impostor"),
		YES("broken-signature"),
		YES("self"),
		YES("self-ec"),
		YES("self-gost"), /* no Streebog: its signature is not looked at */
		YES("no-usage"),
		YES("a-ca"),
		YES("akid-wrong"),
		NO("self-broken", SELF_SIGNATURE, 0),
		NO("self-rsa-2056", SELF_SIGNATURE, EINVAL),
		NO("ec-p521", KEY_ALGORITHM, ENOPKG),
		NO("garbage", DER, EBADMSG),
		OPEN("sha3-256"),
		OPEN("md5"),
		UNSURE("unheard-of"),
	};

	assert_rows(KEYHOST_USER_61, KEYRING_IMA_USER, rows, array_size(rows));
}

static void test_run__closed_and_missing_keyrings(void **state)
{
	static const struct row closed[] = {NO("good", WRITABLE, EACCES)};
	static const struct row missing[] = {NO("good", WRITABLE, ENOKEY)};
	static const struct row hashes[] = {NO("good", WRITABLE, EOPNOTSUPP)};
	static const struct row ca_row[] = {YES("a-ca"), NO("stranger", ISSUER, ENOKEY)};

	assert_rows(KEYHOST_IMA_61, KEYRING_BUILTIN, closed, 1);
	assert_rows(KEYHOST_IMA_61, KEYRING_MACHINE, closed, 1);
	assert_rows(KEYHOST_USER_61, KEYRING_IMA, missing, 1);
	assert_rows(KEYHOST_IMA_61, KEYRING_BLACKLIST, hashes, 1);
	assert_rows(KEYHOST_IMA_61, KEYRING_SECONDARY, ca_row, 2);
}

/* Without the CA's certificate the signature cannot be checked, and is not guessed. */
static void test_run__without_the_issuers_certificate(void **state)
{
	_cleanup_(cert_freep) struct cert *good = variant("good"),
					  *bad = variant("impostor"),
					  *nobody = variant("stranger"),
					  *plain = variant("no-akid");
	struct keycheck r;
	struct host h;

	host_open(&h, KEYHOST_IMA_61);
	check(&h, good, KEYRING_IMA, false, &r);
	assert_int_equal(r.verdict, KEYCHECK_IT_DEPENDS);
	assert_int_equal(r.of[KEY_CLAUSE_ISSUER].state, KEYCHECK_HOLDS);
	assert_int_equal(r.of[KEY_CLAUSE_ISSUER_SIGNATURE].state, KEYCHECK_DEPENDS);
	check(&h, bad, KEYRING_IMA, false, &r);
	assert_int_equal(r.verdict, KEYCHECK_IT_DEPENDS);
	check(&h, nobody, KEYRING_IMA, false, &r);
	assert_int_equal(r.verdict, KEYCHECK_REFUSED);
	check(&h, plain, KEYRING_IMA, false, &r); /* by name alone */
	assert_int_equal(r.of[KEY_CLAUSE_ISSUER].state, KEYCHECK_DEPENDS);
	host_done(&h);
}

static void test_run__as_a_user_nothing_is_known(void **state)
{
	_cleanup_(cert_freep) struct cert *good = variant("good"),
					  *broken = variant("garbage");
	struct keycheck r;
	struct host h;

	host_open(&h, KEYHOST_BLIND);
	check(&h, good, KEYRING_IMA, true, &r);
	assert_int_equal(r.verdict, KEYCHECK_NOT_KNOWN);
	assert_int_equal(r.of[KEY_CLAUSE_WRITABLE].state, KEYCHECK_UNKNOWN);
	check(&h, broken, KEYRING_IMA, true, &r); /* whatever is in them */
	assert_int_equal(r.verdict, KEYCHECK_REFUSED);
	host_done(&h);
}

static void test_run__blacklist(void **state)
{
	_cleanup_(cert_freep) struct cert *c = variant("good"), *other = variant("good");
	_cleanup_strbuf_ struct strbuf keys = {0}, rings = {0};
	struct digest d;
	struct keycheck r;
	struct host h;

	host_open(&h, KEYHOST_IMA_61);
	assert_int_equal(cert_tbs_digest(c, &d), 0);
	strbuf_add(&keys, h.rings.text.ptr, h.rings.text.len);
	strbuf_adds(&keys, "3fffffff I------     1 perm 0c030000     0     0 "
			   "blacklist tbs:");
	strbuf_addhex(&keys, digest_span(&d));
	strbuf_addc(&keys, '\n');
	keyhost_put(h.dir, "keys", strbuf_str(&keys));
	keyhost_put(h.dir, "keyrings.txt",
		    "0d68ee5c .builtin_trusted_keys: 13e4b1d0\n"
		    "3817fff1 .blacklist: 3fffffff\n3f000001 .ima:\n");
	host_load(&h);
	check(&h, c, KEYRING_IMA, true, &r);
	assert_int_equal(r.clause, KEY_CLAUSE_BLACKLIST);
	assert_int_equal(r.err, EKEYREJECTED);
	check(&h, other, KEYRING_IMA, true, &r);
	assert_int_equal(r.verdict, KEYCHECK_ACCEPTED);
	/* what it holds was not recorded */
	keyhost_put(h.dir, "keyrings.txt", "0d68ee5c .builtin_trusted_keys: 13e4b1d0\n");
	host_load(&h);
	check(&h, other, KEYRING_IMA, true, &r);
	assert_int_equal(r.verdict, KEYCHECK_NOT_KNOWN);
	assert_int_equal(r.of[KEY_CLAUSE_BLACKLIST].state, KEYCHECK_UNKNOWN);
	host_done(&h);
}

static void test_run__ca_keys(void **state)
{
	static const struct {
		const char *words;
		bool with_end; /* of the CA's id */
		enum keycheck_verdict verdict;
		int err;
	} rows[] = {
		{"ca_keys=id:", true, KEYCHECK_ACCEPTED, 0},
		{"ca_keys=id:00112233", false, KEYCHECK_REFUSED, EPERM},
		{"ca_keys=id:", false, KEYCHECK_ACCEPTED, 0}, /* not an id: no effect */
		{"ca_keys=id:123", false, KEYCHECK_ACCEPTED, 0},
		{"ca_keys=builtin", false, KEYCHECK_ACCEPTED, 0},
	};
	_cleanup_(cert_freep) struct cert *c = variant("good");
	struct keycheck r;
	struct host h;

	host_open(&h, KEYHOST_IMA_61);
	for (size_t i = 0; i < array_size(rows); i++) {
		_cleanup_strbuf_ struct strbuf line = {0};

		strbuf_adds(&line, rows[i].words);
		if (rows[i].with_end)
			strbuf_addhex(&line,
				      (struct span){ca->skid.ptr + ca->skid.len - 4, 4});
		strbuf_addc(&line, '\n');
		keyhost_put(h.dir, "cmdline", strbuf_str(&line));
		host_load(&h);
		check(&h, c, KEYRING_IMA, true, &r);
		if (r.verdict != rows[i].verdict || r.err != rows[i].err)
			fail_msg("%zu: %s %d", i, keycheck_verdict_name(r.verdict),
				 r.err);
	}
	host_done(&h);
}

/* The issuer is in the secondary keyring: it counts where the kernel says so. */
static void test_run__secondary(void **state)
{
	static const char rings[] =
		"0d68ee5c .builtin_trusted_keys:\n"
		"17000000 .secondary_trusted_keys: 0d68ee5c 13e4b1d0\n"
		"3817fff1 .blacklist:\n3f000001 .ima:\n";
	static const char only_builtin[] =
		"\nCONFIG_CRYPTO_RSA=y\nCONFIG_CRYPTO_SHA256=y\n"
		"CONFIG_INTEGRITY_TRUSTED_KEYRING=y\n";
	_cleanup_(cert_freep) struct cert *c = variant("good");
	struct keycheck r;
	struct host h;

	host_open(&h, KEYHOST_IMA_61);
	keyhost_put(h.dir, "keyrings.txt", rings);
	host_load(&h);
	check(&h, c, KEYRING_IMA, true, &r);
	assert_int_equal(r.verdict, KEYCHECK_ACCEPTED);
	keyhost_put(h.dir, "config", only_builtin);
	host_load(&h);
	check(&h, c, KEYRING_IMA, true, &r);
	assert_int_equal(r.clause, KEY_CLAUSE_ISSUER);
	/* the configuration is not known, so neither is that */
	assert_int_equal(unlinkat(h.root.host, "config", 0), 0);
	keyhost_put(h.dir, "crypto", "name         : sha256\nname         : rsa\n");
	host_load(&h);
	check(&h, c, KEYRING_IMA, true, &r);
	assert_int_equal(r.verdict, KEYCHECK_IT_DEPENDS);
	assert_int_equal(r.of[KEY_CLAUSE_ISSUER].state, KEYCHECK_DEPENDS);
	host_done(&h);
}

static void test_run__a_described_kernel(void **state)
{
	_cleanup_(cert_freep) struct cert *good = variant("good"),
					  *no_usage = variant("no-usage"),
					  *stranger = variant("stranger");
	struct kconfig k = {0};
	struct keycap_set caps;
	struct keycheck_in in = {.ring = KEYRING_IMA, .caps = &caps, .known = &with};
	struct keycheck r;

	strbuf_adds(&k.text, "\nCONFIG_CRYPTO_RSA=y\nCONFIG_CRYPTO_SHA256=y\n"
			     "CONFIG_INTEGRITY_TRUSTED_KEYRING=y\n");
	keycap_describe(&k, &caps);
	in.cert = good;
	keycheck_run(&in, &r);
	assert_int_equal(r.verdict, KEYCHECK_ACCEPTED);
	assert_int_equal(r.of[KEY_CLAUSE_BLACKLIST].state, KEYCHECK_HOLDS);
	in.cert = stranger;
	keycheck_run(&in, &r);
	assert_int_equal(r.verdict, KEYCHECK_REFUSED);
	in.cert = no_usage; /* whether it asks, a configuration does not tell */
	keycheck_run(&in, &r);
	assert_int_equal(r.verdict, KEYCHECK_IT_DEPENDS);
	in.cert = good;
	in.known = &without; /* and which CAs were built in neither */
	keycheck_run(&in, &r);
	assert_int_equal(r.verdict, KEYCHECK_NOT_KNOWN);
	kconfig_done(&k);
}

static void assert_remark(const char *name, enum key_remark remark, bool want)
{
	_cleanup_(cert_freep) struct cert *c = variant(name);
	struct keycheck r;
	struct host h;

	host_open(&h, KEYHOST_IMA_61);
	check(&h, c, KEYRING_IMA, true, &r);
	host_done(&h);
	if (r.remark[remark] != want)
		fail_msg("%s: %s", name, keycheck_remark_key(remark));
}

static void test_remarks(void **state)
{
	for (int i = 0; i < _KEY_REMARK_MAX; i++)
		assert_remark("good", (enum key_remark)i, false);
	assert_remark("expired", KEY_REMARK_EXPIRED, true);
	assert_remark("not-yet", KEY_REMARK_NOT_YET, true);
	assert_remark("no-skid", KEY_REMARK_NO_SKID, true);
	assert_remark("behind", KEY_REMARK_BEHIND, true);
	assert_remark("rsa-2056", KEY_REMARK_USELESS, true);
	assert_remark("no-usage", KEY_REMARK_NEWER, true);
	assert_remark("ca-true", KEY_REMARK_NEWER, true);
}

static void test_settle__the_kernel_decides(void **state)
{
	_cleanup_(cert_freep) struct cert *c = variant("good"),
					  *ca_true = variant("ca-true");
	struct keycheck r;
	struct host h;

	host_open(&h, KEYHOST_IMA_612);
	check(&h, c, KEYRING_IMA, false, &r);
	assert_int_equal(r.verdict, KEYCHECK_IT_DEPENDS);
	keycheck_settle(&r, 0);
	assert_int_equal(r.verdict, KEYCHECK_ACCEPTED);
	check(&h, c, KEYRING_IMA, false, &r);
	keycheck_settle(&r, EKEYREJECTED);
	assert_int_equal(r.verdict, KEYCHECK_REFUSED);
	assert_int_equal(r.clause, KEY_CLAUSE_ISSUER_SIGNATURE);
	check(&h, c, KEYRING_IMA, true, &r);
	keycheck_settle(&r, ENOMEM); /* nothing we know of */
	assert_int_equal(r.verdict, KEYCHECK_REFUSED);
	assert_int_equal(r.err, ENOMEM);
	/* what the trial cannot ask stands */
	check(&h, ca_true, KEYRING_IMA, false, &r);
	keycheck_settle(&r, 0);
	assert_int_equal(r.verdict, KEYCHECK_REFUSED);
	assert_int_equal(r.clause, KEY_CLAUSE_NO_CA);
	host_done(&h);
}

/* The running kernel's parser, where it lets us ask. */
static void test_ask__the_running_kernel(void **state)
{
	_cleanup_(cert_freep) struct cert *good = variant("good"),
					  *bad = variant("month-13"),
					  *huge = variant("too-long");
	struct keycap_set caps = {0};
	int err = -1, r = keycheck_ask(good, KEYRING_IMA_USER, &caps, &err);

	if (r < 0) {
		print_message("the kernel has no asymmetric keys for us: %d\n", r);
		skip();
	}
	assert_int_equal(err, 0);
	assert_int_equal(keycheck_ask(bad, KEYRING_IMA_USER, &caps, &err), 0);
	assert_int_equal(err, EBADMSG);
	assert_int_equal(keycheck_ask(huge, KEYRING_IMA_USER, &caps, &err), 0);
	assert_int_equal(err, EMSGSIZE);
	assert_int_equal(keycheck_ask(good, KEYRING_BUILTIN, &caps, &err), -EOPNOTSUPP);
	assert_int_equal(keycheck_ask(good, KEYRING_IMA, &caps, &err), -EOPNOTSUPP);
	caps.answer[KEYCAP_SECONDARY] = KEYCAP_NO;
	assert_int_equal(keycheck_ask(good, KEYRING_IMA, &caps, &err), 0);
	assert_int_equal(err, ENOKEY); /* nobody here knows the test's CA */
	/* nothing stays */
	assert_int_equal(keysys_search(KEYSYS_PROCESS, "keyring", "imactl-trial"),
			 -ENOKEY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run__ima_61),
		cmocka_unit_test(test_run__ima_612),
		cmocka_unit_test(test_run__user_61),
		cmocka_unit_test(test_run__closed_and_missing_keyrings),
		cmocka_unit_test(test_run__without_the_issuers_certificate),
		cmocka_unit_test(test_run__as_a_user_nothing_is_known),
		cmocka_unit_test(test_run__blacklist),
		cmocka_unit_test(test_run__ca_keys),
		cmocka_unit_test(test_run__secondary),
		cmocka_unit_test(test_run__a_described_kernel),
		cmocka_unit_test(test_remarks),
		cmocka_unit_test(test_settle__the_kernel_decides),
		cmocka_unit_test(test_ask__the_running_kernel),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
