/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <locale.h>

#include "tui/keys.h"
#include "tui/prompt.h"

static void type(struct prompt *p, const char *text)
{
	for (; *text; text++)
		(void)prompt_key(p, (unsigned char)*text);
}

static void test_prompt_key__editing(void **state)
{
	struct prompt p;

	prompt_start(&p, "Filter", NULL, NULL);
	type(&p, "pcr=10 bin");
	assert_string_equal(p.text, "pcr=10 bin");
	assert_int_equal(prompt_key(&p, 'W' - '@'), PROMPT_CHANGED);
	assert_string_equal(p.text, "pcr=10 ");
	assert_int_equal(prompt_key(&p, K_HOME), PROMPT_SAME);
	assert_int_equal(prompt_key(&p, K_BACKSPACE), PROMPT_SAME);
	type(&p, "!");
	assert_string_equal(p.text, "!pcr=10 ");
	assert_int_equal(prompt_key(&p, 'K' - '@'), PROMPT_CHANGED);
	assert_string_equal(p.text, "!");
	assert_int_equal(prompt_key(&p, K_BACKSPACE), PROMPT_CHANGED);
	assert_int_equal(prompt_key(&p, K_BACKSPACE), PROMPT_CANCEL);
}

static void test_prompt_key__utf8(void **state)
{
	struct prompt p;

	prompt_start(&p, "Filter", NULL, NULL);
	(void)prompt_key(&p, 0xe9);
	(void)prompt_key(&p, 0x4e2d);
	(void)prompt_key(&p, 0x1f600);
	assert_string_equal(p.text, "\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80");
	(void)prompt_key(&p, K_LEFT);
	(void)prompt_key(&p, K_BACKSPACE);
	assert_string_equal(p.text, "\xc3\xa9\xf0\x9f\x98\x80");
	(void)prompt_key(&p, K_DELETE);
	assert_string_equal(p.text, "\xc3\xa9");
}

/* A paste may hold anything: nothing of it may act on the terminal. */
static void test_prompt_key__refuses_controls(void **state)
{
	static const int bad[] = {0x9b, 0x202e, 0x200b, 0xd800, 0x7f, 0xfffa, -7, K_F5};
	struct prompt p;

	prompt_start(&p, "Filter", NULL, NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(prompt_key(&p, bad[i]), PROMPT_SAME);
	assert_string_equal(p.text, "");
}

static void test_prompt_key__bounded(void **state)
{
	struct prompt p;

	prompt_start(&p, "Filter", NULL, NULL);
	for (int i = 0; i < 2 * PROMPT_MAX; i++)
		(void)prompt_key(&p, 0x4e2d);
	assert_true(p.len < PROMPT_MAX);
	assert_int_equal(strlen(p.text), p.len);
}

static void test_prompt_key__history(void **state)
{
	struct history h = {0};
	struct prompt p;

	for (int i = 0; i < 2; i++) {
		prompt_start(&p, "Search", &h, NULL);
		type(&p, i ? "second" : "first");
		assert_int_equal(prompt_key(&p, K_ENTER), PROMPT_DONE);
	}
	prompt_start(&p, "Search", &h, NULL);
	type(&p, "draft");
	(void)prompt_key(&p, K_UP);
	assert_string_equal(p.text, "second");
	(void)prompt_key(&p, K_UP);
	(void)prompt_key(&p, K_UP);
	assert_string_equal(p.text, "first");
	(void)prompt_key(&p, K_DOWN);
	(void)prompt_key(&p, K_DOWN);
	assert_string_equal(p.text, "draft");
	for (int i = 0; i < 3 * HISTORY_MAX; i++) {
		char line[16];

		(void)snprintf(line, sizeof(line), "%d", i);
		prompt_history_add(&h, line);
	}
	assert_int_equal(h.n, HISTORY_MAX);
	prompt_history_done(&h);
}

static void test_prompt_draw__long_text(void **state)
{
	struct canvas c = {0};
	struct prompt p;

	assert_int_equal(canvas_resize(&c, 1, 30), 0);
	prompt_start(&p, "Filter", NULL, NULL);
	for (int i = 0; i < 100; i++)
		type(&p, "x");
	prompt_draw(&p, &c, 0, 0, 30);
	assert_true(c.cursor_x < 30);
	(void)snprintf(p.error, sizeof(p.error), "column 3: no such field");
	prompt_draw(&p, &c, 0, 0, 30);
	assert_true(c.cursor_x < 30);
	canvas_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prompt_key__editing),
		cmocka_unit_test(test_prompt_key__utf8),
		cmocka_unit_test(test_prompt_key__refuses_controls),
		cmocka_unit_test(test_prompt_key__bounded),
		cmocka_unit_test(test_prompt_key__history),
		cmocka_unit_test(test_prompt_draw__long_text),
	};

	if (!setlocale(LC_ALL, "C.UTF-8"))
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
