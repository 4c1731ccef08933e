/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/cleanup.h"
#include "tui/termsize.h"

static void test_termsize_parse__no_answer(void **state)
{
	static const char *const texts[] = {
		"",
		"24;80R",
		"\033[24;80",
		"\033[;80R",
		"\033[0;80R",
		"\033[24;R",
		"\033[-1;80R",
		"\033[ 24;80R",
		"\033[24;4294967377R",
		"\033[A",
	};
	unsigned rows = 1, cols = 2;

	for (size_t i = 0; i < array_size(texts); i++)
		assert_false(termsize_parse(texts[i], &rows, &cols));
	assert_int_equal(rows, 1);
	assert_int_equal(cols, 2);
}

static void test_termsize_parse__among_keys(void **state)
{
	unsigned rows, cols;

	assert_true(termsize_parse("x\033[A\033[16;60Ry", &rows, &cols));
	assert_int_equal(rows, 16);
	assert_int_equal(cols, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_termsize_parse__no_answer),
		cmocka_unit_test(test_termsize_parse__among_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
