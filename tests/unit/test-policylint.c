/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/policy/policylint.h"

static void rules_of(const char *text, struct ruleset *ret)
{
	struct policy_kernel any = {.hashes = ~0u, .labels_defined = POLICY_YES};

	*ret = (struct ruleset){0};
	for (int c = 0; c < _POLICY_CAP_MAX; c++)
		any.cap[c] = POLICY_YES;
	assert_int_equal(policy_parse(span_of(text), &any, &ret->policy, NULL), 0);
	assert_int_equal(policy_count(&ret->policy, POLICY_ERROR), 0);
	for (size_t i = 0; i < ret->policy.n_findings; i++)
		assert_int_equal(ret->policy.findings[i].severity, POLICY_DEPENDS);
	ret->policy.n_findings = 0;
	ret->origins = malloc(ret->policy.n_rules + 1);
	memset(ret->origins, RULESET_CUSTOM, ret->policy.n_rules);
}

/* How often it is found; of the rule in @line where that is not 0. */
static size_t found(const char *text, enum diag_id id, unsigned line)
{
	struct ruleset r;
	size_t n = 0;

	rules_of(text, &r);
	assert_int_equal(policylint_run(&r, NULL), 0);
	for (size_t i = 0; i < r.policy.n_findings; i++)
		n += r.policy.findings[i].d.id == id &&
		     (!line || r.policy.findings[i].d.line == line);
	ruleset_done(&r);
	return n;
}

static void hidden(const char *first, const char *later, bool is)
{
	_cleanup_strbuf_ struct strbuf text = {0};

	strbuf_addf(&text, "%s\n%s\n", first, later);
	if (found(strbuf_str(&text), DIAG_POLICY_SHADOWED, 2) != is)
		fail_msg("%s / %s", first, later);
}

static void test_run__shadowed(void **state)
{
	hidden("measure", "measure uid=0", true);
	hidden("measure", "dont_measure fsmagic=0x9fa0", true);
	hidden("measure uid=0", "measure", false);
	hidden("measure", "appraise", false);
	hidden("measure func=FILE_CHECK", "measure func=BPRM_CHECK", false);
	hidden("measure func=PATH_CHECK", "measure func=FILE_CHECK uid=3", true);
	hidden("measure mask=^MAY_READ", "measure mask=MAY_READ", true);
	hidden("measure mask=MAY_READ", "measure mask=^MAY_READ", false);
	hidden("measure fsname=ext4", "measure fsname=ext4 fowner=0", true);
	hidden("measure fsname=ext4", "measure fsname=xfs", false);
	hidden("measure fsmagic=EF53", "measure fsmagic=0xef53", true);
	hidden("appraise fowner=0 appraise_type=imasig", "appraise fowner=0", true);
}

static void test_run__shadowed_numbers(void **state)
{
	hidden("measure uid>10", "measure uid>11", true);
	hidden("measure uid>10", "measure uid=11", true);
	hidden("measure uid>10", "measure uid=10", false);
	hidden("measure uid<10", "measure uid<9", true);
	hidden("measure uid<10", "measure uid<11", false);
	hidden("measure uid<1", "measure uid=0", true);
	hidden("measure uid=0", "measure euid=0", false);
	hidden("measure uid>4294967200", "measure uid>5", false);
}

/* Hooks without a file are met by rules that name them only. */
static void test_run__shadowed_apart(void **state)
{
	hidden("measure", "measure func=KEY_CHECK", false);
	hidden("measure func=KEY_CHECK", "measure", false);
	hidden("measure func=KEY_CHECK keyrings=.ima|.evm",
	       "measure func=KEY_CHECK keyrings=.evm", true);
	hidden("measure func=KEY_CHECK keyrings=.evm",
	       "measure func=KEY_CHECK keyrings=.ima|.evm", false);
	hidden("measure func=KEY_CHECK keyrings=.evm", "measure func=KEY_CHECK", false);
	hidden("appraise", "appraise func=SETXATTR_CHECK appraise_algos=sha256", false);
	hidden("appraise func=SETXATTR_CHECK appraise_algos=sha256",
	       "appraise func=SETXATTR_CHECK appraise_algos=sha512", true);
}

static void test_run__shadowed_by_the_kernels_own(void **state)
{
	struct ruleset r;

	rules_of("measure func=MODULE_CHECK\nmeasure func=MODULE_CHECK\n", &r);
	r.origins[0] = RULESET_ARCH;
	assert_int_equal(policylint_run(&r, NULL), 0);
	assert_int_equal(r.policy.n_findings, 1);
	assert_non_null(strstr(r.policy.findings[0].d.text, "Secure Boot"));
	ruleset_done(&r);
}

static void test_run__never(void **state)
{
	assert_int_equal(found("measure uid<0\n", DIAG_POLICY_NEVER, 1), 1);
	assert_int_equal(found("measure uid>4294967294\n", DIAG_POLICY_NEVER, 1), 1);
	assert_int_equal(found("measure fsmagic=100000000\n", DIAG_POLICY_NEVER, 1), 1);
	assert_int_equal(found("measure uid<1 fgroup>4294967293 fsmagic=ffffffff\n",
			       DIAG_POLICY_NEVER, 0),
			 0);
}

