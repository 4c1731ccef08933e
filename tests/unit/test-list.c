/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "tui/list.h"

static void test_list__empty(void **state)
{
	struct list l = {0};

	list_fit(&l, 0, 10);
	for (int r = REQ_NONE + 1; r < _REQ_MAX; r++) {
		(void)list_request(&l, (enum request)r);
		assert_int_equal(l.sel, 0);
		assert_int_equal(l.top, 0);
	}
	assert_true(list_at_end(&l));
}

static void test_list_request__pages(void **state)
{
	struct list l = {0};

	list_fit(&l, 100, 10);
	assert_true(list_request(&l, REQ_PAGE_DOWN));
	assert_int_equal(l.sel, 9);
	assert_int_equal(l.top, 9);
	assert_true(list_request(&l, REQ_BOTTOM));
	assert_int_equal(l.sel, 99);
	assert_int_equal(l.top, 90);
	assert_true(list_request(&l, REQ_PAGE_DOWN));
	assert_int_equal(l.sel, 99);
	assert_true(list_request(&l, REQ_HALF_UP));
	assert_int_equal(l.sel, 94);
	assert_true(list_request(&l, REQ_TOP));
	assert_int_equal(l.top, 0);
	assert_false(list_request(&l, REQ_SORT));
}

static void test_list_fit__shrinks(void **state)
{
	struct list l = {0};

	list_fit(&l, 100, 10);
	list_select(&l, 99);
	list_fit(&l, 5, 10);
	assert_int_equal(l.sel, 4);
	assert_int_equal(l.top, 0);
	list_fit(&l, 100, 3);
	list_select(&l, 50);
	list_fit(&l, 100, 1);
	assert_int_equal(l.sel, 50);
	assert_int_equal(l.top, 50);
}

static void test_list_carry__same_line(void **state)
{
	struct list l = {0};

	list_fit(&l, 1000, 10);
	list_select(&l, 500);
	list_select(&l, 495);
	list_carry(&l, 100);
	assert_int_equal(l.sel, 100);
	assert_int_equal(l.sel - l.top, 4);
	list_carry(&l, 2);
	assert_int_equal(l.top, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list__empty),
		cmocka_unit_test(test_list_request__pages),
		cmocka_unit_test(test_list_fit__shrinks),
		cmocka_unit_test(test_list_carry__same_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
