/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <sys/stat.h>

#include "core/policy/rulehits.h"
#include "tests/unit/listgen.h"
#include "tests/unit/tree.h"

static void progress(void *user, uint64_t entries)
{
}

static bool stop(void *user)
{
	return user;
}

static void parse(const char *text, struct ruleset *ret)
{
	struct policy_kernel any = {.hashes = ~0u, .labels_defined = POLICY_YES};

	for (int c = 0; c < _POLICY_CAP_MAX; c++)
		any.cap[c] = POLICY_YES;
	assert_int_equal(policy_parse(span_of(text), &any, &ret->policy, NULL), 0);
	assert_int_equal(policy_count(&ret->policy, POLICY_ERROR), 0);
}

static void add(struct strbuf *list, const char *template, const char *path)
{
	listgen_record(list, &(struct made){.template = template,
					    .path = path,
					    .sig_hex = template ? "00112233" : NULL});
}

static int run(const struct ruleset *rules, const struct root *root,
	       const struct strbuf *list, void *stopped, struct rulehits *ret)
{
	const struct mlog_dialect d = {.digest_size = 20};
	const struct span runs[] = {strbuf_span(list)};
	const struct rulehits_list l = {&d, runs, 1};
	const struct rulehits_watch watch = {progress, stop, stopped};

	return rulehits_run(rules, root, &l, &watch, ret, NULL);
}

/* Each file once, for every rule that decides on some access to it. */
static void test_run__files(void **state)
{
	struct tree *t = *state;
	struct ruleset rules = {0};
	_cleanup_rulehits_ struct rulehits h = {0};
	_cleanup_strbuf_ struct strbuf list = {0};

	parse("dont_measure fowner=77\n"
	      "measure func=BPRM_CHECK\n"
	      "measure func=FILE_CHECK uid=0\n"
	      "measure func=FILE_CHECK uid=0 mask=MAY_READ\n"
	      "dont_measure obj_type=log_t\n"
	      "appraise func=MODULE_CHECK\n"
	      "appraise func=SETXATTR_CHECK appraise_algos=sha256\n",
	      &rules);
	tree_put(t, "data", "x");
	tree_put(t, "tool", "x");
	tree_put(t, "mod.ko", "x");
	assert_int_equal(fchmodat(t->fd, "tool", 0755, 0), 0);
	for (int i = 0; i < 2; i++) {
		add(&list, NULL, "boot_aggregate");
		add(&list, NULL, "/data");
		add(&list, NULL, "/tool");
		add(&list, NULL, "/mod.ko");
		add(&list, NULL, "/gone");
	}
	assert_int_equal(run(&rules, &t->root, &list, NULL, &h), 0);
	assert_int_equal(h.files, 4);
	assert_int_equal(h.gone, 1);
	assert_int_equal(h.data, 0);
	assert_int_equal(h.rules[0].n, 0);
	assert_int_equal(h.rules[1].n, 1);
	assert_int_equal(h.rules[2].n, 3);
	assert_int_equal(h.rules[3].n, 0); /* the one before has it */
	assert_true(h.rules[4].unsure);
	assert_int_equal(h.rules[5].n, 1);
	assert_true(rulehits_known(&h, &rules.policy.rules[5]));
	assert_false(rulehits_known(&h, &rules.policy.rules[6]));
	ruleset_done(&rules);
}

static void test_run__owners(void **state)
{
	struct tree *t = *state;
	struct ruleset rules = {0};
	_cleanup_rulehits_ struct rulehits h = {0};
	_cleanup_strbuf_ struct strbuf list = {0};
	struct stat st;
	char text[80];

	tree_put(t, "one", "x");
	assert_int_equal(fstatat(t->fd, "one", &st, 0), 0);
	(void)snprintf(text, sizeof(text), "dont_appraise fowner=%u\nappraise\n",
		       st.st_uid);
	parse(text, &rules);
	add(&list, NULL, "/one");
	assert_int_equal(run(&rules, &t->root, &list, NULL, &h), 0);
	assert_int_equal(h.rules[0].n, 1);
	assert_int_equal(h.rules[1].n, 0);
	ruleset_done(&rules);
}

/* What is no file needs none. */
static void test_run__data(void **state)
{
	struct ruleset rules = {0};
	_cleanup_rulehits_ struct rulehits h = {0};
	_cleanup_strbuf_ struct strbuf list = {0};

	parse("measure func=KEY_CHECK keyrings=.ima|.evm\n"
	      "measure func=KEY_CHECK\n"
	      "measure func=KEXEC_CMDLINE\n"
	      "measure func=CRITICAL_DATA label=selinux\n"
	      "measure func=FILE_CHECK\n",
	      &rules);
	add(&list, "ima-buf", ".ima");
	add(&list, "ima-buf", ".ima");
	add(&list, "ima-buf", "_mine");
	add(&list, "ima-buf", "kexec-cmdline");
	add(&list, "ima-buf", "selinux-state");
	add(&list, NULL, "/bin/true");
	assert_int_equal(run(&rules, NULL, &list, NULL, &h), 0);
	assert_int_equal(h.data, 5);
	assert_int_equal(h.files, 1);
	assert_int_equal(h.rules[0].n, 2);
	assert_int_equal(h.rules[1].n, 1);
	assert_int_equal(h.rules[2].n, 1);
	assert_int_equal(h.rules[3].n, 0);
	assert_true(h.rules[3].unsure);
	assert_true(rulehits_known(&h, &rules.policy.rules[2]));
	assert_false(rulehits_known(&h, &rules.policy.rules[4]));
	ruleset_done(&rules);
}

static void test_run__stopped(void **state)
{
	struct ruleset rules = {0};
	struct rulehits h = {0};
	_cleanup_strbuf_ struct strbuf list = {0};

	parse("measure\n", &rules);
	listgen_many(&list, 0, 1000);
	assert_int_equal(run(&rules, NULL, &list, &rules, &h), -ECANCELED);
	assert_null(h.rules);
	assert_int_equal(run(&rules, NULL, &list, NULL, &h), 0);
	assert_int_equal(h.files, 1000);
	rulehits_done(&h);
	ruleset_done(&rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_run__files, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_run__owners, tree_setup,
						tree_teardown),
		cmocka_unit_test(test_run__data),
		cmocka_unit_test(test_run__stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
