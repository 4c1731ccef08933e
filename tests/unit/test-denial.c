/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/triage/denial.h"

static int kind_of(const char *line)
{
	struct auditrec r;

	assert_int_equal(auditrec_parse(span_of(line), &r, NULL), 1);
	return denial_kind_of(&r);
}

#define PCR(op, cause, more)                                                             \
	"type=1804 audit(1.000:1): pid=1 op=" op " cause=" cause " comm=\"a\" " more

static void test_denial_kind_of__none_of_ours(void **state)
{
	assert_int_equal(kind_of("type=SYSCALL msg=audit(1.000:1): exit=-13"), -ENOENT);
	assert_int_equal(kind_of(PCR("add_template_measure", "hash_exists", "res=0")),
			 -ENOENT);
	assert_int_equal(kind_of(PCR("measuring_key", "store_entry", "res=0 errno=-17")),
			 -ENOENT);
	assert_int_equal(kind_of("type=1807 audit(1.000:1): action=measure res=1"),
			 -ENOENT);
	assert_int_equal(
		kind_of("type=1805 audit(1.000:1): file=\"/a\" comm=\"b\" res=0"),
		-ENOENT);
}

static void test_denial_kind_of__kinds(void **state)
{
	assert_int_equal(kind_of("type=1800 audit(1.000:1): op=set_data "
				 "cause=denied-hash-algorithm comm=\"a\" res=0"),
			 DENIAL_LABEL);
	assert_int_equal(kind_of("type=1800 audit(1.000:1): op=collect_data "
				 "cause=failed(directio) comm=\"a\" res=0"),
			 DENIAL_ACCESS);
	assert_int_equal(kind_of(PCR("invalid_pcr", "ToMToU", "res=1")),
			 DENIAL_VIOLATION);
	assert_int_equal(kind_of(PCR("measuring_key", "ENOMEM", "res=0")), DENIAL_KEY);
	assert_int_equal(kind_of(PCR("add_template_measure", "TPM_error(-62)", "res=1")),
			 DENIAL_MEASUREMENT);
	assert_int_equal(kind_of("type=1807 audit(1.000:1): UNKNOWN=bogus res=0"),
			 DENIAL_POLICY);
	assert_int_equal(kind_of("type=1802 audit(1.000:1): op=policy_update "
				 "cause=signed policy required comm=\"a\" res=0"),
			 DENIAL_POLICY);
}

static enum denial_denied judge(enum denial_kind kind, int32_t error,
				enum denial_mode mode)
{
	const struct denial d = {.kind = kind, .error = error};

	return denial_judge(&d, mode);
}

static void test_denial_judge__access(void **state)
{
	struct denial d = {.kind = DENIAL_ACCESS,
			   .error = -1,
			   .cause = span_of("failed-mprotect")};

	/* the system call tells, whatever the mode is said to be */
	assert_int_equal(judge(DENIAL_ACCESS, EACCES, DENIAL_MODE_LOG), DENIAL_DENIED);
	assert_int_equal(judge(DENIAL_ACCESS, 0, DENIAL_MODE_ENFORCE), DENIAL_ALLOWED);
	/* it failed for another reason */
	assert_int_equal(judge(DENIAL_ACCESS, ENOENT, DENIAL_MODE_UNKNOWN),
			 DENIAL_UNKNOWN);
	assert_int_equal(judge(DENIAL_ACCESS, -1, DENIAL_MODE_ENFORCE), DENIAL_DENIED);
	assert_int_equal(judge(DENIAL_ACCESS, -1, DENIAL_MODE_FIX), DENIAL_ALLOWED);
	assert_int_equal(denial_judge(&d, DENIAL_MODE_LOG), DENIAL_DENIED);
	d.res = true;
	assert_int_equal(denial_judge(&d, DENIAL_MODE_ENFORCE), DENIAL_ALLOWED);
}

static void test_denial_judge__others(void **state)
{
	assert_int_equal(judge(DENIAL_LABEL, -1, DENIAL_MODE_LOG), DENIAL_DENIED);
	assert_int_equal(judge(DENIAL_LABEL, 0, DENIAL_MODE_LOG), DENIAL_ALLOWED);
	assert_int_equal(judge(DENIAL_VIOLATION, EACCES, DENIAL_MODE_ENFORCE),
			 DENIAL_ALLOWED);
	assert_int_equal(judge(DENIAL_POLICY, -1, DENIAL_MODE_LOG), DENIAL_DENIED);
}

static void test_denial_kind_from_name__round_trip(void **state)
{
	for (int i = 0; i < _DENIAL_KIND_MAX; i++)
		assert_int_equal(denial_kind_from_name(
					 span_of(denial_kind_name((enum denial_kind)i))),
				 i);
	assert_int_equal(denial_kind_from_name(span_of("acces")), _DENIAL_KIND_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_denial_kind_of__none_of_ours),
		cmocka_unit_test(test_denial_kind_of__kinds),
		cmocka_unit_test(test_denial_judge__access),
		cmocka_unit_test(test_denial_judge__others),
		cmocka_unit_test(test_denial_kind_from_name__round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
