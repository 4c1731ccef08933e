/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/modsig.h"

static uint8_t end[MODSIG_TRAILER];

static uint32_t decode(uint64_t size)
{
	return modsig_decode((struct span){end, sizeof(end)}, size);
}

static void reset(void)
{
	memset(end, 0, MODSIG_HEADER);
	end[2] = 2;
	end[11] = 100;
	memcpy(end + MODSIG_HEADER, MODSIG_MARKER, strlen(MODSIG_MARKER));
}

static void test_decode__no_such_thing(void **state)
{
	reset();
	end[sizeof(end) - 1] = '\r';
	assert_int_equal(decode(1000), 0);
	reset();
	end[2] = 1; /* X.509, as modules had it before 4.x */
	assert_int_equal(decode(1000), 0);
	for (int i = 0; i < 8; i++) {
		reset();
		end[i] ^= 1;
		assert_int_equal(decode(1000), 0);
	}
	reset();
	assert_int_equal(modsig_decode((struct span){end, sizeof(end) - 1}, 1000), 0);
	assert_int_equal(modsig_decode((struct span){end, 0}, 0), 0);
}

/* Contents must be left: mod_check_sig(). */
static void test_decode__longer_than_the_file(void **state)
{
	reset();
	assert_int_equal(decode(MODSIG_TRAILER + 101), 100);
	assert_int_equal(decode(MODSIG_TRAILER + 100), 0);
	assert_int_equal(decode(MODSIG_TRAILER), 0);
	assert_int_equal(decode(3), 0);
	end[8] = 0xff;
	assert_int_equal(decode(1 << 20), 0);
	end[11] = 0;
	end[8] = 0;
	assert_int_equal(decode(1000), 0);
}

static void test_decode__big_endian_length(void **state)
{
	reset();
	end[10] = 1;
	assert_int_equal(decode(1000), 356);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode__no_such_thing),
		cmocka_unit_test(test_decode__longer_than_the_file),
		cmocka_unit_test(test_decode__big_endian_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
