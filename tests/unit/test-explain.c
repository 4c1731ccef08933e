/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <sys/stat.h>

#include "core/policy/explain.h"
#include "tests/unit/tree.h"

static void test_op__every_word(void **state)
{
	struct policy_kernel any = {0};
	struct policymatch_access a = {0};
	_cleanup_strbuf_ struct strbuf ops = {0};

	explain_ops(&ops);
	assert_string_equal(strbuf_str(&ops),
			    "read, write, read-write, append, exec, mmap, module, "
			    "firmware, kexec, initramfs, policy");
	assert_false(explain_op("rea", 0, &any, &a));
	assert_true(explain_op("exec", 0, &any, &a));
	assert_int_equal(a.func, POLICY_FUNC_FILE_CHECK);
	assert_int_equal(a.mask, POLICY_MAY_EXEC);
	assert_true(explain_op("exec", 2, &any, &a));
	assert_int_equal(a.func, POLICY_FUNC_CREDS_CHECK);
	assert_true(explain_op("exec", 4, &any, &a)); /* of an ELF file */
	assert_int_equal(a.func, POLICY_FUNC_MMAP_CHECK);
	assert_false(explain_op("exec", 5, &any, &a));
}

/* Hooks that the kernel does not have are not asked. */
static void test_op__of_the_kernel(void **state)
{
	struct policymatch_access a = {0};
	struct policy_kernel old, new;

	policy_kernel_of_version(POLICY_VERSION(6, 1), &old);
	policy_kernel_of_version(POLICY_VERSION(6, 3), &new);
	assert_true(explain_op("mmap", 0, &old, &a)); /* it is opened before */
	assert_int_equal(a.func, POLICY_FUNC_FILE_CHECK);
	assert_true(explain_op("mmap", 1, &old, &a));
	assert_int_equal(a.func, POLICY_FUNC_MMAP_CHECK);
	assert_false(explain_op("mmap", 2, &old, &a));
	assert_true(explain_op("mmap", 1, &new, &a));
	assert_int_equal(a.func, POLICY_FUNC_MMAP_CHECK_REQPROT);
}

static void test_file__facts(void **state)
{
	struct tree *t = *state;
	_cleanup_explain_ struct explain e = {0};
	struct diag d = {0};
	struct stat st;

	tree_put(t, "file", "x");
	assert_int_equal(fstatat(t->fd, "file", &st, 0), 0);
	assert_int_equal(explain_file(&t->root, "file", &e, &d), 0);
	assert_int_equal(e.access.fowner, st.st_uid);
	assert_int_equal(e.access.fgroup, st.st_gid);
	assert_true(e.access.fsmagic != 0);
	assert_false(e.access.no_fsname); /* this machine shows its mounts */
}

static void test_file__what_is_none(void **state)
{
	struct tree *t = *state;
	struct explain e;
	struct diag d = {0};

	assert_int_equal(explain_file(&t->root, "none", &e, &d), -ENOENT);
	assert_int_equal(d.id, DIAG_OPEN);
	tree_folder(t, "folder");
	assert_true(explain_file(&t->root, "folder", &e, &d) < 0);
	assert_int_equal(d.id, DIAG_NOT_PLAIN);
}

static void parse(const char *text, struct policy *ret)
{
	struct policy_kernel any = {.hashes = ~0u, .labels_defined = POLICY_YES};

	for (int c = 0; c < _POLICY_CAP_MAX; c++)
		any.cap[c] = POLICY_YES;
	assert_int_equal(policy_parse(span_of(text), &any, ret, NULL), 0);
}

static void check_rule(const struct policy *p, size_t rule, const char *want)
{
	struct policymatch_access a = {.func = POLICY_FUNC_BPRM_CHECK,
				       .mask = POLICY_MAY_EXEC};
	_cleanup_strbuf_ struct strbuf b = {0};
	struct policymatch_result r;

	policymatch_decide(p, &a, &r);
	explain_rule_text(p, rule, explain_rule(p, rule, &a, &r), &r, &b);
	assert_string_equal(strbuf_str(&b), want);
}

static void test_rule_text__each_answer(void **state)
{
	_cleanup_policy_ struct policy p = {0};

	parse("nonsense\nappraise uid=7\nappraise obj_type=t\nappraise\n"
	      "dont_appraise\nmeasure func=FILE_CHECK\n",
	      &p);
	check_rule(&p, 0, "the kernel refuses it");
	check_rule(&p, 1, "uid");
	check_rule(&p, 2, "not known: obj_type");
	check_rule(&p, 3, "");
	check_rule(&p, 4, "rule 4 came first");
	check_rule(&p, 5, "func");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_op__every_word),
		cmocka_unit_test(test_op__of_the_kernel),
		cmocka_unit_test(test_rule_text__each_answer),
		cmocka_unit_test_setup_teardown(test_file__facts, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_file__what_is_none, tree_setup,
						tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
