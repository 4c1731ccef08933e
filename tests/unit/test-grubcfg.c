/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "core/boot/grubcfg.h"
#include "tests/unit/grub.h"

static const struct bootwords log_mode = {{{"ima_appraise", "ima_appraise=log"}}, 1};

static void parse(const char *text, struct grubcfg *g)
{
	assert_int_equal(grubcfg_parse(span_of(text), g), 0);
}

static void test_parse__damaged(void **state)
{
	static const char *const texts[] = {
		"menuentry 'a' {\n",
		"menuentry 'a\n}\n",
		"}\n",
		"menuentry {\n}\n",
		"menuentry 'a'",
		"submenu 'a' {\nmenuentry 'b' {\n}\n",
	};

	for (size_t i = 0; i < array_size(texts); i++) {
		struct grubcfg g;

		assert_int_equal(grubcfg_parse(span_of(texts[i]), &g), -EBADMSG);
		grubcfg_done(&g);
	}
}

static void test_parse__entries(void **state)
{
	_cleanup_grubcfg_ struct grubcfg g;

	parse(GRUB_CFG, &g);
	assert_int_equal(g.n, 5);
	assert_true(g.takes_next);
	assert_true(g.takes_custom);
	assert_string_equal(g.fallback, "0");
	assert_string_equal(g.entry[0].title, "Debian GNU/Linux");
	assert_string_equal(g.entry[0].id, "gnulinux-simple-1");
	assert_true(g.entry[1].submenu);
	assert_int_equal(g.entry[2].parent, 2);
	assert_int_equal(g.entry[3].parent, 2);
	assert_int_equal(g.entry[3].place, 1);
	assert_int_equal(g.entry[4].parent, 0);
	assert_string_equal(g.entry[4].id, "");
}

static void assert_default(const char *set, const char *saved, const char *title)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_grubcfg_ struct grubcfg g;
	const struct grubcfg_entry *e;

	strbuf_addf(&text, "set default=\"%s\"\n", set);
	strbuf_adds(&text, GRUB_CFG);
	parse(strbuf_str(&text), &g);
	e = grubcfg_default(&g, span_of(saved));
	assert_non_null(e);
	assert_string_equal(e->title, title);
}

static void test_default__as_grub_chooses(void **state)
{
	const char *newest = "Debian GNU/Linux, with Linux 6.1.0-2",
		   *old = "Debian GNU/Linux, with Linux 6.1.0-1 (recovery mode)";

	assert_default("0", "", "Debian GNU/Linux");
	assert_default("1", "", newest); /* of a submenu, the first */
	assert_default("1>1", "", old);
	assert_default("2", "", "Other (on /dev/sdb1)");
	assert_default("7", "", "Debian GNU/Linux");
	assert_default("Debian GNU/Linux", "1", "Debian GNU/Linux");
	assert_default("gnulinux-advanced-1>gnulinux-6.1.0-1-recovery-1", "", old);
	assert_default("${saved_entry}", "gnulinux-advanced-1>1", old);
	assert_default("${saved_entry}", "", "Debian GNU/Linux");
}

static void test_default__none(void **state)
{
	_cleanup_grubcfg_ struct grubcfg g;

	parse("set default=0\n", &g);
	assert_null(grubcfg_default(&g, (struct span){0}));
	assert_false(g.takes_next);
	assert_false(g.takes_custom);
}

static void test_fit__all_lines_of_10_linux(void **state)
{
	static const struct bootwords none = {{{"ima_appraise", NULL}}, 1};
	_cleanup_strbuf_ struct strbuf text = {0};
	size_t lines;

	/* the other system's line has the word, and is none of ours */
	assert_true(grubcfg_fit(span_of(GRUB_CFG), &none, &lines));
	assert_int_equal(lines, GRUB_LINES);
	assert_false(grubcfg_fit(span_of(GRUB_CFG), &log_mode, &lines));
	grubcfg_edit(span_of(GRUB_CFG), &log_mode, &text);
	assert_true(grubcfg_fit(strbuf_span(&text), &log_mode, &lines));
	assert_false(
		grubcfg_fit(span_of("linux /k ima_appraise=log\n"), &log_mode, &lines));
	assert_int_equal(lines, 0);
}

static void test_edit__nothing_else(void **state)
{
	static const struct bootwords none = {{{"ima_appraise", NULL}}, 1};
	_cleanup_strbuf_ struct strbuf with = {0}, without = {0};

	grubcfg_edit(
		span_of("\tlinux\t/k a  b\n# linux /k x\necho linux /k\nif x; then linux "
			"/j c -- d\nfi\n"),
		&log_mode, &with);
	assert_string_equal(strbuf_str(&with),
			    "\tlinux\t/k a  b ima_appraise=log\n# linux /k x\necho linux "
			    "/k\nif x; then linux /j c ima_appraise=log -- d\nfi\n");
	strbuf_clear(&without);
	grubcfg_edit(span_of("linux /k\n"), &log_mode, &without);
	assert_string_equal(strbuf_str(&without), "linux /k ima_appraise=log\n");
	strbuf_clear(&without);
	grubcfg_edit(strbuf_span(&with), &none, &without);
	assert_string_equal(
		strbuf_str(&without),
		"\tlinux\t/k a  b\n# linux /k x\necho linux /k\nif x; then linux "
		"/j c -- d\nfi\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse__damaged),
		cmocka_unit_test(test_parse__entries),
		cmocka_unit_test(test_default__as_grub_chooses),
		cmocka_unit_test(test_default__none),
		cmocka_unit_test(test_fit__all_lines_of_10_linux),
		cmocka_unit_test(test_edit__nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
