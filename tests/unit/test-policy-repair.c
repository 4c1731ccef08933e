/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/cleanup.h"
#include "core/base/policy.h"

static void repair(const char *line, unsigned version, const char *want)
{
	_cleanup_strbuf_ struct strbuf out = {0};
	struct policy_kernel k;

	policy_kernel_of_version(version, &k);
	if (!policy_repair(span_of(line), &k, &out))
		strbuf_adds(&out, "no");
	assert_string_equal(strbuf_str(&out), want);
}

#define V61  POLICY_VERSION(6, 1)
#define V612 POLICY_VERSION(6, 12)

static void test_repair__nothing_to_do(void **state)
{
	repair("measure", V612, "no");
	repair("# x", V612, "no");
	repair("", V612, "no");
	repair("measure appraise_algos=sha256", V612, "no");
	repair("what is this", V612, "# what is this");
}

static void test_repair__words(void **state)
{
	repair("mesure func=BPRM_CHEK", V612, "measure func=BPRM_CHECK");
	repair("measure fun=FILE_CHECK mask=MAY_RAED", V612,
	       "measure func=FILE_CHECK mask=MAY_READ");
	repair("  Measure func=file_check mask=^may_read", V612,
	       "measure func=FILE_CHECK mask=^MAY_READ");
	repair("measure func = FILE_CHECK mask= MAY_READ", V612,
	       "measure func=FILE_CHECK mask=MAY_READ");
	repair("measure func=\"FILE_CHECK\"", V612, "measure func=FILE_CHECK");
	repair("measure xyzzy=1", V612, "no");
}

static void test_repair__numbers(void **state)
{
	repair("measure uid>=1000", V612, "measure uid>999");
	repair("measure fowner<=9", V612, "measure fowner<10");
	repair("measure uid>=0", V612, "no");
	repair("measure uid>=4294967295", V612, "no");
}

static void test_repair__order_and_number(void **state)
{
	repair("measure uid=0 uid=0 func=FILE_CHECK", V612,
	       "measure uid=0 func=FILE_CHECK");
	repair("appraise appraise_type=sigv3 digest_type=verity func=FILE_CHECK", V61,
	       "appraise digest_type=verity func=FILE_CHECK appraise_type=sigv3");
	repair("template=ima-sig measure", V612, "no");
}

static void test_repair__by_the_kernel(void **state)
{
	repair("measure func=MMAP_CHECK_REQPROT", V61, "measure func=MMAP_CHECK");
	repair("measure func=MMAP_CHECK_REQPROT", V612, "no");
	repair("measure fsmagic=0x9fa0   # proc", V61, "# proc\nmeasure fsmagic=0x9fa0");
	repair("measure fsmagic=0x9fa0 # proc", POLICY_VERSION(6, 14), "no");
	repair("dont_audit", V61, "no");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_repair__nothing_to_do),
		cmocka_unit_test(test_repair__words),
		cmocka_unit_test(test_repair__numbers),
		cmocka_unit_test(test_repair__order_and_number),
		cmocka_unit_test(test_repair__by_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
