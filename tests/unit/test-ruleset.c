/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/policy/ruleset.h"
#include "tests/unit/tree.h"

#define CONFIG "CONFIG_IMA=y\nCONFIG_IMA_APPRAISE=y\nCONFIG_IMA_ARCH_POLICY=y\n"

static void put(struct tree *t, const char *name, const char *text)
{
	tree_put(t, name, text);
}

static void put_secure_boot(struct tree *t)
{
	assert_int_equal(fs_replace_at(t->fd, "efi-SecureBoot", "\6\0\0\0\1", 5, 0600,
				       NULL),
			 0);
}

/* A machine whose kernel takes one policy and keeps it to itself, as Debian's. */
static void debian(struct tree *t, const char *release, const char *cmdline)
{
	put(t, "osrelease", release);
	put(t, "cmdline", cmdline);
	put(t, "config", CONFIG "CONFIG_MODULE_SIG=y\nCONFIG_KEXEC_SIG=y\n");
	put(t, "modes", "binary_runtime_measurements 0440\npolicy 0200\n");
}

/* "origin rule" a line. */
static void show(const struct ruleset *r, struct strbuf *out)
{
	for (size_t i = 0; i < r->policy.n_rules; i++) {
		strbuf_addf(out, "%s ", ruleset_origin_word(r->origins[i]));
		policy_print(out, &r->policy.rules[i]);
		strbuf_addc(out, '\n');
	}
}

static int ask(struct tree *t, const char *custom, struct ruleset *ret, struct diag *d)
{
	_cleanup_(probe_freep) struct probe *p = NULL;
	struct root root;
	int r;

	assert_int_equal(root_open_host(&root, t->dir, NULL), 0);
	assert_int_equal(probe_run(&root, (struct span){0}, &p, NULL), 0);
	r = custom ? ruleset_with(&root, p, span_of(custom), ret, d)
		   : ruleset_in_force(&root, p, ret, d);
	root_done(&root);
	return r;
}

static void is(struct tree *t, const char *custom, enum ruleset_source source, bool sure,
	       const char *rules)
{
	_cleanup_ruleset_ struct ruleset r = {0};
	_cleanup_strbuf_ struct strbuf out = {0};
	struct diag d = {0};

	if (ask(t, custom, &r, &d) < 0)
		fail_msg("%s", d.text);
	show(&r, &out);
	assert_string_equal(strbuf_str(&out), rules);
	assert_int_equal(r.source, source);
	assert_true(r.sure == sure);
}

static void test_at_boot__before_any_policy(void **state)
{
	_cleanup_(probe_freep) struct probe *p = NULL;
	_cleanup_ruleset_ struct ruleset r = {0};
	_cleanup_strbuf_ struct strbuf out = {0};
	struct tree *t = *state;
	struct root root;

	debian(t, "6.12.1-amd64\n", "ima_policy=critical_data\n");
	put(t, "ima-policy", "audit\n");
	put(t, "modes", "binary_runtime_measurements 0440\n"); /* one was loaded */
	assert_int_equal(root_open_host(&root, t->dir, NULL), 0);
	assert_int_equal(probe_run(&root, (struct span){0}, &p, NULL), 0);
	assert_int_equal(ruleset_at_boot(&root, p, &r, NULL), 0);
	show(&r, &out);
	assert_string_equal(strbuf_str(&out), "builtin measure func=CRITICAL_DATA\n");
	root_done(&root);
}

static void test_in_force__nothing(void **state)
{
	struct tree *t = *state;

	debian(t, "6.12.1-amd64\n", "root=/dev/vda\n");
	is(t, NULL, RULESET_DEFAULT, true, "");
}

static void test_in_force__builtin(void **state)
{
	struct tree *t = *state;
	_cleanup_ruleset_ struct ruleset r = {0};

	debian(t, "6.12.1-amd64\n",
	       "ima_policy=tcb|appraise_tcb ima_policy=fail_securely\n");
	assert_int_equal(ask(t, NULL, &r, NULL), 0);
	assert_int_equal(r.policy.n_rules, 13 + 7 + 14 + 1);
	assert_true(r.fails_securely);
	put(t, "config", CONFIG "CONFIG_IMA_WRITE_POLICY=y\n");
	put(t, "dmesg.txt", "<6>[    0.5] ima: No architecture policies found\n");
	ruleset_done(&r);
	assert_int_equal(ask(t, NULL, &r, NULL), 0);
	assert_int_equal(r.policy.n_rules, 13 + 7 + 14 + 2);
}

