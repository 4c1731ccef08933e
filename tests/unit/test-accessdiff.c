/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/policy/accessdiff.h"
#include "core/base/cleanup.h"

static struct policy_kernel kernel(void)
{
	struct policy_kernel k = {.hashes = ~0u, .labels_defined = POLICY_YES};

	for (int c = 0; c < _POLICY_CAP_MAX; c++)
		k.cap[c] = POLICY_YES;
	return k;
}

static void run(const char *from, const char *to, struct accessdiff *ret)
{
	struct policy_kernel k = kernel();
	_cleanup_policy_ struct policy a = {0}, b = {0};

	assert_int_equal(policy_parse(span_of(from), &k, &a, NULL), 0);
	assert_int_equal(policy_parse(span_of(to), &k, &b, NULL), 0);
	assert_int_equal(accessdiff_run(&a, &b, &k, ret, NULL), 0);
}

/* Sentences "WHAT: BEFORE > AFTER", one a line. */
static void differ(const char *from, const char *to, const char *want)
{
	_cleanup_accessdiff_ struct accessdiff d = {0};
	_cleanup_strbuf_ struct strbuf got = {0};

	run(from, to, &d);
	assert_false(d.rough);
	for (size_t i = 0; i < d.n; i++)
		strbuf_addf(&got, "%s: %s > %s\n", accessdiff_text(&d, d.changes[i].what),
			    accessdiff_text(&d, d.changes[i].was),
			    accessdiff_text(&d, d.changes[i].is));
	assert_string_equal(strbuf_str(&got), want);
}

static void test_run__nothing(void **state)
{
	differ("", "", "");
	differ("measure\n", "measure\nmeasure uid=0\n", "");
	differ("dont_appraise fowner=1\n", "", ""); /* nothing appraises */
	differ("measure uid<1\n", "measure uid=0\n", "");
}

static void test_run__hooks(void **state)
{
	differ("", "appraise\n", "all accesses: not appraised > appraised\n");
	differ("", "appraise func=BPRM_CHECK uid=0\nappraise func=CREDS_CHECK uid=0\n",
	       "programs run by root: not appraised > appraised\n");
	differ("measure func=FILE_CHECK mask=MAY_READ uid=0\n",
	       "measure func=FILE_CHECK mask=^MAY_READ uid=0\n",
	       "files opened for reading and writing by root: not measured > measured\n");
	differ("measure func=MODULE_CHECK\n", "",
	       "kernel modules loaded: measured > not measured\n");
}

static void test_run__numbers(void **state)
{
	differ("", "audit func=BPRM_CHECK uid>999\n",
	       "programs run by users from 1000 on: not audited > audited\n");
	differ("audit func=MODULE_CHECK fowner<10\n",
	       "audit func=MODULE_CHECK fowner<5\n",
	       "kernel modules loaded, files of users 5 to 9: audited > not audited\n");
	differ("", "measure func=MODULE_CHECK gid=5\n",
	       "kernel modules loaded, of group number 5: not measured > measured\n");
	/* two that touch are one; what is left lies on both sides */
	differ("measure func=MODULE_CHECK\n",
	       "dont_measure uid=4\ndont_measure uid=5\nmeasure func=MODULE_CHECK\n",
	       "kernel modules loaded by users 4 to 5: measured > not measured\n");
}

/* With either right: no box, so two sentences. */
static void test_run__either(void **state)
{
	differ("", "measure func=MODULE_CHECK uid=0\nmeasure func=MODULE_CHECK euid=0\n",
	       "kernel modules loaded by users from 1 on with the rights of root: "
	       "not measured > measured\n"
	       "kernel modules loaded by root: not measured > measured\n");
}

static void test_run__file_systems(void **state)
{
	differ("appraise func=MODULE_CHECK\n",
	       "dont_appraise fsmagic=0x9fa0\ndont_appraise fsname=tmpfs\n"
	       "appraise func=MODULE_CHECK\n",
	       "kernel modules loaded, on proc, tmpfs: appraised > not appraised\n");
	differ("", "dont_measure fsname=ext4\nmeasure func=MODULE_CHECK\n",
	       "kernel modules loaded, not on ext4: not measured > measured\n");
	/* a name and its number are the same file system */
	differ("measure func=MODULE_CHECK fsname=xfs\n",
	       "measure func=MODULE_CHECK fsmagic=0x58465342\n", "");
	differ("",
	       "measure func=MODULE_CHECK fsuuid=b0b196af-9032-4b67-9e18-3689f9f19fd6\n",
	       "kernel modules loaded, on the UUID b0b196af-9032-4b67-9e18-3689f9f19fd6: "
	       "not measured > measured\n");
}

static void test_run__labels(void **state)
{
	differ("measure func=MODULE_CHECK obj_type=a\n",
	       "measure func=MODULE_CHECK obj_type=b\n",
	       "kernel modules loaded, with obj_type=a: measured > not measured\n"
	       "kernel modules loaded, with obj_type=b: not measured > measured\n");
}

static void test_run__options(void **state)
{
	differ("appraise func=MODULE_CHECK\n",
	       "appraise func=MODULE_CHECK appraise_type=imasig\n",
	       "kernel modules loaded: appraised > appraised, a signature is wanted\n");
	differ("measure func=MODULE_CHECK\n", "measure func=MODULE_CHECK pcr=11\n",
	       "kernel modules loaded: measured > measured, into PCR 11\n");
	differ("appraise func=MODULE_CHECK appraise_algos=sha256\n",
	       "appraise func=MODULE_CHECK appraise_algos=sha256,sha512\n",
	       "kernel modules loaded: appraised, hashed with sha256 > "
	       "appraised, hashed with sha256 or sha512\n");
	differ("", "appraise func=SETXATTR_CHECK appraise_algos=sha256\n",
	       "values set as security.ima: taken, hashed with anything > "
	       "taken, hashed with sha256\n");
}

static void test_run__data(void **state)
{
	differ("measure func=KEY_CHECK keyrings=.ima\n",
	       "measure func=KEY_CHECK keyrings=.ima|.evm\n",
	       "keys added of .evm: not measured > measured\n");
	differ("", "measure func=CRITICAL_DATA\n",
	       "critical data: not measured > measured\n");
	differ("", "measure func=KEXEC_CMDLINE\n",
	       "command lines for kexec: not measured > measured\n");
}

/* More users than are told apart: what is said is true, and that it is not all. */
static void test_run__rough(void **state)
{
	_cleanup_accessdiff_ struct accessdiff d = {0};
	_cleanup_strbuf_ struct strbuf text = {0};

	for (unsigned i = 1; i < 200; i++)
		strbuf_addf(&text, "measure func=MODULE_CHECK uid=%u\n", 3 * i);
	run("", strbuf_str(&text), &d);
	assert_true(d.rough);
	assert_true(d.n > 0 && d.n <= ACCESSDIFF_SENTENCES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run__nothing),
		cmocka_unit_test(test_run__hooks),
		cmocka_unit_test(test_run__numbers),
		cmocka_unit_test(test_run__either),
		cmocka_unit_test(test_run__file_systems),
		cmocka_unit_test(test_run__labels),
		cmocka_unit_test(test_run__options),
		cmocka_unit_test(test_run__data),
		cmocka_unit_test(test_run__rough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
