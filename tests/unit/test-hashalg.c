/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/hex.h"
#include "core/hashalg.h"

static void test_names__round_trip(void **state)
{
	for (int a = 0; a < _HASH_ALG_MAX; a++) {
		const char *name = hash_alg_name((enum hash_alg)a);

		assert_int_equal(hash_alg_from_name(span_of(name)), a);
		assert_in_range(hash_alg_size((enum hash_alg)a), 16, HASH_MAX_SIZE);
		if (hash_alg_tpm((enum hash_alg)a))
			assert_int_equal(hash_alg_from_tpm(hash_alg_tpm((enum hash_alg)a)), a);
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
		assert_string_equal(text, "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
	}
	hash_free(h);
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
		cmocka_unit_test(test_new__uncomputable_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
