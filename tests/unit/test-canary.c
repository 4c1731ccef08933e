/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/health/canary.h"

static const struct policy_kernel kernel; /* nothing is known of it */

/* As the file will lie: root's, on ext4. */
static struct canary choose(const char *text, bool enforces)
{
	const struct policymatch_access file = {.fsmagic = 0xef53,
						.fsname = span_of("ext4")};
	struct policy p = {.n_rules = 0};
	struct canary c;

	assert_int_equal(policy_parse(span_of(text), &kernel, &p, NULL), 0);
	canary_choose(&p, &kernel, &file, enforces, &c);
	policy_done(&p);
	return c;
}

static void is(const char *text, bool enforces, enum canary_kind kind, const char *op,
	       uint32_t uid, size_t rule)
{
	struct canary c = choose(text, enforces);

	if (c.kind != kind)
		fail_msg("%s: %d", text, c.kind);
	if (kind == CANARY_NONE)
		return;
	assert_string_equal(c.op, op);
	assert_int_equal(c.uid, uid);
	assert_int_equal(c.rule, rule);
}

static void test_choose__none(void **state)
{
	is("", true, CANARY_NONE, NULL, 0, 0);
	is("measure func=KEXEC_KERNEL_CHECK\n", true, CANARY_NONE, NULL, 0, 0);
	is("dont_measure fsmagic=0xef53\nmeasure func=BPRM_CHECK\n", true, CANARY_NONE,
	   NULL, 0, 0);
	/* whether it matches, a label decides that is not known */
	is("measure func=BPRM_CHECK obj_type=bin_t\n", true, CANARY_NONE, NULL, 0, 0);
	/* what is only logged is not seen */
	is("appraise func=BPRM_CHECK\n", false, CANARY_NONE, NULL, 0, 0);
	/* denied to an ordinary user for whatever reason */
	is("appraise func=BPRM_CHECK uid=1000\n", true, CANARY_NONE, NULL, 0, 0);
}

static void test_choose__measured(void **state)
{
	is("measure func=FILE_CHECK mask=^MAY_READ uid=0\n", false, CANARY_MEASURED,
	   "read", 0, 0);
	is("audit func=BPRM_CHECK\nmeasure func=BPRM_CHECK mask=MAY_EXEC\n", false,
	   CANARY_MEASURED, "exec", 0, 1);
	is("measure func=BPRM_CHECK uid=4321\n", false, CANARY_MEASURED, "exec", 4321, 0);
	is("measure func=BPRM_CHECK uid>999\n", false, CANARY_MEASURED, "exec", 1000, 0);
	is("dont_measure fowner=0\nmeasure func=BPRM_CHECK fowner=7\n", false,
	   CANARY_MEASURED, "exec", 0, 1);
}

static void test_choose__denied_or_audited(void **state)
{
	is("appraise func=BPRM_CHECK appraise_type=imasig\n", true, CANARY_DENIED, "exec",
	   0, 0);
	is("audit func=BPRM_CHECK mask=MAY_EXEC uid=4321\n", true, CANARY_AUDITED, "exec",
	   4321, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choose__none),
		cmocka_unit_test(test_choose__measured),
		cmocka_unit_test(test_choose__denied_or_audited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
