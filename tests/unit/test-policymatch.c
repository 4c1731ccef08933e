/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/policymatch.h"

static struct policymatch_access root_reads(void)
{
	return (struct policymatch_access){
		.func = POLICY_FUNC_FILE_CHECK,
		.mask = POLICY_MAY_READ,
		.may_setuid = true,
		.may_setgid = true,
		.fsmagic = 0xef53,
		.fsname = span_of("ext4"),
	};
}

static void parse(const char *text, struct policy *p)
{
	struct policy_kernel k = {0};

	policy_kernel_of_version(POLICY_VERSION(7, 2), &k);
	for (int c = 0; c < _POLICY_CAP_MAX; c++)
		k.cap[c] = POLICY_YES;
	k.hashes = ~0u;
	assert_int_equal(policy_parse(span_of(text), &k, p, NULL), 0);
	assert_int_equal(policy_count(p, POLICY_ERROR), 0);
}

static enum policy_answer matches(const char *rule, const struct policymatch_access *a)
{
	_cleanup_strbuf_ struct strbuf line = {0};
	_cleanup_policy_ struct policy p = {0};

	strbuf_addf(&line, "%s\n", rule);
	parse(strbuf_str(&line), &p);
	return policymatch_rule(&p.rules[0], a, NULL);
}

static void yes(const char *rule, struct policymatch_access a)
{
	if (matches(rule, &a) != POLICY_YES)
		fail_msg("%s does not match", rule);
}

static void no(const char *rule, struct policymatch_access a)
{
	if (matches(rule, &a) != POLICY_NO)
		fail_msg("%s matches", rule);
}

static void test_rule__func_and_mask(void **state)
{
	struct policymatch_access a = root_reads();

	yes("measure", a);
	yes("measure func=FILE_CHECK mask=MAY_READ", a);
	no("measure func=BPRM_CHECK", a);
	no("measure mask=MAY_WRITE", a);
	a.mask = POLICY_MAY_READ | POLICY_MAY_WRITE;
	no("measure mask=MAY_READ", a);
	yes("measure mask=^MAY_READ", a);
	yes("measure mask=^MAY_WRITE", a);
	no("measure mask=^MAY_EXEC", a);
	a.mask = POLICYMATCH_MAY_ACCESS;
	no("appraise mask=^MAY_READ", a);
	yes("appraise", a);
	a.any_func = true;
	yes("appraise func=BPRM_CHECK mask=MAY_EXEC", a);
}

static void test_rule__who(void **state)
{
	struct policymatch_access a = root_reads();

	yes("measure uid=0", a);
	yes("measure uid<1", a);
	no("measure uid>0", a);
	a.uid = 1000;
	no("measure uid=0", a);
}

static void test_rule__effective_ids(void **state)
{
	struct policymatch_access a = root_reads();

	a.uid = 1000;
	a.suid = 1001;
	a.euid = 0;
	yes("measure euid=0", a);
	yes("measure euid=1000", a);
	yes("measure euid=1001", a);
	no("measure euid=1002", a);
	a.may_setuid = false;
	no("measure euid=1000", a);
	yes("measure euid=0", a);
	a.gid = 5;
	yes("measure egid=5", a);
	a.may_setgid = false;
	no("measure egid=5", a);
	yes("measure gid=5", a);
}

static void test_rule__the_file(void **state)
{
	struct policymatch_access a = root_reads();

	a.fowner = 7;
	a.fgroup = 8;
	memset(a.fsuuid, 0x11, sizeof(a.fsuuid));
	yes("measure fowner=7 fgroup>7 fsmagic=EF53 fsname=ext4", a);
	no("measure fowner=0", a);
	no("measure fsname=ext", a);
	no("measure fsname=ext4x", a);
	no("measure fs_subtype=sshfs", a);
	yes("measure fsuuid=11111111-1111-1111-1111-111111111111", a);
	no("measure fsuuid=11111111-1111-1111-1111-111111111112", a);
	a.no_fsuuid = true;
	assert_int_equal(matches("measure fsuuid=11111111-1111-1111-1111-111111111111",
				 &a),
			 POLICY_UNKNOWN);
}