static void test_in_force__old_words(void **state)
{
	struct tree *t = *state;
	_cleanup_ruleset_ struct ruleset r = {0};

	debian(t, "6.12.1\n", "ima_tcb ima_appraise_tcb\n");
	assert_int_equal(ask(t, NULL, &r, NULL), 0);
	assert_int_equal(r.policy.n_rules, 13 + 5 + 15);
}

static void test_in_force__tmpfs_by_version(void **state)
{
	struct tree *t = *state;
	_cleanup_ruleset_ struct ruleset r = {0};
	_cleanup_strbuf_ struct strbuf out = {0};

	debian(t, "7.2.13-um\n", "ima_policy=tcb\n");
	assert_int_equal(ask(t, NULL, &r, NULL), 0);
	show(&r, &out);
	assert_non_null(strstr(strbuf_str(&out),
			       "dont_measure func=FILE_CHECK fsmagic=0x1021994\n"));
}

static void test_in_force__secure_boot(void **state)
{
	struct tree *t = *state;

	debian(t, "6.12.1-amd64\n", "quiet\n");
	put_secure_boot(t);
	is(t, NULL, RULESET_DEFAULT, true,
	   "arch measure func=KEXEC_KERNEL_CHECK\n"
	   "arch measure func=MODULE_CHECK\n");
	put(t, "config",
	    CONFIG "CONFIG_INTEGRITY_MACHINE_KEYRING=y\n"
		   "CONFIG_IMA_KEYRINGS_PERMIT_SIGNED_BY_BUILTIN_OR_SECONDARY=y\n");
	is(t, "audit\n", RULESET_GIVEN, true,
	   "arch appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig\n"
	   "arch measure func=KEXEC_KERNEL_CHECK\n"
	   "arch appraise func=MODULE_CHECK appraise_type=imasig\n"
	   "arch appraise func=POLICY_CHECK appraise_type=imasig\n"
	   "arch measure func=MODULE_CHECK\n"
	   "custom audit\n");
	put(t, "osrelease", "6.1.0-49-amd64\n");
	is(t, "audit\n", RULESET_GIVEN, true,
	   "arch appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig\n"
	   "arch measure func=KEXEC_KERNEL_CHECK\n"
	   "arch appraise func=MODULE_CHECK appraise_type=imasig\n"
	   "arch measure func=MODULE_CHECK\n"
	   "custom audit\n");
}

/* The build's rules come with every policy, but not beside secure_boot's own. */
static void test_in_force__build(void **state)
{
	struct tree *t = *state;

	debian(t, "6.12.1\n", "\n");
	put(t, "config", CONFIG "CONFIG_IMA_APPRAISE_REQUIRE_MODULE_SIGS=y\n");
	is(t, NULL, RULESET_DEFAULT, true,
	   "build appraise func=MODULE_CHECK appraise_type=imasig\n");
	is(t, "measure\n", RULESET_GIVEN, true,
	   "build appraise func=MODULE_CHECK appraise_type=imasig\n"
	   "custom measure\n");
	put(t, "cmdline", "ima_policy=secure_boot\n");
	is(t, NULL, RULESET_DEFAULT, true,
	   "builtin appraise func=MODULE_CHECK appraise_type=imasig\n"
	   "builtin appraise func=FIRMWARE_CHECK appraise_type=imasig\n"
	   "builtin appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig\n"
	   "builtin appraise func=POLICY_CHECK appraise_type=imasig\n");
}

static void test_in_force__loaded_and_hidden(void **state)
{
	struct tree *t = *state;
	struct ruleset r = {0};
	struct diag d = {0};

	debian(t, "6.12.1\n", "ima_policy=tcb\n");
	put(t, "modes", "binary_runtime_measurements 0440\n");
	put(t, "dmesg.txt", "<6>[    2.5] ima: policy update completed\n");
	assert_int_equal(ask(t, NULL, &r, &d), -ENOENT);
	assert_int_equal(d.id, DIAG_POLICY_HIDDEN);
	put(t, "ima-policy", "# mine\nappraise fowner=0\n");
	is(t, NULL, RULESET_FILE, false, "custom appraise fowner=0\n");
}

