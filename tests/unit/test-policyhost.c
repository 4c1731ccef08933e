/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <sys/stat.h>

#include "core/policy/policyhost.h"
#include "tests/unit/tree.h"

/* A recorded host in a folder: a kernel of 6.12 with a list, unless files say otherwise. */
static void host_make(struct tree *t, struct root *host)
{
	tree_put(t, "osrelease", "6.12.1-amd64\n");
	tree_put(t, "binary_runtime_measurements", "");
	if (faccessat(t->fd, "cmdline", F_OK, 0) < 0)
		tree_put(t, "cmdline", "\n");
	assert_int_equal(root_open_host(host, t->dir, NULL), 0);
}

static size_t found_on(const struct root *root, const char *text, enum diag_id id,
		       struct strbuf *ret_text)
{
	_cleanup_(probe_freep) struct probe *p = NULL;
	_cleanup_ruleset_ struct ruleset rules = {0};
	size_t n = 0;

	assert_int_equal(probe_run(root, (struct span){0}, &p, NULL), 0);
	assert_int_equal(ruleset_with(root, p, span_of(text), &rules, NULL), 0);
	assert_int_equal(policyhost_run(root, p, &rules, NULL), 0);
	for (size_t i = 0; i < rules.policy.n_findings; i++) {
		if (rules.policy.findings[i].d.id != id)
			continue;
		n++;
		if (ret_text)
			strbuf_adds(ret_text, rules.policy.findings[i].d.text);
	}
	return n;
}

static size_t found(struct tree *t, const char *text, enum diag_id id)
{
	struct root host;
	size_t n;

	host_make(t, &host);
	n = found_on(&host, text, id, NULL);
	root_done(&host);
	return n;
}

static void test_run__labels(void **state)
{
	struct tree *t = *state;

	tree_put(t, "config", "CONFIG_IMA=y\nCONFIG_IMA_LSM_RULES=y\n");
	tree_put(t, "lsm", "lockdown,capability,yama,apparmor\n");
	assert_int_equal(found(t, "measure obj_type=bin_t\n", DIAG_POLICY_LSM), 1);
	assert_int_equal(found(t, "measure subj_role=unconfined\n", DIAG_POLICY_LSM), 1);
	assert_int_equal(found(t, "measure fowner=0\n", DIAG_POLICY_LSM), 0);
	/* what SELinux will have loaded is not recorded */
	tree_put(t, "lsm", "lockdown,capability,selinux\n");
	assert_int_equal(found(t, "measure obj_type=bin_t\n", DIAG_POLICY_LSM), 0);
	tree_put(t, "lsm", "capability,smack\n");
	assert_int_equal(found(t, "measure obj_user=_\n", DIAG_POLICY_LSM), 0);
}

#define KEYRING	      "2a0c5b12 I------     1 perm 1f0b0000     0     0 keyring   .ima: "
#define POLICY_SIGNED "appraise func=POLICY_CHECK appraise_type=imasig\n"

static void test_run__no_key(void **state)
{
	struct tree *t = *state;

	/* not known: nothing is said */
	assert_int_equal(found(t, POLICY_SIGNED, DIAG_POLICY_NO_KEY), 0);
	tree_put(t, "keys", KEYRING "empty\n");
	tree_put(t, "keyrings.txt", "2a0c5b12 .ima:\n");
	assert_int_equal(found(t, POLICY_SIGNED, DIAG_POLICY_NO_KEY), 1);
	assert_int_equal(found(t, "appraise func=POLICY_CHECK\n", DIAG_POLICY_NO_KEY), 0);
	assert_int_equal(found(t, "measure\n", DIAG_POLICY_NO_KEY), 0);
	tree_put(t, "keyrings.txt", "2a0c5b12 .ima: 00000011\n");
	assert_int_equal(found(t, POLICY_SIGNED, DIAG_POLICY_NO_KEY), 0);
	tree_put(t, "keyrings.txt", "2a0c5b12 .ima:\n");
	/* the rules that the kernel brings along are in force while it is read */
	tree_put(t, "cmdline", "ima_policy=secure_boot\n");
	assert_int_equal(found(t, "measure\n", DIAG_POLICY_NO_KEY), 1);
}

static void secure_boot(struct tree *t, char on)
{
	char value[5] = {6, 0, 0, 0, on};
	int fd = tree_open(t, "efi-SecureBoot", "");

	assert_int_equal(fs_write_all(fd, value, sizeof(value)), 0);
	close(fd);
	tree_put(t, "efi-platform-size", "64\n");
}

static void test_run__secure_boot(void **state)
{
	struct tree *t = *state;

	tree_put(t, "cmdline", "ima_appraise=log\n");
	secure_boot(t, 1);
	assert_int_equal(found(t, "appraise fowner=0\n", DIAG_POLICY_SECURE_BOOT), 1);
	assert_int_equal(found(t, "measure fowner=0\n", DIAG_POLICY_SECURE_BOOT), 0);
	tree_put(t, "cmdline", "ima_appraise=log ima_appraise=enforce\n");
	assert_int_equal(found(t, "appraise fowner=0\n", DIAG_POLICY_SECURE_BOOT), 0);
	tree_put(t, "cmdline", "ima_appraise=log\n");
	secure_boot(t, 0);
	assert_int_equal(found(t, "appraise fowner=0\n", DIAG_POLICY_SECURE_BOOT), 0);
}

