/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "tui/cli/table.h"

static const struct table_column columns[] = {
	{.title = "N", .right = true},
	{.title = "NAME", .flex = true},
	{.title = "END"},
};

static void fill(struct table *t, const struct out *out)
{
	table_init(t, out, columns, 3);
	table_text(t, OUT_PLAIN, "7");
	table_foreign(t, span_of("a\033[2Jb"));
	table_text(t, OUT_PLAIN, "x");
	table_textf(t, OUT_BAD, "%d", 1234);
	table_text(t, OUT_PLAIN, "a rather long name of a file");
	table_text(t, OUT_PLAIN, "yy");
}

static void test_print__pipe_cuts_nothing(void **state)
{
	_cleanup_table_ struct table t;
	struct out out = {.fd = -1};

	fill(&t, &out);
	table_print(&out, &t);
	assert_string_equal(strbuf_str(&out.buf),
			    "   N  NAME                          END\n"
			    "   7  a\\x1b[2Jb                     x\n"
			    "1234  a rather long name of a file  yy\n");
	strbuf_done(&out.buf);
}

static void test_print__terminal_cuts_flexible_column(void **state)
{
	_cleanup_table_ struct table t;
	struct out out = {.fd = -1, .tty = true, .width = 25};

	fill(&t, &out);
	table_print(&out, &t);
	assert_string_equal(strbuf_str(&out.buf), "   N  NAME            END\n"
						  "   7  a\\x1b[2Jb       x\n"
						  "1234  a rather lon..  yy\n");
	strbuf_done(&out.buf);
}

static void test_print__style_adds_no_width(void **state)
{
	_cleanup_table_ struct table t;
	struct out out = {.fd = -1, .colors = true};

	fill(&t, &out);
	table_print(&out, &t);
	assert_non_null(
		strstr(strbuf_str(&out.buf),
		       "\n\033[1;31m1234\033[0m  a rather long name of a file  yy\n"));
	strbuf_done(&out.buf);
}

static void test_width__counts_columns_not_bytes(void **state)
{
	assert_int_equal(table_width(span_of("")), 0);
	assert_int_equal(table_width(span_of("abc")), 3);
	assert_int_equal(table_width(span_of("a\xc3\xa4")), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_print__pipe_cuts_nothing),
		cmocka_unit_test(test_print__terminal_cuts_flexible_column),
		cmocka_unit_test(test_print__style_adds_no_width),
		cmocka_unit_test(test_width__counts_columns_not_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
