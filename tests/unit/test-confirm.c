/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "tui/confirm.h"
#include "tui/keys.h"

static void type(struct confirm *q, const char *text)
{
	for (; *text; text++)
		assert_int_equal(confirm_key(q, *text), CONFIRM_MORE);
}

static void test_confirm_key__enter_cancels(void **state)
{
	struct confirm q = {0};

	confirm_start(&q, CONFIRM_L1, "Replace?", "Replace", NULL);
	assert_int_equal(confirm_key(&q, K_ENTER), CONFIRM_NO);
	assert_int_equal(confirm_key(&q, K_ESC), CONFIRM_NO);
	assert_int_equal(confirm_key(&q, K_TAB), CONFIRM_MORE);
	assert_int_equal(confirm_key(&q, K_ENTER), CONFIRM_YES);
	confirm_done(&q);
}

/* At every level: no key alone says yes. */
static void test_confirm_key__never_one_key(void **state)
{
	struct confirm q = {0};

	for (int level = CONFIRM_L1; level <= CONFIRM_L3; level++)
		for (int key = 0; key < KEY_END_;
		     key = key == 0xff ? KEY_FIRST_ + 1 : key + 1) {
			confirm_start(&q, (enum confirm_level)level, "t", "Do", "web07");
			assert_int_not_equal(confirm_key(&q, key), CONFIRM_YES);
		}
	confirm_done(&q);
}

static void test_confirm_key__phrase(void **state)
{
	struct confirm q = {0};

	confirm_start(&q, CONFIRM_L2, "Arm trial boot", "Arm", "web07");
	type(&q, "web0");
	assert_int_equal(confirm_key(&q, K_ENTER), CONFIRM_MORE);
	assert_string_not_equal(q.prompt.error, "");
	type(&q, "7");
	assert_int_equal(confirm_key(&q, K_ENTER), CONFIRM_YES);
	type(&q, " ");
	assert_int_equal(confirm_key(&q, K_ENTER), CONFIRM_MORE);
	confirm_done(&q);
}

/* A host without a name cannot be confirmed by typing nothing. */
static void test_confirm_key__empty_phrase(void **state)
{
	struct confirm q = {0};

	confirm_start(&q, CONFIRM_L2, "t", "Do", "");
	assert_int_equal(confirm_key(&q, K_ENTER), CONFIRM_MORE);
	confirm_start(&q, CONFIRM_L3, "t", "Do", NULL);
	assert_int_equal(confirm_key(&q, K_ENTER), CONFIRM_MORE);
	confirm_done(&q);
}

static void test_confirm_draw__long_plan(void **state)
{
	struct confirm q = {0};
	struct canvas c = {0};

	assert_int_equal(canvas_resize(&c, 16, 60), 0);
	confirm_start(&q, CONFIRM_L3, "t", "Do", "yes");
	for (int i = 0; i < 100; i++)
		doc_text(&q.doc, STYLE_DIALOG, "line %d", i);
	confirm_draw(&q, &c); /* clipped, the buttons stay on the screen */
	assert_true(c.cursor_y > 0 && c.cursor_y < 16);
	confirm_done(&q);
	canvas_done(&c);
}

/* What does not fit can be read, and typing goes on meanwhile. */
static void test_confirm_draw__scrolled(void **state)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct confirm q = {0};
	struct canvas c = {0};

	assert_int_equal(canvas_resize(&c, 16, 60), 0);
	confirm_start(&q, CONFIRM_L2, "t", "Do", "web07");
	for (int i = 0; i < 12; i++)
		doc_text(&q.doc, STYLE_NORMAL, "line %d", i);
	confirm_draw(&q, &c);
	assert_int_equal(q.hidden, 2);
	assert_int_equal(confirm_key(&q, K_UP), CONFIRM_MORE);
	assert_int_equal(q.top, 0);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(confirm_key(&q, K_DOWN), CONFIRM_MORE);
		confirm_draw(&q, &c);
	}
	assert_int_equal(q.top, 2);
	canvas_dump(&c, &text);
	assert_non_null(strstr(strbuf_str(&text), "line 11"));
	assert_non_null(strstr(strbuf_str(&text), "2 lines above, 0 below"));
	type(&q, "web07");
	assert_int_equal(confirm_key(&q, K_ENTER), CONFIRM_YES);
	confirm_done(&q);
	canvas_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_confirm_key__enter_cancels),
		cmocka_unit_test(test_confirm_key__never_one_key),
		cmocka_unit_test(test_confirm_key__phrase),
		cmocka_unit_test(test_confirm_key__empty_phrase),
		cmocka_unit_test(test_confirm_draw__scrolled),
		cmocka_unit_test(test_confirm_draw__long_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
