/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/hex.h"
#include "core/host/hashalg.h"

static void test_names__round_trip(void **state)
{
	for (int a = 0; a < _HASH_ALG_MAX; a++) {
		const char *name = hash_alg_name((enum hash_alg)a);

		assert_int_equal(hash_alg_from_name(span_of(name)), a);
		assert_in_range(hash_alg_size((enum hash_alg)a), 16, HASH_MAX_SIZE);
		if (hash_alg_tpm((enum hash_alg)a))
			assert_int_equal(hash_alg_from_tpm(
						 hash_alg_tpm((enum hash_alg)a)),
					 a);
	}
	assert_int_equal(hash_alg_from_name(span_of("SHA256")), _HASH_ALG_INVALID);
	assert_int_equal(hash_alg_from_tpm(0), _HASH_ALG_INVALID);
}

static void test_once__known_digest(void **state)
{
	struct hash_ctx *h = hash_new(HASH_SHA256, NULL);
	uint8_t out[HASH_MAX_SIZE];
	char text[65] = "";

	assert_non_null(h);
	for (int again = 0; again < 2; again++) {
		hash_once(h, span_of("hel"), span_of("lo\n"), out);
		hex_encode(text, (struct span){out, 32});
		assert_string_equal(
			text,
			"5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
	}
	hash_free(h);
}

/* FIPS 180-2 appendix: "abc". */
static void test_once__every_kind(void **state)
{
	static const struct {
		enum hash_alg alg;
		const char *hex;
	} rows[] = {
		{HASH_MD5, "900150983cd24fb0d6963f7d28e17f72"},
		{HASH_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
		{HASH_SHA224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
		{HASH_SHA256,
		 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{HASH_SHA384,
		 "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
		 "8086072ba1e7cc2358baeca134c825a7"},
		{HASH_SHA512,
		 "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		 "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
		{HASH_SHA3_256,
		 "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct hash_ctx *h = hash_new(rows[i].alg, NULL);
		uint8_t out[HASH_MAX_SIZE];
		char text[2 * HASH_MAX_SIZE + 1] = "";

		assert_non_null(h);
		for (int again = 0; again < 2; again++) {
			hash_once(h, span_of("a"), span_of("bc"), out);
			hex_encode(text, (struct span){out, hash_alg_size(rows[i].alg)});
			assert_string_equal(text, rows[i].hex);
		}
		hash_free(h);
	}
}

static void test_of__digest_or_reason(void **state)
{
	struct digest d;
	struct diag diag;

	assert_int_equal(hash_of(HASH_WP256, span_of("abc"), &d, &diag), -EOPNOTSUPP);
	assert_int_equal(diag.id, DIAG_NO_HASH);
	assert_int_equal(hash_of(HASH_MD5, span_of("abc"), &d, NULL), 0);
	assert_int_equal(d.alg, HASH_MD5);
	assert_int_equal(d.size, 16);
	assert_int_equal(d.value[0], 0x90);
}

static void test_new__uncomputable_is_an_error(void **state)
{
	struct diag d;

	assert_null(hash_new(HASH_TGR160, &d));
	assert_int_equal(d.id, DIAG_NO_HASH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names__round_trip),
		cmocka_unit_test(test_once__known_digest),
		cmocka_unit_test(test_once__every_kind),
		cmocka_unit_test(test_of__digest_or_reason),
		cmocka_unit_test(test_new__uncomputable_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