static void test_run__rules_before(void **state)
{
	struct tree *t = *state;

	tree_put(t, "config", "CONFIG_IMA=y\nCONFIG_IMA_ARCH_POLICY=y\n");
	secure_boot(t, 1);
	assert_int_equal(found(t, "measure fowner=0\n", DIAG_POLICY_BEFORE), 1);
	secure_boot(t, 0);
	assert_int_equal(found(t, "measure fowner=0\n", DIAG_POLICY_BEFORE), 0);
}

static void test_run__modules(void **state)
{
	struct tree *t = *state;
	const char *rule = "appraise func=MODULE_CHECK appraise_type=imasig\n";

	tree_put(t, "config", "CONFIG_IMA=y\nCONFIG_MODULE_SIG=y\n");
	assert_int_equal(found(t, rule, DIAG_POLICY_MODULES), 1);
	assert_int_equal(found(t, "appraise func=MODULE_CHECK\n", DIAG_POLICY_MODULES),
			 0);
	tree_put(t, "config", "CONFIG_IMA=y\n");
	assert_int_equal(found(t, rule, DIAG_POLICY_MODULES), 0);
}

/* Init and libc of a root of its own, one of them labelled. */
static void test_run__deadly(void **state)
{
	struct tree *t = *state;
	_cleanup_strbuf_ struct strbuf text = {0};
	uint8_t label[34];

	tree_folder(t, "sbin");
	tree_folder(t, "usr/sbin");
	tree_put(t, "sbin/init", "init");
	tree_put(t, "usr/sbin/sshd", "sshd");
	assert_int_equal(fchmodat(t->fd, "sbin/init", 0755, 0), 0);
	assert_int_equal(found_on(&t->root, "measure\n", DIAG_POLICY_DEADLY, NULL), 0);
	assert_int_equal(found_on(&t->root, "appraise func=MODULE_CHECK\n",
				  DIAG_POLICY_DEADLY, NULL),
			 0);
	assert_int_equal(found_on(&t->root, "appraise func=BPRM_CHECK\n",
				  DIAG_POLICY_DEADLY, &text),
			 1);
	assert_non_null(strstr(strbuf_str(&text), "/sbin/init (init)"));
	assert_non_null(strstr(strbuf_str(&text), "/usr/sbin/sshd (sshd)"));
	assert_non_null(strstr(strbuf_str(&text), "a label"));
	if (!tree_can_label(t))
		skip();
	tree_hash_label("init", label);
	tree_set(t, "sbin/init", TREE_IMA, (struct span){label, sizeof(label)});
	tree_hash_label("sshd", label);
	tree_set(t, "usr/sbin/sshd", TREE_IMA, (struct span){label, sizeof(label)});
	assert_int_equal(found_on(&t->root, "appraise func=BPRM_CHECK\n",
				  DIAG_POLICY_DEADLY, NULL),
			 0);
	strbuf_clear(&text);
	assert_int_equal(found_on(&t->root,
				  "appraise func=BPRM_CHECK appraise_type=imasig\n",
				  DIAG_POLICY_DEADLY, &text),
			 1);
	assert_non_null(strstr(strbuf_str(&text), "a signature"));
}

/* A list in which one file stands again and again: of the shape of a kernel's. */
static void put_list(struct tree *t, unsigned again, unsigned others)
{
	int fd = tree_open(t, "binary_runtime_measurements", "");
	_cleanup_strbuf_ struct strbuf all = {0};

	for (unsigned i = 0; i < again + others; i++) {
		char name[32];
		uint32_t pcr = 10, len, size;

		(void)snprintf(name, sizeof(name), i < again ? "/var/log/x" : "/f%u", i);
		size = (uint32_t)strlen(name) + 1;
		strbuf_add(&all, &pcr, 4);
		for (int b = 0; b < 20; b++)
			strbuf_addc(&all, 'd');
		len = 6;
		strbuf_add(&all, &len, 4);
		strbuf_adds(&all, "ima-ng");
		len = 4 + 8 + 32 + 4 + size;
		strbuf_add(&all, &len, 4);
		len = 8 + 32;
		strbuf_add(&all, &len, 4);
		strbuf_add(&all, "sha256:", 8);
		for (unsigned b = 0; b < 32; b++)
			strbuf_addc(&all, (char)(i + b));
		strbuf_add(&all, &size, 4);
		strbuf_add(&all, name, size);
	}
	assert_int_equal(fs_write_all(fd, all.ptr, all.len), 0);
	close(fd);
}

static size_t again(struct tree *t, unsigned n, const char *rule, struct strbuf *text)
{
	struct root host;
	size_t found;

	host_make(t, &host);
	put_list(t, n, 300);
	found = found_on(&host, rule, DIAG_POLICY_AGAIN, text);
	root_done(&host);
	return found;
}

static void test_run__measured_again(void **state)
{
	struct tree *t = *state;
	_cleanup_strbuf_ struct strbuf text = {0};

	assert_int_equal(again(t, 200, "measure func=FILE_CHECK mask=^MAY_READ\n", &text),
			 1);
	assert_string_equal(strbuf_str(&text),
			    "199 of the 500 entries in this machine's list are of files "
			    "measured again, most of them /var/log/x (200)");
	assert_int_equal(again(t, 50, "measure func=FILE_CHECK\n", NULL), 0);
	assert_int_equal(again(t, 200, "measure func=BPRM_CHECK\n", NULL), 0);
	assert_int_equal(again(t, 200, "appraise func=FILE_CHECK\n", NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_run__labels, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_run__no_key, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_run__secure_boot, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_run__rules_before, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_run__modules, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_run__deadly, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_run__measured_again, tree_setup,
						tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