static void test_rule__labels_are_unknown(void **state)
{
	struct policymatch_access a = root_reads();
	enum policy_key why;
	_cleanup_policy_ struct policy p = {0};

	parse("measure obj_type=bin_t fowner=0\n", &p);
	assert_int_equal(policymatch_rule(&p.rules[0], &a, &why), POLICY_UNKNOWN);
	assert_int_equal(why, POLICY_KEY_OBJ_TYPE);
	a.fowner = 1;
	assert_int_equal(policymatch_rule(&p.rules[0], &a, &why), POLICY_NO);
	assert_int_equal(why, POLICY_KEY_FOWNER);
}

static void test_rule__data(void **state)
{
	struct policymatch_access a = {.func = POLICY_FUNC_KEY_CHECK,
				       .data = span_of(".ima")};

	yes("measure func=KEY_CHECK keyrings=.evm|.ima", a);
	no("measure func=KEY_CHECK keyrings=.evm|.imax", a);
	yes("measure func=KEY_CHECK", a);
	no("measure func=KEY_CHECK uid=5", a);
	yes("measure func=KEY_CHECK gid=5", a); /* not looked at */
	no("measure", a);
	a = (struct policymatch_access){.func = POLICY_FUNC_CRITICAL_DATA,
					.data = span_of("selinux")};
	yes("measure func=CRITICAL_DATA label=selinux", a);
	no("measure func=CRITICAL_DATA label=device_mapper", a);
}

static void decide(const char *text, struct policymatch_access a,
		   struct policymatch_result *ret)
{
	struct policy p;

	parse(text, &p);
	policymatch_decide(&p, &a, ret);
	policy_done(&p);
}

static void test_decide__first_of_each_class(void **state)
{
	struct policymatch_result r;

	decide("dont_measure fsmagic=0x9fa0\n"
	       "measure func=FILE_CHECK pcr=11\n"
	       "measure pcr=12\n"
	       "dont_appraise fowner=0\n"
	       "appraise\n"
	       "audit\n",
	       root_reads(), &r);
	assert_int_equal(r.by[POLICY_CLASS_MEASURE].rule, 1);
	assert_true(r.by[POLICY_CLASS_MEASURE].does);
	assert_true(r.has_pcr);
	assert_int_equal(r.pcr, 11);
	assert_int_equal(r.by[POLICY_CLASS_APPRAISE].rule, 3);
	assert_false(r.by[POLICY_CLASS_APPRAISE].does);
	assert_true(r.by[POLICY_CLASS_AUDIT].does);
	assert_int_equal(r.by[POLICY_CLASS_HASH].rule, SIZE_MAX);
}

static void test_decide__options_add_up(void **state)
{
	struct policymatch_result r;

	decide("measure digest_type=verity permit_directio\n"
	       "appraise appraise_type=imasig appraise_algos=sha256\n",
	       root_reads(), &r);
	assert_true(r.verity && r.directio && r.signature);
	assert_int_equal(r.algos, 1u << HASH_SHA256);
}

static void test_decide__appraise_takes_the_hash_of_before(void **state)
{
	struct policymatch_result r;

	decide("hash\nappraise\n", root_reads(), &r);
	assert_false(r.by[POLICY_CLASS_HASH].does);
	decide("appraise\nhash\n", root_reads(), &r);
	assert_true(r.by[POLICY_CLASS_HASH].does);
}

static void test_decide__what_is_not_done_is_not_looked_at(void **state)
{
	struct policymatch_result r;

	decide("dont_appraise permit_directio\nmeasure\n", root_reads(), &r);
	assert_int_equal(r.by[POLICY_CLASS_APPRAISE].rule, SIZE_MAX);
	assert_false(r.directio);
}

static void test_decide__unsure(void **state)
{
	struct policymatch_result r;

	decide("dont_appraise obj_type=log_t\nappraise\n", root_reads(), &r);
	assert_int_equal(r.by[POLICY_CLASS_APPRAISE].rule, 1);
	assert_int_equal(r.by[POLICY_CLASS_APPRAISE].unsure, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rule__func_and_mask),
		cmocka_unit_test(test_rule__who),
		cmocka_unit_test(test_rule__effective_ids),
		cmocka_unit_test(test_rule__the_file),
		cmocka_unit_test(test_rule__labels_are_unknown),
		cmocka_unit_test(test_rule__data),
		cmocka_unit_test(test_decide__first_of_each_class),
		cmocka_unit_test(test_decide__options_add_up),
		cmocka_unit_test(test_decide__appraise_takes_the_hash_of_before),
		cmocka_unit_test(test_decide__what_is_not_done_is_not_looked_at),
		cmocka_unit_test(test_decide__unsure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
