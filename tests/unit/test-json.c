/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/json.h"

static void test_writer__nesting_and_commas(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct json j = json_to(&b);

	json_open(&j, '{');
	json_kstr(&j, "a", "x\"\\\n");
	json_key(&j, "b");
	json_open(&j, '[');
	json_u64(&j, 1);
	json_open(&j, '{');
	json_close(&j, '}');
	json_null(&j);
	json_close(&j, ']');
	json_kbool(&j, "c", true);
	json_close(&j, '}');
	assert_string_equal(strbuf_str(&b),
			    "{\"a\":\"x\\\"\\\\\\u000a\",\"b\":[1,{},null],\"c\":true}");
}

static void test_kbytes__hex_only_when_escaped(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct json j = json_to(&b);

	json_open(&j, '{');
	json_kbytes(&j, "path", span_of("/usr/bin/ls"));
	json_kbytes(&j, "other", span_of("a\xff\x1b"));
	json_close(&j, '}');
	assert_string_equal(strbuf_str(&b),
			    "{\"path\":\"/usr/bin/ls\","
			    "\"other\":\"a\\\\xff\\\\x1b\",\"other_hex\":\"61ff1b\"}");
}

static void test_u64__above_double_is_a_string(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct json j = json_to(&b);

	json_u64(&j, (UINT64_C(1) << 53) + 1);
	assert_string_equal(strbuf_str(&b), "\"9007199254740993\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writer__nesting_and_commas),
		cmocka_unit_test(test_kbytes__hex_only_when_escaped),
		cmocka_unit_test(test_u64__above_double_is_a_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
