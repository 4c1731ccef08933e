/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/base/diag.h"
#include "core/base/str.h"

static void test_set__returns_negative_errno(void **state)
{
	struct diag d;

	assert_int_equal(diag_set(NULL, DIAG_OPEN, ENOENT, "x"), -ENOENT);
	assert_int_equal(diag_set(&d, DIAG_OPEN, -EIO, "Cannot open %s.", "y"), -EIO);
	assert_int_equal(d.err, EIO);
	assert_string_equal(d.text, "Cannot open y.");
	assert_int_equal(diag_set(&d, DIAG_OPEN, 0, "x"), -EINVAL);
}

static void test_rows__codes_unique_and_hinted(void **state)
{
	for (int a = DIAG_NONE + 1; a < _DIAG_MAX; a++) {
		assert_int_equal(strlen(diag_code((enum diag_id)a)), 8);
		assert_memory_equal(diag_code((enum diag_id)a), "IMA-", 4);
		assert_true(strlen(diag_hint((enum diag_id)a)) > 8);
		for (int b = a + 1; b < _DIAG_MAX; b++)
			assert_string_not_equal(diag_code((enum diag_id)a),
						diag_code((enum diag_id)b));
	}
}

static void test_format__position_and_hint(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct diag d;

	diag_set(&d, DIAG_TOO_LARGE, EFBIG, "Too much.");
	diag_at(&d, 3, 14);
	diag_format(&b, &d);
	assert_non_null(
		strstr(strbuf_str(&b), "IMA-H003: line 3, column 14: Too much.\n"));
	assert_non_null(strstr(strbuf_str(&b), "  hint: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set__returns_negative_errno),
		cmocka_unit_test(test_rows__codes_unique_and_hinted),
		cmocka_unit_test(test_format__position_and_hint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
