/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <locale.h>

#include "core/base/cleanup.h"
#include "tui/doc.h"

static void expect(const struct doc *d, int h, int w, size_t top, const char *want)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct canvas c = {0};

	assert_int_equal(canvas_resize(&c, h, w), 0);
	(void)doc_draw(d, &c, (struct rect){0, 0, h, w}, top);
	canvas_dump(&c, &b);
	canvas_done(&c);
	assert_string_equal(strbuf_str(&b), want);
}

static void test_doc_draw__wraps(void **state)
{
	_cleanup_(doc_done) struct doc d = {.label_w = 5};

	doc_title(&d, "T");
	doc_field(&d, "Key", STYLE_NORMAL, "%s", "one two three four");
	assert_int_equal(doc_rows(&d, 16), 3);
	expect(&d, 3, 16, 0, "T\n Key  one two\n      three four\n");
	expect(&d, 2, 16, 1, " Key  one two\n      three four\n");
	assert_int_equal(doc_row_of(&d, 1, 16), 1);
}

static void test_doc_draw__cut(void **state)
{
	_cleanup_(doc_done) struct doc d = {.label_w = 5, .cut = true};

	doc_field(&d, "Key", STYLE_NORMAL, "%s", "one two three four");
	assert_int_equal(doc_rows(&d, 16), 1);
	expect(&d, 1, 16, 0, " Key  one two t>\n");
	assert_int_equal(doc_width(&d), 24);
	d.left = 8;
	expect(&d, 1, 16, 0, " Key  three four\n");
}

/* Labels, indents and styles come along. */
static void test_doc_append__as_they_were(void **state)
{
	_cleanup_(doc_done) struct doc d = {0}, more = {0};
	_cleanup_strbuf_ struct strbuf lines = {0};

	strbuf_adds(&lines, "one\ntwo\n");
	doc_lines(&d, STYLE_BAD, &lines);
	doc_mark(&more, "Note:", STYLE_WARN, "%s", "100 % of it");
	doc_append(&d, &more);
	assert_int_equal(d.n, 3);
	assert_int_equal(d.line[1].style, STYLE_BAD);
	assert_int_equal(d.line[2].style, STYLE_WARN);
	expect(&d, 3, 20, 0, " one\n two\n Note: 100 % of it\n");
}

/* Each row belongs to a line; rows beyond the end to the last one. */
static void test_doc_line_of__wrapped_and_cut(void **state)
{
	_cleanup_(doc_done) struct doc d = {.label_w = 5};

	assert_int_equal(doc_line_of(&d, 3, 16), 0);
	doc_title(&d, "T");
	doc_field(&d, "Key", STYLE_NORMAL, "%s", "one two three four");
	doc_text(&d, STYLE_NORMAL, "%s", "end");
	assert_int_equal(doc_line_of(&d, 0, 16), 0);
	assert_int_equal(doc_line_of(&d, 1, 16), 1);
	assert_int_equal(doc_line_of(&d, 2, 16), 1);
	assert_int_equal(doc_line_of(&d, 3, 16), 2);
	assert_int_equal(doc_line_of(&d, 99, 16), 2);
	d.cut = true;
	assert_int_equal(doc_line_of(&d, 2, 16), 2);
}

/* No blank to break at, wide characters that never fit: it must not stand still. */
static void test_doc_draw__unbreakable(void **state)
{
	_cleanup_(doc_done) struct doc d = {.label_w = 1};

	doc_text(&d, STYLE_NORMAL, "%s", "abcdefghijklmnopqrstuvwxyz");
	assert_int_equal(doc_rows(&d, 9), 4);
	doc_clear(&d);
	for (int i = 0; i < 50; i++)
		doc_text(&d, STYLE_NORMAL, "%s", "\xe4\xb8\xad\xe4\xb8\xad");
	assert_int_equal(doc_rows(&d, 1), 50);
	doc_clear(&d);
	doc_blank(&d);
	assert_int_equal(doc_rows(&d, 20), 1);
}

static void test_doc_line_text__as_drawn(void **state)
{
	_cleanup_(doc_done) struct doc d = {.label_w = 5};
	_cleanup_strbuf_ struct strbuf b = {0};

	doc_title(&d, "T");
	doc_field(&d, "Key", STYLE_NORMAL, "value %d", 7);
	doc_mark(&d, "[OK]", STYLE_GOOD, "%s", "fine");
	for (size_t i = 0; i < d.n; i++) {
		doc_line_text(&d, i, &b);
		strbuf_addc(&b, '\n');
	}
	assert_string_equal(strbuf_str(&b), "T\n Key  value 7\n [OK] fine\n");
	expect(&d, 3, 40, 0, strbuf_str(&b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doc_draw__wraps),
		cmocka_unit_test(test_doc_draw__cut),
		cmocka_unit_test(test_doc_append__as_they_were),
		cmocka_unit_test(test_doc_line_of__wrapped_and_cut),
		cmocka_unit_test(test_doc_draw__unbreakable),
		cmocka_unit_test(test_doc_line_text__as_drawn),
	};

	if (!setlocale(LC_ALL, "C.UTF-8"))
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
