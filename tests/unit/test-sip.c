/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/cleanup.h"
#include "core/base/pack.h"
#include "core/base/sip.h"

static void of_count(size_t n, uint8_t ret[16])
{
	_cleanup_strbuf_ struct strbuf out = {0};
	const uint64_t key[2] = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};
	uint8_t bytes[64];
	uint64_t half[2];
	struct sip s;

	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)i;
	sip_start(&s, key);
	sip_add_span(&s, (struct span){bytes, n});
	sip_end(&s, half);
	pack_u64(&out, half[0]);
	pack_u64(&out, half[1]);
	memcpy(ret, out.ptr, 16);
}

/* The authors' own vectors: the bytes 0, 1, 2 .. under the key 0, 1 .. 15. */
static void test_sip__is_siphash_2_4_128(void **state)
{
	static const struct {
		size_t n;
		uint8_t want[16];
	} vectors[] = {
		{0,
		 {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14,
		  0xc7, 0x55, 0x02, 0x93}},
		{1,
		 {0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11,
		  0x9b, 0x22, 0xfc, 0x45}},
		{17,
		 {0x47, 0x3d, 0x06, 0xe8, 0x73, 0x8d, 0xb8, 0x98, 0x54, 0xc0, 0x66, 0xc4,
		  0x7a, 0xe4, 0x77, 0x40}},
	};
	uint8_t got[16];

	for (size_t i = 0; i < array_size(vectors); i++) {
		of_count(vectors[i].n, got);
		assert_memory_equal(got, vectors[i].want, 16);
	}
}

static void test_new_key__is_another_one_each_time(void **state)
{
	uint64_t a[2], b[2];

	sip_new_key(a);
	sip_new_key(b);
	assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sip__is_siphash_2_4_128),
		cmocka_unit_test(test_new_key__is_another_one_each_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
