/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <openssl/ec.h>

#include "core/list/msigcheck.h"
#include "tests/unit/listgen.h"
#include "tests/unit/testkeys.h"

/* Two keys, of which only the first is at hand. */
struct fixture {
	struct pool *pool;
	struct keyset set;
	struct sig_key *key, *other;
	struct sig_ctx *ctx;
	struct msigcheck *m;
	struct strbuf list;
};

static struct sig_key *make_key(struct keyset *set)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	struct sig_key *key = private_of(pkey);
	X509 *cert = cert_of(pkey, "hash");
	struct sig_key *public = public_of(cert);
	unsigned char *der = NULL;
	int len = i2d_X509(cert, &der);

	assert_int_equal(sig_key_certify(key, public, NULL), 0);
	if (set)
		assert_int_equal(keyset_add(set, "file", NULL,
					    (struct span){der, (size_t)len}, NULL),
				 0);
	sig_key_free(public);
	OPENSSL_free(der);
	X509_free(cert);
	EVP_PKEY_free(pkey);
	return key;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_int_equal(pool_new(2, &f->pool, NULL), 0);
	f->key = make_key(&f->set);
	f->other = make_key(NULL);
	f->ctx = sig_ctx_new();
	assert_int_equal(msigcheck_new(f->pool, &f->set, &f->m, NULL), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	msigcheck_free(f->m);
	strbuf_done(&f->list);
	sig_ctx_free(f->ctx);
	sig_key_free(f->key);
	sig_key_free(f->other);
	keyset_done(&f->set);
	pool_free(f->pool);
	free(f);
	return 0;
}

static struct digest digest(enum hash_alg alg, uint8_t seed)
{
	struct digest d = {alg, (uint8_t)hash_alg_size(alg), {0}};

	for (size_t i = 0; i < sizeof(d.value); i++)
		d.value[i] = (uint8_t)(seed + i);
	return d;
}

static void put(struct fixture *f, const char *path, uint8_t seed, const char *hex)
{
	listgen_record(&f->list, &(struct made){.template = "ima-sig",
						.path = path,
						.seed = seed,
						.sig_hex = hex});
}

/* An entry whose file has the digest @seed, with a signature of the digest @of. */
static void put_signed(struct fixture *f, struct sig_key *key, enum hash_alg alg,
		       uint8_t seed, uint8_t of)
{
	_cleanup_strbuf_ struct strbuf value = {0}, hex = {0};
	struct digest d = digest(alg, of);

	assert_int_equal(sig_make(f->ctx, key, IMAXATTR_SIG, 2, &d, &value, NULL), 0);
	strbuf_addhex(&hex, strbuf_span(&value));
	put(f, "/usr/bin/tool", seed, strbuf_str(&hex));
}

/* All that was put, @times in a row. */
static const struct msigcheck_result *check(struct fixture *f, unsigned times)
{
	struct mlog_dialect dialect;
	struct mlog_entry e;

	assert_int_equal(mlog_sniff(strbuf_span(&f->list), 0, &dialect, NULL), 0);
	while (times--) {
		struct bytes b = bytes_of(f->list.ptr, f->list.len);

		while (mlog_next(&dialect, &b, NULL, &e, NULL) == 1)
			msigcheck_add(f->m, &dialect, &e);
		assert_int_equal(bytes_left(&b), 0);
	}
	assert_int_equal(msigcheck_finish(f->m, NULL), 0);
	return msigcheck_result(f->m);
}

static void test_check__wrong_ones_are_named(void **state)
{
	struct fixture *f = *state;
	const struct msigcheck_result *r;

	put_signed(f, f->key, HASH_SHA256, 1, 1);
	put_signed(f, f->key, HASH_SHA256, 2, 1); /* of another file */
	put(f, "/usr/bin/cut", 3, "0302046b");
	r = check(f, 1);
	assert_int_equal(r->n[SIG_GOOD], 1);
	assert_int_equal(r->n[SIG_BAD], 1);
	assert_int_equal(r->n[SIG_DAMAGED], 1);
	assert_int_equal(msigcheck_verdict(r), SIG_BAD);
	assert_int_equal(r->n_wrong, 2);
	assert_int_equal(r->wrong[0].entry, 2);
	assert_int_equal(r->wrong[0].verdict, SIG_BAD);
	assert_int_equal(r->wrong[1].entry, 3);
	assert_int_equal(r->wrong[1].verdict, SIG_DAMAGED);
	assert_int_equal(r->wrong[1].path_len, strlen("/usr/bin/cut"));
	assert_memory_equal(r->wrong[1].path, "/usr/bin/cut", r->wrong[1].path_len);
}

