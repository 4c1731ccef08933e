/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/base/hex.h"

static void test_decode__refuses(void **state)
{
	uint8_t out[4];

	assert_int_equal(hex_decode(out, span_of("abc")), -EINVAL);
	assert_int_equal(hex_decode(out, span_of("0g")), -EINVAL);
	assert_int_equal(hex_decode(out, span_of("@A")), -EINVAL);
	assert_int_equal(hex_decode(out, span_of(" 1")), -EINVAL);
}

static void test_round_trip__all_bytes(void **state)
{
	uint8_t in[256], back[256];
	char text[512];

	for (unsigned i = 0; i < 256; i++)
		in[i] = (uint8_t)i;
	hex_encode(text, (struct span){in, sizeof(in)});
	assert_int_equal(hex_decode(back, (struct span){(uint8_t *)text, sizeof(text)}),
			 0);
	assert_memory_equal(in, back, sizeof(in));
	assert_int_equal(hex_decode(back, span_of("AbCd")), 0);
	assert_int_equal(back[0], 0xab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode__refuses),
		cmocka_unit_test(test_round_trip__all_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
