/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/host/lanes.h"

static const enum hash_alg algs[] = {HASH_SHA1, HASH_SHA256, HASH_SHA384, HASH_SHA512};

/* Bytes that differ from call to call. */
static void fill(uint8_t *out, unsigned *seed)
{
	for (size_t i = 0; i < HASH_MAX_SIZE; i++) {
		*seed = *seed * 1103515245 + 12345;
		out[i] = (uint8_t)(*seed >> 16);
	}
}

static void extend(struct hash_ctx *h, enum hash_alg alg, uint8_t *value,
		   const uint8_t *digest)
{
	size_t size = hash_alg_size(alg);

	hash_once(h, (struct span){value, size}, (struct span){digest, size}, value);
}

static void check(enum hash_alg alg, struct lanes *l)
{
	uint8_t want[LANES][HASH_MAX_SIZE], digest[HASH_MAX_SIZE], got[HASH_MAX_SIZE];
	struct hash_ctx *h = hash_new(alg, NULL);
	unsigned seed = 7;

	fill(want[0], &seed);
	lanes_fill(l, want[0]);
	for (unsigned i = 1; i < LANES; i++) {
		memcpy(want[i], want[0], sizeof(want[0]));
		if (i % 3 == 0)
			continue;
		fill(want[i], &seed);
		lanes_set(l, i, want[i]);
	}
	for (unsigned n = 0; n < 50; n++) {
		fill(digest, &seed);
		lanes_extend(l, digest);
		for (unsigned i = 0; i < LANES; i++)
			extend(h, alg, want[i], digest);
		lanes_extend_one(l, n % LANES, digest);
		extend(h, alg, want[n % LANES], digest);
	}
	for (unsigned i = 0; i < LANES; i++) {
		lanes_get(l, i, got);
		assert_memory_equal(got, want[i], hash_alg_size(alg));
	}
	hash_free(h);
}

/* Every way this processor has, against OpenSSL's one by one. */
static void test_extend__as_one_by_one(void **state)
{
	for (size_t a = 0; a < array_size(algs); a++) {
		struct lanes *l = NULL;
		unsigned n = 0;
		int r;

		for (; (r = lanes_new(algs[a], n, &l)) == 0; n++) {
			check(algs[a], l);
			lanes_free(l);
		}
		assert_int_equal(r, -ENOENT);
		assert_true(n > 0);
		print_message("%s: %u ways\n", hash_alg_name(algs[a]), n);
	}
}

static void test_new__not_computable(void **state)
{
	struct lanes *l = NULL;

	assert_int_equal(lanes_new(HASH_TGR160, 0, &l), -EOPNOTSUPP);
	assert_null(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_extend__as_one_by_one),
		cmocka_unit_test(test_new__not_computable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
