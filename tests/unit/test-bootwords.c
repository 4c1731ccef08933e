/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "core/boot/bootentry.h"
#include "core/boot/bootwords.h"
#include "core/boot/grubdefault.h"

static const struct bootwords fix = {
	{{"ima_appraise", "ima_appraise=fix"}, {"panic", NULL}},
	2,
};

static void assert_edited(const char *line, const char *want)
{
	_cleanup_strbuf_ struct strbuf out = {0};

	bootwords_edit(span_of(line), &fix, &out);
	assert_string_equal(strbuf_str(&out), want);
	assert_true(bootwords_fit(strbuf_span(&out), &fix));
}

static void test_plain__nothing_a_shell_reads(void **state)
{
	static const char *const bad[] = {"",	"a b", "a$b", "a\"",  "a'",
					  "a`", "a\\", "a;b", "a\nb", "a&"};

	assert_true(bootwords_plain("ima_policy=tcb|appraise_tcb"));
	assert_true(bootwords_plain("root=UUID=1-2"));
	for (size_t i = 0; i < array_size(bad); i++)
		assert_false(bootwords_plain(bad[i]));
}

static void test_edit__words(void **state)
{
	assert_edited("", "ima_appraise=fix");
	assert_edited("a  b", "a  b ima_appraise=fix");
	assert_edited("ima_appraise=fix", "ima_appraise=fix");
	assert_edited("a ima-appraise=log b panic=5", "a b ima_appraise=fix");
	assert_edited("ima_appraise=fix ima_appraise=log", "ima_appraise=fix");
	assert_edited("a -- b panic=3", "a ima_appraise=fix -- b panic=3");
	assert_edited("a=\"x ima_appraise=log\"",
		      "a=\"x ima_appraise=log\" ima_appraise=fix");
}

static void test_fit__each_once(void **state)
{
	assert_false(bootwords_fit(span_of("ima_appraise=fix ima_appraise=fix"), &fix));
	assert_false(bootwords_fit(span_of("ima_appraise=fix panic=1"), &fix));
	assert_false(bootwords_fit(span_of("ima_appraise=fixed"), &fix));
	assert_false(bootwords_fit(span_of(""), &fix));
	assert_true(bootwords_fit(span_of("a ima_appraise=fix b"), &fix));
}

static void assert_default(const char *text, int r, const char *want)
{
	_cleanup_strbuf_ struct strbuf out = {0};

	assert_int_equal(grubdefault_without(span_of(text), &fix, &out), r);
	if (want)
		assert_string_equal(strbuf_str(&out), want);
}

#define L "GRUB_CMDLINE_LINUX"
static void test_default__without(void **state)
{
	assert_default(L "=\"\"\n# ima_appraise=log\n", 0,
		       L "=\"\"\n# ima_appraise=log\n");
	assert_default(L "=\"a ima_appraise=log b\" # why\n", 1, L "=\"a b\" # why\n");
	assert_default(L "_DEFAULT='ima_appraise=log quiet'", 1, L "_DEFAULT='quiet'");
	assert_default("export " L "+=\" ima_appraise=log\"\nX=1\n", 1,
		       "export " L "+=\"\"\nX=1\n");
	assert_default("XEN=\"panic_on=1\"\n", 0, "XEN=\"panic_on=1\"\n");
}

static void test_default__only_a_shell_knows(void **state)
{
	assert_default(L "=\"$(cat ima_appraise)\"\n", -ENOTSUP, NULL);
	assert_default("if x; then " L "=\"ima_appraise=log\"; fi\n", -ENOTSUP, NULL);
	assert_default(L "=ima_appraise=log\n", -ENOTSUP, NULL);
	assert_default("WORDS=\"ima_appraise=log\"\n", -ENOTSUP, NULL);
}

static void test_default__own(void **state)
{
	static const struct bootwords none = {{{"ima_appraise", NULL}}, 1};
	_cleanup_strbuf_ struct strbuf first = {0}, second = {0}, third = {0};
	static const struct bootwords evm = {{{"evm", "evm=fix"}}, 1};

	grubdefault_own((struct span){0}, &fix, &first);
	assert_non_null(
		strstr(strbuf_str(&first), "\n" L "=\"$" L " ima_appraise=fix\"\n"));
	grubdefault_own(strbuf_span(&first), &evm, &second);
	assert_non_null(strstr(strbuf_str(&second),
			       "\n" L "=\"$" L " ima_appraise=fix evm=fix\"\n"));
	grubdefault_own(strbuf_span(&second), &none, &third);
	assert_non_null(strstr(strbuf_str(&third), "\n" L "=\"$" L " evm=fix\"\n"));
	strbuf_clear(&second);
	grubdefault_own(strbuf_span(&first), &none, &second);
	assert_int_equal(second.len, 0);
}

#define ENTRY                                                                            \
	"# made by hand\ntitle Debian\nsort-key debian\nlinux /k\noptions a  b\n"        \
	"options panic=1 c\n"

static void test_entry__words(void **state)
{
	_cleanup_strbuf_ struct strbuf words = {0}, edited = {0}, copy = {0};
	struct span value;

	bootentry_words(span_of(ENTRY), &words);
	assert_string_equal(strbuf_str(&words), "a  b panic=1 c");
	bootentry_edit(span_of(ENTRY), &fix, &edited);
	assert_string_equal(
		strbuf_str(&edited),
		"# made by hand\ntitle Debian\nsort-key debian\nlinux /k\noptions a  "
		"b ima_appraise=fix\noptions  c\n");
	bootentry_copy(span_of(ENTRY), "Once", &fix, &copy);
	assert_true(bootentry_get(strbuf_span(&copy), "title", &value));
	assert_true(span_is(value, "Once"));
	assert_null(strstr(strbuf_str(&copy), "Debian"));
	strbuf_clear(&copy);
	bootentry_edit(span_of("title x\nlinux /k"), &fix, &copy);
	assert_string_equal(strbuf_str(&copy),
			    "title x\nlinux /k\noptions ima_appraise=fix\n");
	strbuf_clear(&copy);
	bootentry_edit(span_of("linux /k\noptions"), &fix, &copy);
	assert_string_equal(strbuf_str(&copy), "linux /k\noptions ima_appraise=fix\n");
	strbuf_clear(&copy);
	bootentry_edit(strbuf_span(&edited), &fix, &copy);
	assert_string_equal(strbuf_str(&copy), strbuf_str(&edited));
}

static void test_entry__names(void **state)
{
	assert_true(bootentry_is("debian-6.1.conf", span_of("debian-6.1")));
	assert_true(bootentry_is("debian-6.1+3.conf", span_of("debian-6.1.conf")));
	assert_true(bootentry_is("debian-6.1+2-1.conf", span_of("debian-6.1")));
	assert_false(bootentry_is("debian-6.1+x.conf", span_of("debian-6.1")));
	assert_false(bootentry_is("debian-6.10.conf", span_of("debian-6.1")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain__nothing_a_shell_reads),
		cmocka_unit_test(test_edit__words),
		cmocka_unit_test(test_fit__each_once),
		cmocka_unit_test(test_default__without),
		cmocka_unit_test(test_default__only_a_shell_knows),
		cmocka_unit_test(test_default__own),
		cmocka_unit_test(test_entry__words),
		cmocka_unit_test(test_entry__names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
