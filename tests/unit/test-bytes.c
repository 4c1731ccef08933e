/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/bytes.h"

static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

static void test_u32__short_input_leaves_cursor(void **state)
{
	struct bytes b = bytes_of(data, 3);
	uint32_t v = 77;

	assert_false(bytes_u32(&b, &v));
	assert_int_equal(b.pos, 0);
	assert_int_equal(v, 77);
}

static void test_take__length_near_size_max(void **state)
{
	struct bytes b = bytes_of(data, sizeof(data));
	struct span s;

	assert_true(bytes_skip(&b, 4));
	assert_false(bytes_take(&b, SIZE_MAX, &s));
	assert_false(bytes_take(&b, SIZE_MAX - 3, &s));
	assert_int_equal(b.pos, 4);
}

static void test_integers__both_orders(void **state)
{
	struct bytes b = bytes_of(data, sizeof(data));
	uint16_t v16;
	uint32_t v32;
	uint64_t v64;

	assert_true(bytes_u16(&b, &v16));
	assert_int_equal(v16, 0x0201);
	b.big_endian = true;
	assert_true(bytes_u32(&b, &v32));
	assert_int_equal(v32, 0x03040506);
	b.pos = 0;
	assert_true(bytes_u64(&b, &v64));
	assert_true(v64 == UINT64_C(0x0102030405060708));
}

static void test_until__stop_is_consumed(void **state)
{
	struct bytes b = bytes_of("ab\ncd", 5);
	struct span s;

	assert_true(bytes_until(&b, '\n', &s));
	assert_true(span_is(s, "ab"));
	assert_false(bytes_until(&b, '\n', &s));
	assert_int_equal(bytes_left(&b), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u32__short_input_leaves_cursor),
		cmocka_unit_test(test_take__length_near_size_max),
		cmocka_unit_test(test_integers__both_orders),
		cmocka_unit_test(test_until__stop_is_consumed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
