/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/cmdline.h"

static void is_last(const char *line, const char *name, const char *value)
{
	struct cmdline_word w;

	assert_true(cmdline_last(span_of(line), name, &w));
	if (!span_is(w.value, value))
		fail_msg("%s in %s: %.*s", name, line, (int)w.value.len, w.value.ptr);
}

static void test_last__wins(void **state)
{
	is_last("ima_appraise=fix quiet ima_appraise=log\n", "ima_appraise", "log");
	is_last("ima-appraise=fix", "ima_appraise", "fix");
	is_last("\t ima_policy=\"tcb|appraise_tcb secure_boot\" x", "ima_policy",
		"tcb|appraise_tcb secure_boot");
	is_last("\"ima_policy=tcb secure_boot\" x", "ima_policy", "tcb secure_boot");
	is_last("quiet", "quiet", "");
	is_last("a=b=c", "a", "b=c");
}

static void test_last__absent(void **state)
{
	struct cmdline_word w;

	assert_false(cmdline_last(span_of(""), "a", &w));
	assert_false(cmdline_last(span_of("ab=1 xa=2"), "a", &w));
	assert_false(cmdline_last(span_of("init=/bin/sh -- a=1"), "a", &w));
	assert_false(cmdline_last(span_of("x=\"unclosed a=1"), "a", &w));
}

static void test_next__walks(void **state)
{
	struct bytes in = bytes_of("one  two=\"2 2\" \"", 16);
	struct cmdline_word w;

	assert_true(cmdline_next(&in, &w));
	assert_true(span_is(w.key, "one") && !w.has_value);
	assert_true(cmdline_next(&in, &w));
	assert_true(span_is(w.key, "two") && span_is(w.value, "2 2"));
	assert_true(cmdline_next(&in, &w));
	assert_int_equal(w.key.len, 0);
	assert_false(cmdline_next(&in, &w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last__wins),
		cmocka_unit_test(test_last__absent),
		cmocka_unit_test(test_next__walks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
