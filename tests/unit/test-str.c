/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/base/str.h"

static void escaped(const char *in, size_t len, bool ascii, const char *want)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	str_escape(&b, (struct span){(const uint8_t *)in, len}, ascii);
	assert_string_equal(strbuf_str(&b), want);
}

static void test_escape__hostile_bytes(void **state)
{
	escaped("\x1b[31m", 5, false, "\\x1b[31m");
	escaped("a\nb\0c\x7f", 6, false, "a\\x0ab\\x00c\\x7f");
	escaped("\xc2\x9b", 2, false, "\\xc2\\x9b");	      /* C1 CSI */
	escaped("\xe2\x80\xae", 3, false, "\\xe2\\x80\\xae"); /* right-to-left override */
	escaped("\xed\xa0\x80", 3, false, "\\xed\\xa0\\x80"); /* surrogate */
	escaped("\xc0\xaf", 2, false, "\\xc0\\xaf");	      /* overlong */
	escaped("\xf4\x90\x80\x80", 4, false, "\\xf4\\x90\\x80\\x80");
	escaped("\xe2\x82", 2, false, "\\xe2\\x82"); /* cut short */
	escaped("a\\b", 3, false, "a\\\\b");
}

static void test_escape__utf8_kept_unless_ascii(void **state)
{
	escaped("gr\xc3\xbc\xc3\x9f", 6, false, "gr\xc3\xbc\xc3\x9f");
	escaped("gr\xc3\xbc", 4, true, "gr\\xc3\\xbc");
}

static void test_shell_word__quotes(void **state)
{
	static const char *const words[][2] = {
		{"", "''"},	    {"/a/b-c_d.e", "/a/b-c_d.e"},
		{"a b", "'a b'"},   {"it's", "'it'\\''s'"},
		{"$(x)", "'$(x)'"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		_cleanup_strbuf_ struct strbuf b = {0};

		str_shell_word(&b, span_of(words[i][0]));
		assert_string_equal(strbuf_str(&b), words[i][1]);
	}
}

static void test_quote__cut_to_size(void **state)
{
	char q[8];

	assert_string_equal(str_quote(q, sizeof(q), span_of("short")), "short");
	assert_string_equal(str_quote(q, sizeof(q), span_of("much too long")), "much ..");
}

static void test_to_u64__edges(void **state)
{
	uint64_t v = 5;

	assert_int_equal(str_to_u64(span_of(""), &v), -EINVAL);
	assert_int_equal(str_to_u64(span_of("-1"), &v), -EINVAL);
	assert_int_equal(str_to_u64(span_of("18446744073709551616"), &v), -ERANGE);
	assert_int_equal(v, 5);
	assert_int_equal(str_to_u64(span_of("18446744073709551615"), &v), 0);
	assert_true(v == UINT64_MAX);
}

static void test_bytes_and_count(void **state)
{
	char b[32];

	assert_string_equal(str_bytes(b, sizeof(b), 469), "469 B");
	assert_string_equal(str_bytes(b, sizeof(b), 11953766), "11.4 MiB");
	assert_string_equal(str_bytes(b, sizeof(b), 1024), "1.00 KiB");
	assert_string_equal(str_count(b, sizeof(b), 48213), "48 213");
	assert_string_equal(str_count(b, sizeof(b), 1), "1");
	assert_string_equal(str_count(b, sizeof(b), 1000000), "1 000 000");
	assert_string_equal(str_counted(b, sizeof(b), 1, "entry", "entries"), "1 entry");
	assert_string_equal(str_counted(b, sizeof(b), 48213, "entry", "entries"),
			    "48 213 entries");
	assert_string_equal(str_counted(b, 8, 48213, "entry", "entries"), "48 213 ");
	assert_string_equal(str_duration(b, sizeof(b), 0), "0:00");
	assert_string_equal(str_duration(b, sizeof(b), 50500), "0:51");
	assert_string_equal(str_duration(b, sizeof(b), 3600000), "1:00:00");
	assert_string_equal(str_duration(b, sizeof(b), 7387000), "2:03:07");
}

static void test_wrap__at_blanks(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	str_wrap(&b, 12, 4, "one two three-and-a-half four");
	assert_string_equal(strbuf_str(&b), "one two\n    three-and-a-half\n    four\n");
	strbuf_clear(&b);
	str_wrap(&b, 0, 4, "one two  three");
	assert_string_equal(strbuf_str(&b), "one two  three\n");
	strbuf_clear(&b);
	str_wrap(&b, 80, 0, "");
	assert_string_equal(strbuf_str(&b), "\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrap__at_blanks),
		cmocka_unit_test(test_escape__hostile_bytes),
		cmocka_unit_test(test_escape__utf8_kept_unless_ascii),
		cmocka_unit_test(test_shell_word__quotes),
		cmocka_unit_test(test_quote__cut_to_size),
		cmocka_unit_test(test_to_u64__edges),
		cmocka_unit_test(test_bytes_and_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
