/* SPDX-License-Identifier: GPL-2.0-or-later */
/* On a file; what a kernel answers is seen in tests/lab/appraise-signed.scenario. */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/base/act-evm.h"
#include "core/base/change.h"
#include "core/base/cleanup.h"
#include "tests/unit/machine.h"

#define CONTROL "sys/kernel/security/integrity/evm/evm"

static struct machine made(const char *value)
{
	struct machine m = machine_make();

	assert_int_equal(fs_mkdirs_at(m.fd, "sys/kernel/security/integrity/evm", 0755,
				      NULL),
			 0);
	machine_put(&m, CONTROL, value, strlen(value), 0660);
	return m;
}

static void run(struct machine *m, const struct plan *plan, struct change_result *ret)
{
	struct change_ctx ctx = {.root = &m->root,
				 .place = ROOT_STATE,
				 .actions = action_base_set(),
				 .command = "test"};
	uint8_t hash[PLAN_HASH_SIZE];
	struct diag d;

	plan_hash(plan, hash);
	assert_int_equal(change_run(&ctx, plan, hash, ret, &d), 0);
}

static void assert_control(struct machine *m, const char *want)
{
	_cleanup_strbuf_ struct strbuf text = {0};

	machine_read(m, CONTROL, &text);
	assert_string_equal(strbuf_str(&text), want);
}

static void test_set__no_way_back(void **state)
{
	struct machine m = made("0");
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;

	assert_int_equal(plan_init(&plan, "t", NULL), 0);
	assert_int_equal(act_evm_set(&plan, &m.root, 2, "why", NULL), 1);
	assert_int_equal(plan_danger(&plan), PLAN_IRREVERSIBLE);
	assert_non_null(plan.steps[0].irreversible);
	run(&m, &plan, &r);
	assert_int_equal(r.outcome, CHANGE_DONE);
	assert_control(&m, "2");
	machine_drop(&m);
}

static void test_set__what_is_set_already(void **state)
{
	static const struct {
		const char *now;
		uint32_t bits;
		int steps;
	} rows[] = {
		{"3", 2, 0},
		{"3", 2 | ACT_EVM_LOCK, 0}, /* whether it is locked cannot be seen */
		{"1", 2, 1},
		{"2", 3, 1},
		{"1", 4, 0}, /* the key clears it */
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		struct machine m = made(rows[i].now);
		_cleanup_plan_ struct plan plan = {0};

		assert_int_equal(plan_init(&plan, "t", NULL), 0);
		assert_int_equal(act_evm_set(&plan, &m.root, rows[i].bits, NULL, NULL),
				 rows[i].steps);
		machine_drop(&m);
	}
}

static void test_set__no_evm(void **state)
{
	struct machine m = made("x"), none = machine_make();
	_cleanup_plan_ struct plan plan = {0};
	struct diag d;

	assert_int_equal(plan_init(&plan, "t", NULL), 0);
	assert_int_equal(act_evm_set(&plan, &m.root, 2, NULL, &d), -EBADMSG);
	assert_int_equal(d.id, DIAG_READ);
	assert_int_equal(act_evm_set(&plan, &none.root, 2, NULL, &d), -ENOENT);
	assert_int_equal(plan.n, 0);
	machine_drop(&m);
	machine_drop(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set__no_way_back),
		cmocka_unit_test(test_set__what_is_set_already),
		cmocka_unit_test(test_set__no_evm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
