/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/cleanup.h"
#include "core/cert/keyset.h"
#include "core/simulate/simulate-internal.h"
#include "tests/unit/testkeys.h"

static struct simulate_row *add(struct simulate *s, const char *path,
				enum appraise_cause cause, bool no_key)
{
	struct simulate_row row = {
		.rank = SIMULATE_USED,
		.cause = (uint8_t)cause,
		.fix = (uint8_t)simulate_fix_for(cause, no_key),
		.package = PKGDB_NONE,
	};

	assert_int_equal(simulate_add_row(s, &row, path), 0);
	return &s->row[s->n_rows - 1];
}

static void add_signed(struct simulate *s, const char *path, struct span keyid)
{
	struct simulate_row *row = add(s, path, APPRAISE_INVALID_SIG, true);

	row->keyid_len = (uint8_t)keyid.len;
	memcpy(row->keyid, keyid.ptr, keyid.len);
}

/* The command and its paths. */
static void expect(const struct simulate *s, size_t fix, const char *root,
		   const char *want)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	const struct simulate_fix *f = &s->fix[fix];
	const char *path = strbuf_str(&f->paths);

	assert_true(fix < s->n_fixes);
	simulate_command(&b, f, root);
	for (size_t i = 0; i < f->n_paths; i++) {
		strbuf_addf(&b, " /%s", path);
		path += strlen(path) + 1;
	}
	assert_string_equal(strbuf_str(&b), want);
}

/* Every cause of a denial has a remedy of its own or asks to be looked at. */
static void test_fix_for__causes(void **state)
{
	assert_int_equal(simulate_fix_for(APPRAISE_MISSING_HASH, false), SIMULATE_LABEL);
	assert_int_equal(simulate_fix_for(APPRAISE_MISSING_HASH, true), SIMULATE_LABEL);
	assert_int_equal(simulate_fix_for(APPRAISE_SIG_REQUIRED, false), SIMULATE_SIGN);
	assert_int_equal(simulate_fix_for(APPRAISE_INVALID_SIG, false),
			 SIMULATE_SIGN_ANEW);
	assert_int_equal(simulate_fix_for(APPRAISE_INVALID_SIG, true), SIMULATE_LOAD_KEY);
	assert_int_equal(simulate_fix_for(APPRAISE_BLACKLISTED, false), SIMULATE_LOOK);
	assert_int_equal(simulate_fix_for(APPRAISE_NONE, false), SIMULATE_LOOK);
}

static void test_fix_covers__signatures(void **state)
{
	assert_true(simulate_fix_covers(SIMULATE_SIGN, SIMULATE_LABEL));
	assert_true(simulate_fix_covers(SIMULATE_SIGN_3, SIMULATE_SIGN));
	assert_false(simulate_fix_covers(SIMULATE_SIGN, SIMULATE_SIGN_3));
	assert_false(simulate_fix_covers(SIMULATE_SIGN, SIMULATE_RELABEL));
	assert_false(simulate_fix_covers(SIMULATE_LABEL, SIMULATE_SIGN));
	assert_false(simulate_fix_covers(SIMULATE_LOOK, SIMULATE_LABEL));
	assert_false(simulate_fix_covers(SIMULATE_SIGN_EVM, SIMULATE_LABEL));
}

/* One command for what one command does, the boot's first, then the most files. */
static void test_make_fixes__merged(void **state)
{
	_cleanup_simulate_ struct simulate s = {0};
	struct keyset none = {0};

	add(&s, "opt/b", APPRAISE_MISSING_HASH, false);
	add(&s, "opt/a", APPRAISE_MISSING_HASH, false)->package = 3;
	add(&s, "opt/a", APPRAISE_MISSING_HASH, false)->uid = 1000;
	add(&s, "boot/efi/x", APPRAISE_NO_XATTRS, false)->fsmagic = 0x4d44;
	add(&s, "usr/lib/init", APPRAISE_SIG_REQUIRED, false)->rank = SIMULATE_EARLY;
	add(&s, "usr/bin/odd", APPRAISE_FAILED, false);
	add(&s, "usr/bin/odder", APPRAISE_FAILED, false);
	add(&s, "usr/bin/odd3", APPRAISE_FAILED, false);
	add(&s, "etc/x", APPRAISE_DENIED_HASH, false)->algos =
		1u << HASH_SHA512 | 1u << HASH_SHA1;
	add(&s, "etc/unknown", APPRAISE_NONE, false)->unsure = true;
	assert_int_equal(simulate_make_fixes(&s, &none), 0);
	assert_int_equal(s.n_fixes, 5);
	expect(&s, 0, NULL, "imactl file sign --key=KEY /usr/lib/init");
	expect(&s, 1, NULL, "imactl label apply /opt/a /opt/b");
	assert_int_equal(s.fix[1].files, 2);
	expect(&s, 2, "/sysroot",
	       "imactl --root=/sysroot label apply --hash=sha512 /etc/x");
	expect(&s, 3, "/sysroot", "dont_appraise fsmagic=0x4d44");
	expect(&s, 4, NULL, "imactl file verify /usr/bin/odd");
	assert_int_equal(s.fix[4].files, 3);
}

