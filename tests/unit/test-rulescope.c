/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/policy/rulescope.h"

static struct rulescope_file program(void)
{
	return (struct rulescope_file){.path = "usr/bin/true",
				       .mode = 0755,
				       .fsmagic = 0xef53,
				       .fsname = span_of("ext4")};
}

static struct rulescope_need need(const char *text, struct rulescope_file f)
{
	struct policy_kernel any = {.hashes = ~0u, .labels_defined = POLICY_YES};
	struct ruleset rules = {0};
	struct rulescope_need n;
	struct rulescope s;

	for (int c = 0; c < _POLICY_CAP_MAX; c++)
		any.cap[c] = POLICY_YES;
	assert_int_equal(policy_parse(span_of(text), &any, &rules.policy, NULL), 0);
	assert_int_equal(policy_count(&rules.policy, POLICY_ERROR), 0);
	rulescope_init(&s, &rules);
	rulescope_of(&s, &f, &n);
	ruleset_done(&rules);
	return n;
}

static void test_of__owner_and_file_system(void **state)
{
	const char *tcb = "dont_appraise fsmagic=0x9fa0\nappraise fowner=0\n";
	struct rulescope_file f = program();
	struct rulescope_need n = need(tcb, f);

	assert_true(n.appraised && n.reading && !n.signature && !n.unsure);
	f.uid = 1000;
	assert_false(need(tcb, f).appraised);
	f.uid = 0;
	f.fsmagic = 0x9fa0;
	assert_false(need(tcb, f).appraised);
}

static void test_of__only_when_executed(void **state)
{
	const char *exec = "appraise func=BPRM_CHECK appraise_type=imasig\n";
	struct rulescope_file f = program();
	struct rulescope_need n = need(exec, f);

	assert_true(n.appraised && n.signature && !n.reading);
	f.mode = 0644;
	assert_false(need(exec, f).appraised);
}

static void test_of__what_files_are_used_as(void **state)
{
	struct rulescope_file f = program();

	f.mode = 0644;
	f.path = "usr/lib/x86_64-linux-gnu/libc.so.6";
	assert_true(need("appraise func=MMAP_CHECK\n", f).appraised);
	f.path = "lib/modules/6.1/kernel/fs/ext4.ko.xz";
	assert_true(need("appraise func=MODULE_CHECK\n", f).appraised);
	assert_false(need("appraise func=FIRMWARE_CHECK\n", f).appraised);
	f.path = "usr/lib/firmware/iwl.bin";
	assert_true(need("appraise func=FIRMWARE_CHECK\n", f).appraised);
	f.path = "boot/vmlinuz-6.1";
	assert_true(need("appraise func=KEXEC_KERNEL_CHECK\n", f).appraised);
	f.path = "etc/ima/ima-policy";
	assert_true(need("appraise func=POLICY_CHECK\n", f).appraised);
	f.path = "etc/passwd";
	assert_false(need("appraise func=POLICY_CHECK\n"
			  "appraise func=MMAP_CHECK\nappraise func=SETXATTR_CHECK "
			  "appraise_algos=sha256\n",
			  f)
			     .appraised);
}

/* Somebody's access is enough: of users between two edges, of a group, of nobody. */
static void test_of__whoever(void **state)
{
	struct rulescope_file f = program();

	assert_true(need("appraise uid>1000\n", f).appraised);
	assert_false(need("appraise uid>1000\n", f).reading);
	assert_true(need("appraise euid<10\n", f).appraised);
	assert_true(need("appraise gid=100\n", f).appraised);
	assert_true(need("dont_appraise uid=0\nappraise\n", f).appraised);
	assert_false(need("dont_appraise uid>0\ndont_appraise uid=0\nappraise\n", f)
			     .appraised);
}

static void test_of__needs_add_up(void **state)
{
	struct rulescope_need n;

	n = need("appraise func=BPRM_CHECK appraise_type=imasig "
		 "appraise_algos=sha256,sha512\n"
		 "appraise appraise_algos=sha1,sha256\n",
		 program());
	assert_true(n.signature && n.reading);
	assert_int_equal(n.algos, 1u << HASH_SHA256);
}

static void test_of__unknown_decides(void **state)
{
	struct rulescope_file f = program();

	assert_true(need("dont_appraise obj_type=log_t\nappraise\n", f).unsure);
	assert_true(
		need("appraise fsuuid=11111111-1111-1111-1111-111111111111\n", f).unsure);
	assert_false(need("dont_appraise obj_type=log_t fowner=7\nappraise\n", f).unsure);
}

/* Rules without an action are there, and are none. */
static void test_init__refused(void **state)
{
	struct policy_kernel k = {0};
	struct ruleset rules = {0};
	struct rulescope s;
	struct rulescope_need n;
	struct rulescope_file f = program();

	assert_int_equal(policy_parse(span_of("nonsense uid=7\nappraise\n"), &k,
				      &rules.policy, NULL),
			 0);
	assert_true(rules.policy.rules[0].refused);
	rulescope_init(&s, &rules);
	assert_int_equal(s.n_uids, 2); /* root and nobody in particular */
	rulescope_of(&s, &f, &n);
	assert_true(n.appraised);
	ruleset_done(&rules);
}

static void test_any__appraising_rules(void **state)
{
	struct policy_kernel k = {0};
	struct ruleset rules = {0};
	struct rulescope s;

	assert_int_equal(policy_parse(span_of("measure\ndont_appraise\n"), &k,
				      &rules.policy, NULL),
			 0);
	rulescope_init(&s, &rules);
	assert_false(rulescope_any(&s));
	ruleset_done(&rules);
	assert_int_equal(policy_parse(span_of("appraise\n"), &k, &rules.policy, NULL), 0);
	rulescope_init(&s, &rules);
	assert_true(rulescope_any(&s));
	ruleset_done(&rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of__owner_and_file_system),
		cmocka_unit_test(test_of__only_when_executed),
		cmocka_unit_test(test_of__what_files_are_used_as),
		cmocka_unit_test(test_of__whoever),
		cmocka_unit_test(test_of__needs_add_up),
		cmocka_unit_test(test_of__unknown_decides),
		cmocka_unit_test(test_init__refused),
		cmocka_unit_test(test_any__appraising_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
