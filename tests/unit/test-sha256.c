/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <openssl/evp.h>

#include "core/base/hex.h"
#include "core/base/sha256-internal.h"

static uint8_t data[4096];

static void assert_same(size_t offset, size_t len)
{
	uint8_t ours[SHA256_SIZE], theirs[EVP_MAX_MD_SIZE];

	sha256_of((struct span){data + offset, len}, ours);
	assert_int_equal(EVP_Digest(data + offset, len, theirs, NULL, EVP_sha256(), NULL),
			 1);
	assert_memory_equal(ours, theirs, SHA256_SIZE);
}

/* Both ways of computing it, whichever this machine takes. */
static void test_blocks__both_ways(void **state)
{
	sha256_blocks_fn *quick = sha256_x86();
	uint32_t a[8] = {1, 2, 3, 4, 5, 6, 7, 8}, b[8];

	if (!quick)
		skip();
	memcpy(b, a, sizeof(b));
	for (size_t n = 0; n <= sizeof(data) / 64; n += 7) {
		sha256_blocks_c(a, data, n);
		quick(b, data, n);
		assert_memory_equal(a, b, sizeof(a));
	}
}

static void test_sha256__known_value(void **state)
{
	uint8_t hash[SHA256_SIZE], want[SHA256_SIZE];

	assert_int_equal(hex_decode(want, span_of("ba7816bf8f01cfea414140de5dae2223"
						  "b00361a396177a9cb410ff61f20015ad")),
			 0);
	sha256_of(span_of("abc"), hash);
	assert_memory_equal(hash, want, SHA256_SIZE);
}

static void test_sha256__every_length_as_openssl(void **state)
{
	for (size_t len = 0; len <= 700; len++)
		assert_same(len % 7, len);
	assert_same(0, sizeof(data));
}

/* Two cuts anywhere around the block border give the same as one piece. */
static void test_sha256_add__in_pieces(void **state)
{
	uint8_t whole[SHA256_SIZE], pieces[SHA256_SIZE];
	struct sha256 h;

	sha256_of((struct span){data, 200}, whole);
	for (size_t a = 0; a <= 200; a++) {
		for (size_t b = a; b <= 200; b += 3) {
			sha256_init(&h);
			sha256_add(&h, data, a);
			sha256_add(&h, data + a, b - a);
			sha256_add(&h, data + b, 200 - b);
			sha256_end(&h, pieces);
			assert_memory_equal(pieces, whole, SHA256_SIZE);
		}
	}
}

/* The bit count goes beyond 32 bits. */
static void test_sha256_add__over_half_a_gigabyte(void **state)
{
	uint8_t ours[SHA256_SIZE], theirs[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct sha256 h;

	if (!getenv("IMACTL_LONG")) {
		EVP_MD_CTX_free(ctx);
		skip();
	}
	sha256_init(&h);
	assert_int_equal(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL), 1);
	for (size_t i = 0; i < (600u << 20) / sizeof(data); i++) {
		sha256_add(&h, data, sizeof(data));
		assert_int_equal(EVP_DigestUpdate(ctx, data, sizeof(data)), 1);
	}
	sha256_end(&h, ours);
	assert_int_equal(EVP_DigestFinal_ex(ctx, theirs, NULL), 1);
	EVP_MD_CTX_free(ctx);
	assert_memory_equal(ours, theirs, SHA256_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks__both_ways),
		cmocka_unit_test(test_sha256__known_value),
		cmocka_unit_test(test_sha256__every_length_as_openssl),
		cmocka_unit_test(test_sha256_add__in_pieces),
		cmocka_unit_test(test_sha256_add__over_half_a_gigabyte),
	};

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 131 + (i >> 8));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
