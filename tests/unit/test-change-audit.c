/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/host/change-audit.h"

/* What a plan's title holds must not be able to forge a field of the record. */
static void test_change_audit_text__title_is_encoded(void **state)
{
	_cleanup_plan_ struct plan plan = {0};
	_cleanup_strbuf_ struct strbuf b = {0};
	struct change_progress p = {.event = CHANGE_END, .id = 7, .plan = &plan};

	assert_int_equal(plan_init(&plan, "x res=success\n", NULL), 0);
	change_audit_text(&b, &p);
	assert_non_null(strstr(strbuf_str(&b), "op=imactl-change id=7 steps=0 plan="));
	assert_non_null(strstr(strbuf_str(&b), " title=78207265733d737563636573730a"));
	assert_null(strstr(strbuf_str(&b), "res=success"));
}

static void test_change_audit_text__says_begin_and_undo(void **state)
{
	_cleanup_plan_ struct plan plan = {0};
	_cleanup_strbuf_ struct strbuf b = {0};
	struct change_progress p = {.event = CHANGE_BEGIN, .plan = &plan, .back = true};

	assert_int_equal(plan_init(&plan, "t", NULL), 0);
	change_audit_text(&b, &p);
	assert_non_null(strstr(strbuf_str(&b), "op=imactl-undo-begin "));
}

/* Without audit, or without the right to write to it, nothing happens. */
static void test_change_audit_hook__never_fails(void **state)
{
	_cleanup_plan_ struct plan plan = {0};
	struct change_progress p = {.event = CHANGE_END, .plan = &plan};

	assert_int_equal(plan_init(&plan, "unit test of imactl", NULL), 0);
	change_audit_hook(NULL, &p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_change_audit_text__title_is_encoded),
		cmocka_unit_test(test_change_audit_text__says_begin_and_undo),
		cmocka_unit_test(test_change_audit_hook__never_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
