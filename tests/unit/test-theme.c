/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "tui/theme.h"

static void test_theme_choose__no_color(void **state)
{
	assert_int_equal(theme_choose(NULL, TUI_COLOR_AUTO, NULL, NULL), SCHEME_DEFAULT);
	assert_int_equal(theme_choose(NULL, TUI_COLOR_AUTO, "", NULL), SCHEME_DEFAULT);
	assert_int_equal(theme_choose(NULL, TUI_COLOR_AUTO, "1", NULL), SCHEME_MONO);
	assert_int_equal(theme_choose(NULL, TUI_COLOR_ALWAYS, "1", NULL), SCHEME_DEFAULT);
	assert_int_equal(theme_choose("light", TUI_COLOR_AUTO, "1", NULL), SCHEME_LIGHT);
	assert_int_equal(theme_choose("light", TUI_COLOR_NEVER, NULL, NULL), SCHEME_MONO);
}

static void test_theme_choose__unknown(void **state)
{
	struct diag d = {0};

	assert_true(theme_choose("sepia\x1b", TUI_COLOR_AUTO, NULL, &d) < 0);
	assert_int_equal(d.id, DIAG_NO_SCHEME);
	assert_null(strchr(d.text, 0x1b));
}

static void test_theme_name__round_trip(void **state)
{
	for (int i = 0; i < _SCHEME_MAX; i++) {
		assert_int_equal(theme_from_name(theme_name((enum scheme)i)), i);
		/* The hint of the error must name each. */
		assert_non_null(
			strstr(diag_hint(DIAG_NO_SCHEME), theme_name((enum scheme)i)));
	}
}

/* Plain blue on the terminal's own background cannot be read on a dark one. */
static void test_theme_look__readable(void **state)
{
	for (int scheme = 0; scheme < _SCHEME_MAX; scheme++)
		for (int s = 0; s < _STYLE_MAX; s++) {
			struct look l = theme_look((enum scheme)scheme, (enum style)s);

			assert_false(l.fg == BLUE && l.bg == DEF);
			assert_false(l.fg != DEF && l.fg == l.bg);
		}
}

/* Without colours, and for those who see few, what is selected or bad still differs. */
static void test_theme_look__mono_distinguishes(void **state)
{
	struct look normal = theme_look(SCHEME_MONO, STYLE_NORMAL);

	for (int s = 0; s < _STYLE_MAX; s++) {
		struct look l = theme_look(SCHEME_MONO, (enum style)s);

		assert_true(l.fg == DEF && l.bg == DEF);
	}
	assert_int_not_equal(theme_look(SCHEME_MONO, STYLE_SELECTED).attr, normal.attr);
	assert_int_not_equal(theme_look(SCHEME_MONO, STYLE_BAD).attr, normal.attr);
	for (int s = 0; s < _STYLE_MAX; s++) {
		struct look l = theme_look(SCHEME_BLIND, (enum style)s);

		assert_true(l.fg != RED && l.fg != GREEN && l.bg != RED && l.bg != GREEN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_theme_choose__no_color),
		cmocka_unit_test(test_theme_choose__unknown),
		cmocka_unit_test(test_theme_name__round_trip),
		cmocka_unit_test(test_theme_look__readable),
		cmocka_unit_test(test_theme_look__mono_distinguishes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