static void test_in_force__read_back(void **state)
{
	struct tree *t = *state;
	_cleanup_ruleset_ struct ruleset r = {0};
	struct diag d = {0};

	debian(t, "6.12.1\n", "quiet\n");
	put_secure_boot(t);
	put(t, "modes", "binary_runtime_measurements 0440\npolicy 0400\n");
	put(t, "dmesg.txt", "<6>[    2.5] ima: policy update completed\n");
	put(t, "policy",
	    "measure func=KEXEC_KERNEL_CHECK \nmeasure func=MODULE_CHECK \n"
	    "appraise appraise_type=sigv3 digest_type=verity \n"
	    "dont_appraise obj_type=log_t \n");
	is(t, NULL, RULESET_READ, true,
	   "arch measure func=KEXEC_KERNEL_CHECK\n"
	   "arch measure func=MODULE_CHECK\n"
	   "custom appraise digest_type=verity appraise_type=sigv3\n"
	   "custom dont_appraise obj_type=log_t\n");
	/* the kernel has it, so an LSM knew the label */
	assert_int_equal(ask(t, NULL, &r, &d), 0);
	assert_int_equal(policy_count(&r.policy, POLICY_DEPENDS), 0);
	assert_false(r.policy.rules[3].depends);
}

/* What the kernel would refuse is said of the custom text's own lines. */
static void test_with__findings(void **state)
{
	struct tree *t = *state;
	_cleanup_ruleset_ struct ruleset r = {0};

	debian(t, "6.12.1\n", "\n");
	put_secure_boot(t);
	assert_int_equal(ask(t, "measure\nmeasure fnc=FILE_CHECK\n", &r, NULL), 0);
	assert_int_equal(r.policy.n_findings, 1);
	assert_int_equal(r.policy.findings[0].d.line, 2);
	assert_true(r.policy.rules[r.policy.findings[0].rule].refused);
}

static void test_kernel__as_it_was_built(void **state)
{
	struct tree *t = *state;
	_cleanup_strbuf_ struct strbuf keep = {0};
	struct policy_kernel k;
	struct root root;

	debian(t, "6.12.1\n", "ima_template_fmt=n-ng|d-ng\n");
	put(t, "lsm", "lockdown,capability,yama\n");
	put(t, "crypto", "name         : sha256\n");
	assert_int_equal(root_open_host(&root, t->dir, NULL), 0);
	assert_int_equal(ruleset_kernel(&root, &keep, &k, NULL), 0);
	root_done(&root);
	assert_int_equal(k.cap[POLICY_CAP_REQPROT], POLICY_YES);
	assert_int_equal(k.cap[POLICY_CAP_DONT_AUDIT], POLICY_NO);
	assert_int_equal(k.cap[POLICY_CAP_MODSIG], POLICY_NO);
	assert_int_equal(k.labels_defined, POLICY_NO);
	assert_true(span_is(k.template_format, "n-ng|d-ng"));
	assert_true(k.hashes >> HASH_SHA256 & 1);
}

static void test_kernel__unknown(void **state)
{
	struct tree *t = *state;
	_cleanup_strbuf_ struct strbuf keep = {0};
	struct policy_kernel k;
	struct root root;

	assert_int_equal(root_open_host(&root, t->dir, NULL), 0);
	assert_int_equal(ruleset_kernel(&root, &keep, &k, NULL), 0);
	root_done(&root);
	for (int c = 0; c < _POLICY_CAP_MAX; c++)
		assert_int_equal(k.cap[c], POLICY_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)
		TEST(test_at_boot__before_any_policy),
		TEST(test_in_force__nothing),
		TEST(test_in_force__builtin),
		TEST(test_in_force__old_words),
		TEST(test_in_force__tmpfs_by_version),
		TEST(test_in_force__secure_boot),
		TEST(test_in_force__build),
		TEST(test_in_force__loaded_and_hidden),
		TEST(test_in_force__read_back),
		TEST(test_with__findings),
		TEST(test_kernel__as_it_was_built),
		TEST(test_kernel__unknown),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