/* Neither good nor wrong: what cannot be known is not taken for either. */
static void test_check__what_cannot_be_known(void **state)
{
	struct fixture *f = *state;
	const struct msigcheck_result *r;

	put_signed(f, f->other, HASH_SHA256, 1, 1);
	r = check(f, 1);
	assert_int_equal(r->n[SIG_NO_KEY], 1);
	assert_int_equal(msigcheck_verdict(r), SIG_IMPOSSIBLE);
	strbuf_clear(&f->list);
	put_signed(f, f->key, HASH_SHA512, 1, 1); /* the entry has a SHA-256 */
	r = check(f, 1);
	assert_int_equal(r->beyond, 1);
	assert_int_equal(r->n_wrong, 0);
	assert_int_equal(msigcheck_verdict(r), SIG_IMPOSSIBLE);
}

static void test_check__counts_by_key(void **state)
{
	struct fixture *f = *state;
	const struct msigcheck_result *r;

	listgen_many(&f->list, 1, 5);
	put_signed(f, f->other, HASH_SHA256, 1, 1);
	put_signed(f, f->key, HASH_SHA256, 2, 2);
	put_signed(f, f->key, HASH_SHA256, 3, 3);
	r = check(f, 1);
	assert_int_equal(r->entries, 8);
	assert_int_equal(r->carry, 3);
	assert_int_equal(r->n_keys, 2);
	assert_int_equal(r->key[0].total, 2);
	assert_int_equal(r->key[0].n[SIG_GOOD], 2);
	assert_ptr_equal(r->key[0].key, &f->set.keys[0]);
	assert_memory_equal(r->key[0].id, sig_key_id(f->key).ptr, IMAXATTR_KEYID);
	assert_int_equal(r->key[1].total, 1);
	assert_int_equal(r->key[1].n[SIG_NO_KEY], 1);
	assert_null(r->key[1].key);
}

/* Entries while it runs, and after: each counts, none is checked again. */
static void test_check__the_same_again_is_known(void **state)
{
	struct fixture *f = *state;
	const struct msigcheck_result *r;

	put_signed(f, f->key, HASH_SHA256, 1, 1);
	put_signed(f, f->key, HASH_SHA256, 1, 2);
	r = check(f, 500);
	r = check(f, 500);
	assert_int_equal(r->n[SIG_GOOD], 1000);
	assert_int_equal(r->n[SIG_BAD], 1000);
	assert_int_equal(r->n_wrong, 1); /* one check */
	assert_int_equal(r->wrong[0].entry, 2);
}

/* Threads finish in any order, and what is known is forgotten now and then. */
static void test_check__many(void **state)
{
	enum { MANY = 70000 };
	struct fixture *f = *state;
	const struct msigcheck_result *r;
	char hex[64];

	for (unsigned i = 0; i < MANY; i++) {
		/* no DER: wrong at once */
		(void)snprintf(hex, sizeof(hex), "030204%02x%02x%02x%02x0004%08x",
			       sig_key_id(f->key).ptr[0], sig_key_id(f->key).ptr[1],
			       sig_key_id(f->key).ptr[2], sig_key_id(f->key).ptr[3], i);
		put(f, "/usr/bin/tool", 1, hex);
	}
	r = check(f, 2);
	assert_int_equal(r->n[SIG_BAD], 2 * MANY);
	assert_true(r->n_wrong >= MANY);
	for (size_t i = 0; i < MSIGCHECK_WRONG_MAX; i++)
		assert_int_equal(r->wrong[i].entry, i + 1);
	assert_int_equal(r->n_keys, 1);
	assert_int_equal(r->key[0].n[SIG_BAD], 2 * MANY);
}

static void test_check__more_keys_than_are_kept(void **state)
{
	struct fixture *f = *state;
	const struct msigcheck_result *r;
	char hex[64];

	for (unsigned i = 0; i < MSIGCHECK_KEYS_MAX + 10; i++) {
		(void)snprintf(hex, sizeof(hex), "030204%08x000401020304", i + 1);
		put(f, "/usr/bin/tool", 1, hex);
	}
	r = check(f, 1);
	assert_int_equal(r->n_keys, MSIGCHECK_KEYS_MAX);
	assert_int_equal(r->n[SIG_NO_KEY], MSIGCHECK_KEYS_MAX + 10);
}

static void test_verdict__without_signatures_nothing_is_wrong(void **state)
{
	struct fixture *f = *state;

	listgen_many(&f->list, 1, 5);
	assert_int_equal(msigcheck_verdict(check(f, 1)), SIG_GOOD);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_check__wrong_ones_are_named),
		TEST(test_check__what_cannot_be_known),
		TEST(test_check__counts_by_key),
		TEST(test_check__the_same_again_is_known),
		TEST(test_check__many),
		TEST(test_check__more_keys_than_are_kept),
		TEST(test_verdict__without_signatures_nothing_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
