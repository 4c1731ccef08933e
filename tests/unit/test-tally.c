/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/list/tally.h"

static void test_top__exact_while_it_fits(void **state)
{
	_cleanup_(tally_freep) struct tally *t = tally_new(4);
	struct tally_row rows[4];

	for (int i = 0; i < 3; i++)
		assert_int_equal(tally_add(t, span_of("b"), 5), 0);
	(void)tally_add(t, span_of("a"), 15);
	(void)tally_add(t, span_of(""), 1);
	assert_int_equal(tally_error(t), 0);
	assert_int_equal(tally_top(t, rows, 4), 3);
	assert_true(span_is(rows[0].name, "a"));
	assert_true(span_is(rows[1].name, "b"));
	assert_int_equal(rows[1].weight, 15);
	assert_int_equal(rows[1].count, 3);
	assert_int_equal(rows[2].name.len, 0);
	(void)tally_add(t, span_of("b"), 1); /* still found after the order changed */
	assert_int_equal(tally_top(t, rows, 1), 1);
	assert_true(span_is(rows[0].name, "b"));
	assert_true(tally_find(t, span_of("a"), &rows[0]));
	assert_false(tally_find(t, span_of("c"), &rows[0]));
}

/* The promise: too small by at most the error, and nobody heavier than it is lost. */
static void test_add__bounds_hold(void **state)
{
	_cleanup_(tally_freep) struct tally *t = tally_new(64);
	static uint64_t truth[2000];
	uint64_t weight;
	uint32_t x = 12345;
	struct tally_row row;
	char name[16];

	for (int i = 0; i < 100000; i++) {
		x = x * 1664525u + 1013904223u;
		unsigned who = x >> 8 & 7 ? (x >> 16) % 20 : (x >> 12) % 2000;

		weight = 1 + (x >> 28);
		truth[who] += weight;
		(void)snprintf(name, sizeof(name), "n%u", who);
		assert_int_equal(tally_add(t, span_of(name), weight), 0);
	}
	assert_true(tally_error(t) > 0);
	for (unsigned i = 0; i < 2000; i++) {
		(void)snprintf(name, sizeof(name), "n%u", i);
		if (!tally_find(t, span_of(name), &row)) {
			assert_true(truth[i] <= tally_error(t));
			continue;
		}
		assert_true(row.weight <= truth[i]);
		assert_true(row.weight + tally_error(t) >= truth[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_top__exact_while_it_fits),
		cmocka_unit_test(test_add__bounds_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
