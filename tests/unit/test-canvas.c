/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <locale.h>

#include "tui/canvas.h"

static struct canvas make(int h, int w)
{
	struct canvas c = {0};

	assert_int_equal(canvas_resize(&c, h, w), 0);
	return c;
}

static void expect(const struct canvas *c, const char *want)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	canvas_dump(c, &b);
	assert_string_equal(strbuf_str(&b), want);
}

static void test_canvas_text__cut(void **state)
{
	struct canvas c = make(1, 10);

	assert_int_equal(canvas_text(&c, 0, 0, 5, STYLE_NORMAL, "abcdefgh"), 5);
	expect(&c, "abcd>\n");
	assert_int_equal(canvas_text(&c, 0, 8, 5, STYLE_NORMAL, "xyz"), 2);
	expect(&c, "abcd>   x>\n");
	canvas_done(&c);
}

static void test_canvas_text__outside(void **state)
{
	struct canvas c = make(2, 4);

	assert_int_equal(canvas_text(&c, 2, 0, 4, STYLE_NORMAL, "no"), 0);
	assert_int_equal(canvas_text(&c, -1, 0, 4, STYLE_NORMAL, "no"), 0);
	assert_int_equal(canvas_text(&c, 0, 4, 4, STYLE_NORMAL, "no"), 0);
	expect(&c, "\n\n");
	canvas_done(&c);
}

static void test_canvas_text__wide(void **state)
{
	struct canvas c = make(1, 6);

	assert_int_equal(canvas_text(&c, 0, 0, 6, STYLE_NORMAL,
				     "a\xe4\xb8\xad"
				     "b"),
			 4);
	expect(&c, "a\xe4\xb8\xad"
		   "b\n");
	assert_int_equal(canvas_cell(&c, 0, 2)->kind, CELL_TAIL);
	canvas_text(&c, 0, 2, 1, STYLE_NORMAL,
		    "x"); /* half of it goes: the rest is blank */
	expect(&c, "a xb\n");
	canvas_text(&c, 0, 0, 2, STYLE_NORMAL, "a\xe4\xb8\xad");
	expect(&c, "a>xb\n");
	canvas_done(&c);
}

static void test_canvas_text__combining(void **state)
{
	struct canvas c = make(1, 4);

	assert_int_equal(canvas_text(&c, 0, 0, 4, STYLE_NORMAL, "e\xcc\x81o"), 2);
	assert_string_equal(canvas_cell(&c, 0, 0)->text, "e\xcc\x81");
	canvas_text(&c, 0, 0, 1, STYLE_NORMAL, "e");
	/* More marks than a cell holds are dropped, never written beyond it. */
	canvas_text(&c, 0, 0, 4, STYLE_NORMAL,
		    "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81");
	assert_true(strlen(canvas_cell(&c, 0, 0)->text) < CELL_BYTES);
	canvas_done(&c);
}

/* A wide character that the cut goes through is left out; combining ones go along. */
static void test_canvas_skip__columns(void **state)
{
	assert_string_equal(canvas_skip("abc", 0), "abc");
	assert_string_equal(canvas_skip("abc", 2), "c");
	assert_string_equal(canvas_skip("abc", 9), "");
	assert_string_equal(canvas_skip("\xe4\xb8\xad"
					"bc",
					1),
			    "bc");
	assert_string_equal(canvas_skip("\xc3\xa4"
					"bc",
					1),
			    "bc");
}

static void test_canvas_tail__keeps_the_end(void **state)
{
	struct canvas c = make(1, 8);

	assert_int_equal(canvas_tail(&c, 0, 0, 8, STYLE_NORMAL, "/usr/lib/x"), 8);
	expect(&c, "<r/lib/x\n");
	canvas_done(&c);
}

static void test_canvas_box__clipped(void **state)
{
	struct canvas c = make(3, 5);

	canvas_box(&c, (struct rect){0, 0, 3, 5}, STYLE_LINE);
	expect(&c, "+---+\n|   |\n+---+\n");
	canvas_clear(&c);
	canvas_box(&c, (struct rect){-1, -1, 9, 9}, STYLE_LINE);
	expect(&c, "\n\n\n");
	canvas_fill(&c, (struct rect){-2, -2, 50, 50}, STYLE_BAD);
	assert_int_equal(canvas_cell(&c, 2, 4)->style, STYLE_BAD);
	canvas_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canvas_text__cut),
		cmocka_unit_test(test_canvas_text__outside),
		cmocka_unit_test(test_canvas_text__wide),
		cmocka_unit_test(test_canvas_text__combining),
		cmocka_unit_test(test_canvas_skip__columns),
		cmocka_unit_test(test_canvas_tail__keeps_the_end),
		cmocka_unit_test(test_canvas_box__clipped),
	};

	if (!setlocale(LC_ALL, "C.UTF-8"))
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
