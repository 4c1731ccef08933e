/* SPDX-License-Identifier: GPL-2.0-or-later */
/* On a file; what kernels answer is seen in tests/lab/policy-load.scenario. */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/base/act-policy.h"
#include "core/base/change.h"
#include "core/base/cleanup.h"
#include "tests/unit/machine.h"

#define POLICY	  MACHINE_IMA "policy"
#define FILE_PATH "/policy-file"
#define RULES	  "# mine\nmeasure func=BPRM_CHECK\n\naudit  uid=0\n"
#define SHOWN	  "measure func=BPRM_CHECK\naudit uid=0\n"

/* @now NULL: the kernel has taken its file away. */
static struct machine made(const char *now, mode_t mode)
{
	struct machine m = machine_make();

	if (now)
		machine_put(&m, POLICY, now, strlen(now), mode);
	machine_put(&m, FILE_PATH + 1, RULES, strlen(RULES), 0600);
	return m;
}

static int add(struct machine *m, struct plan *plan, const char *path, struct diag *d)
{
	struct act_policy what = {path, span_of(RULES), span_of(SHOWN)};

	assert_int_equal(plan_init(plan, "t", NULL), 0);
	return act_policy_load(plan, &m->root, &what, NULL, d);
}

static void run(struct machine *m, const struct plan *plan, struct change_result *ret)
{
	struct change_ctx ctx = {.root = &m->root,
				 .place = ROOT_STATE,
				 .actions = action_base_set(),
				 .command = "test"};
	uint8_t hash[PLAN_HASH_SIZE];
	struct diag d = {0};

	plan_hash(plan, hash);
	if (change_run(&ctx, plan, hash, ret, &d) < 0)
		fail_msg("%s", d.text);
}

static void test_load__no_way_back(void **state)
{
	struct machine m = made("", 0600);
	_cleanup_plan_ struct plan plan = {0};

	assert_int_equal(add(&m, &plan, FILE_PATH, NULL), 1);
	assert_int_equal(plan_danger(&plan), PLAN_IRREVERSIBLE);
	assert_non_null(plan.steps[0].irreversible);
	machine_drop(&m);
}

static void test_load__a_rule_a_write(void **state)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct machine m = made("", 0600);
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;

	assert_int_equal(add(&m, &plan, NULL, NULL), 1);
	run(&m, &plan, &r);
	machine_read(&m, POLICY, &text);
	assert_string_equal(strbuf_str(&text), "measure func=BPRM_CHECK\naudit  uid=0\n");
	machine_drop(&m);
}

/* Written without a complaint, and nothing to be seen of it: not loaded. */
static void test_load__not_shown_is_not_loaded(void **state)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct machine m = made("", 0600);
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;

	assert_int_equal(add(&m, &plan, FILE_PATH, NULL), 1);
	run(&m, &plan, &r);
	machine_read(&m, POLICY, &text);
	assert_string_equal(strbuf_str(&text), FILE_PATH);
	assert_int_equal(r.outcome, CHANGE_STUCK);
	assert_int_equal(r.failure.id, DIAG_NOT_TAKEN);
	machine_drop(&m);
}

static void test_load__file_changed(void **state)
{
	struct machine m = made("", 0600);
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;

	assert_int_equal(add(&m, &plan, FILE_PATH, NULL), 1);
	machine_put(&m, FILE_PATH + 1, "audit\n", 6, 0600);
	run(&m, &plan, &r);
	assert_int_equal(r.failure.id, DIAG_PLAN_STALE);
	machine_read(&m, POLICY, &text);
	assert_int_equal(text.len, 0);
	machine_drop(&m);
}

static void test_load__there_already(void **state)
{
	struct machine m = made("dont_measure \n"
				"measure func=BPRM_CHECK \naudit uid=0 \n",
				0600);
	_cleanup_plan_ struct plan plan = {0};

	assert_int_equal(add(&m, &plan, FILE_PATH, NULL), 0);
	machine_drop(&m);
}

static void test_load__takes_no_more(void **state)
{
	struct machine gone = made(NULL, 0), closed = made("", 0400),
		       none = machine_make();
	_cleanup_plan_ struct plan a = {0}, b = {0}, c = {0};
	struct diag d = {0};

	assert_int_equal(add(&gone, &a, FILE_PATH, &d), -EBUSY);
	assert_int_equal(d.id, DIAG_POLICY_CLOSED);
	assert_int_equal(add(&closed, &b, FILE_PATH, &d), -EBUSY);
	assert_int_equal(d.id, DIAG_POLICY_CLOSED);
	close(none.root.dir[ROOT_SECURITYFS]);
	none.root.dir[ROOT_SECURITYFS] = -1;
	assert_int_equal(add(&none, &c, FILE_PATH, &d), -ENOSYS);
	assert_int_equal(d.id, DIAG_NO_IMA);
	machine_drop(&gone);
	machine_drop(&closed);
	machine_drop(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load__no_way_back),
		cmocka_unit_test(test_load__a_rule_a_write),
		cmocka_unit_test(test_load__not_shown_is_not_loaded),
		cmocka_unit_test(test_load__file_changed),
		cmocka_unit_test(test_load__there_already),
		cmocka_unit_test(test_load__takes_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