/* A folder stands for files that need a hash; what is signed, or hashed anew, is named: other
 * files below it are not to be. */
static void test_make_fixes__only_these(void **state)
{
	_cleanup_simulate_ struct simulate s = {0};
	struct keyset none = {0};
	char path[32];

	for (int i = 0; i < 9; i++) {
		(void)snprintf(path, sizeof(path), "etc/init.d/%d", i);
		add(&s, path, APPRAISE_SIG_REQUIRED, false);
		add(&s, path, APPRAISE_SIG_REQUIRED, false)->uid = 7;
		(void)snprintf(path, sizeof(path), "usr/lib/%d", i);
		add(&s, path, APPRAISE_MISSING_HASH, false);
		(void)snprintf(path, sizeof(path), "usr/share/%d", i);
		add(&s, path, APPRAISE_INVALID_HASH, false);
	}
	add_signed(&s, "usr/bin/x", (struct span){(const uint8_t *)"abcd", 4});
	assert_int_equal(simulate_make_fixes(&s, &none), 0);
	assert_int_equal(s.n_fixes, 4);
	expect(&s, 0, NULL, "imactl label apply /usr/lib");
	expect(&s, 1, NULL,
	       "imactl label apply /usr/share/0 /usr/share/1 /usr/share/2 /usr/share/3 "
	       "/usr/share/4 /usr/share/5 /usr/share/6 /usr/share/7 /usr/share/8");
	expect(&s, 2, NULL,
	       "imactl file sign --key=KEY /etc/init.d/0 /etc/init.d/1 /etc/init.d/2 "
	       "/etc/init.d/3 /etc/init.d/4 /etc/init.d/5 /etc/init.d/6 /etc/init.d/7 "
	       "/etc/init.d/8");
	assert_int_equal(s.fix[2].files, 9);
	assert_int_equal(s.fix[3].kind, SIMULATE_LOAD_KEY);
	assert_int_equal(s.fix[3].n_paths, 0);
}

/* A key each; the certificate by its name, where one lies here. */
static void test_make_fixes__keys(void **state)
{
	static const uint8_t other[] = {0xde, 0xad, 0xbe, 0xef};
	_cleanup_simulate_ struct simulate s = {0};
	_cleanup_keyset_ struct keyset certs = {0};
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	X509 *cert = cert_of(pkey, "hash");
	unsigned char *der = NULL;
	int len = i2d_X509(cert, &der);

	assert_int_equal(keyset_add(&certs, "/etc/keys/ima/ours.der", NULL,
				    (struct span){der, (size_t)len}, NULL),
			 0);
	add_signed(&s, "usr/bin/a", sig_key_id(certs.keys[0].key));
	add_signed(&s, "usr/bin/b", (struct span){other, sizeof(other)});
	add_signed(&s, "usr/bin/c", sig_key_id(certs.keys[0].key));
	assert_int_equal(simulate_make_fixes(&s, &certs), 0);
	assert_int_equal(s.n_fixes, 2);
	expect(&s, 0, NULL, "imactl key load /etc/keys/ima/ours.der");
	assert_true(s.fix[0].cert_known);
	assert_int_equal(s.fix[0].files, 2);
	expect(&s, 1, NULL, "imactl key load CERT");
	assert_false(s.fix[1].cert_known);
	assert_memory_equal(s.fix[1].keyid.ptr, other, sizeof(other));
	OPENSSL_free(der);
	X509_free(cert);
	EVP_PKEY_free(pkey);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fix_for__causes),
		cmocka_unit_test(test_fix_covers__signatures),
		cmocka_unit_test(test_make_fixes__merged),
		cmocka_unit_test(test_make_fixes__only_these),
		cmocka_unit_test(test_make_fixes__keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
