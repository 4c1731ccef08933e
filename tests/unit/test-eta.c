/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/host/eta.h"

static void test_left__unknown_at_first(void **state)
{
	struct eta e = {0};
	uint64_t ms, spread;

	assert_false(eta_left(&e, 100, &ms, &spread));
	eta_add(&e, 5000, 0);
	eta_add(&e, 5500, 50);
	eta_add(&e, 6000, 100);
	assert_false(eta_left(&e, 100, &ms, &spread));
}

static void test_left__steady_work_is_sure(void **state)
{
	struct eta e = {0};
	uint64_t ms, spread;

	for (uint64_t t = 0; t <= 100; t++)
		eta_add(&e, 1000 + 500 * t, 10 * t);
	assert_true(eta_left(&e, 1000, &ms, &spread));
	assert_in_range(ms, 49990, 50010);
	assert_int_equal(spread, 0);
}

/* Half of the time twice as fast: the spread says so, and what is left still lies in it. */
static void test_left__uneven_work_has_a_spread(void **state)
{
	struct eta e = {0};
	uint64_t done = 0, ms, spread;

	for (uint64_t t = 0; t <= 40; t++, done += t % 2 ? 10 : 20)
		eta_add(&e, 500 * t, done);
	assert_true(eta_left(&e, 3000, &ms, &spread));
	assert_in_range(ms, 95000, 105000);
	assert_in_range(spread, 5000, 15000);
}

/* The last rates count, not those of long ago. */
static void test_left__forgets(void **state)
{
	struct eta e = {0};
	uint64_t done = 0, ms, spread;

	for (uint64_t t = 0; t < 200; t++, done += t < 150 ? 1000 : 1)
		eta_add(&e, 500 * t, done);
	assert_true(eta_left(&e, 10, &ms, &spread));
	assert_in_range(ms, 4900, 5100);
}

static void test_left__nothing_happens(void **state)
{
	struct eta e = {0};
	uint64_t ms, spread;

	for (uint64_t t = 0; t < 40; t++)
		eta_add(&e, 500 * t, 7);
	assert_false(eta_left(&e, 10, &ms, &spread));
	eta_add(&e, 10, 5); /* neither time nor work goes back */
	assert_false(eta_left(&e, 10, &ms, &spread));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_left__unknown_at_first),
		cmocka_unit_test(test_left__steady_work_is_sure),
		cmocka_unit_test(test_left__uneven_work_has_a_spread),
		cmocka_unit_test(test_left__forgets),
		cmocka_unit_test(test_left__nothing_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