static void test_run__idle(void **state)
{
	assert_int_equal(found("dont_appraise fowner=1\nmeasure\n", DIAG_POLICY_IDLE, 1),
			 1);
	assert_int_equal(found("dont_appraise fowner=1\nappraise\n", DIAG_POLICY_IDLE, 0),
			 0);
}

static void test_run__exact_mask(void **state)
{
	assert_int_equal(found("measure func=FILE_CHECK mask=MAY_READ\n",
			       DIAG_POLICY_EXACT, 1),
			 1);
	assert_int_equal(found("measure func=FILE_CHECK mask=^MAY_READ\n"
			       "measure func=BPRM_CHECK mask=MAY_EXEC\n",
			       DIAG_POLICY_EXACT, 0),
			 0);
}

static void test_run__pseudo_file_systems(void **state)
{
	assert_int_equal(found("appraise fowner=0\n", DIAG_POLICY_PSEUDO, 1), 1);
	assert_int_equal(found("appraise fowner=1000\n", DIAG_POLICY_PSEUDO, 0), 0);
	assert_int_equal(found("appraise func=BPRM_CHECK\n", DIAG_POLICY_PSEUDO, 0), 0);
	assert_int_equal(found("appraise fsname=ext4\n", DIAG_POLICY_PSEUDO, 0), 0);
	assert_int_equal(found("measure\n", DIAG_POLICY_GROWS, 1), 1);
}

/* Writing to them counts, too: to /proc/sys, for example. */
static void test_run__pseudo_file_systems_written(void **state)
{
	assert_int_equal(found("appraise func=FILE_CHECK mask=MAY_WRITE\n",
			       DIAG_POLICY_PSEUDO, 1),
			 1);
	assert_int_equal(found("appraise func=FILE_CHECK mask=MAY_APPEND\n",
			       DIAG_POLICY_PSEUDO, 1),
			 0);
}

static void test_run__unbounded(void **state)
{
	assert_int_equal(found("measure\n", DIAG_POLICY_UNBOUNDED, 1), 1);
	assert_int_equal(found("measure func=FILE_CHECK\n", DIAG_POLICY_UNBOUNDED, 1), 1);
	assert_int_equal(found("measure func=FILE_CHECK mask=^MAY_WRITE\n",
			       DIAG_POLICY_UNBOUNDED, 1),
			 1);
	assert_int_equal(found("measure func=FILE_CHECK mask=^MAY_READ\n"
			       "measure func=BPRM_CHECK\n",
			       DIAG_POLICY_UNBOUNDED, 0),
			 0);
	assert_int_equal(found("measure func=FILE_CHECK fowner=1000\n",
			       DIAG_POLICY_UNBOUNDED, 0),
			 0);
}

/* The built-in policies have what it takes. */
static void test_run__tcb_is_clean(void **state)
{
	_cleanup_strbuf_ struct strbuf text = {0};

#define FS_MAGIC(magic, name)                                                            \
	strbuf_addf(&text, "dont_measure fsmagic=0x%x\ndont_appraise fsmagic=0x%x\n",    \
		    (unsigned)(magic), (unsigned)(magic));
#include "core/host/fs-magics.inc"
#undef FS_MAGIC
	strbuf_adds(&text, "measure func=FILE_CHECK mask=^MAY_READ euid=0\n"
			   "appraise fowner=0\n");
	assert_int_equal(found(strbuf_str(&text), DIAG_POLICY_PSEUDO, 0), 0);
	assert_int_equal(found(strbuf_str(&text), DIAG_POLICY_GROWS, 0), 0);
	assert_int_equal(found(strbuf_str(&text), DIAG_POLICY_SHADOWED, 0), 0);
}

static void test_run__blocks(void **state)
{
	assert_int_equal(found("appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig\n",
			       DIAG_POLICY_BLOCKS, 1),
			 1);
	assert_int_equal(found("measure func=MODULE_CHECK\n", DIAG_POLICY_BLOCKS, 0), 0);
	assert_int_equal(found("appraise func=POLICY_CHECK appraise_type=imasig\n",
			       DIAG_POLICY_SIGN, 1),
			 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run__shadowed),
		cmocka_unit_test(test_run__shadowed_numbers),
		cmocka_unit_test(test_run__shadowed_apart),
		cmocka_unit_test(test_run__shadowed_by_the_kernels_own),
		cmocka_unit_test(test_run__never),
		cmocka_unit_test(test_run__idle),
		cmocka_unit_test(test_run__exact_mask),
		cmocka_unit_test(test_run__pseudo_file_systems),
		cmocka_unit_test(test_run__pseudo_file_systems_written),
		cmocka_unit_test(test_run__unbounded),
		cmocka_unit_test(test_run__tcb_is_clean),
		cmocka_unit_test(test_run__blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
