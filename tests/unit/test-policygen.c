/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <sys/stat.h>

#include "core/policy/policygen.h"
#include "core/policy/policylint.h"
#include "tests/unit/tree.h"

static void put(struct strbuf *list, const char *template, const char *name)
{
	uint32_t len, n = (uint32_t)strlen(name) + 1, pcr = 10;
	bool buf = strcmp(template, "ima-buf") == 0;

	strbuf_add(list, &pcr, 4);
	for (int i = 0; i < 20; i++)
		strbuf_addc(list, 'x');
	len = (uint32_t)strlen(template);
	strbuf_add(list, &len, 4);
	strbuf_adds(list, template);
	len = 4 + 40 + 4 + n + (buf ? 5 : 0);
	strbuf_add(list, &len, 4);
	len = 40;
	strbuf_add(list, &len, 4);
	strbuf_add(list, "sha256:", 8);
	for (int i = 0; i < 32; i++)
		strbuf_addc(list, (char)(list->len + (size_t)i));
	strbuf_add(list, &n, 4);
	strbuf_add(list, name, n);
	if (buf)
		strbuf_add(list, "\1\0\0\0k", 5);
}

static void observe(struct tree *t, const struct strbuf *list, struct policygen *ret)
{
	int fd = tree_open(t, "list", "");

	assert_int_equal(fs_write_all(fd, list->ptr, list->len), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(policygen_observe(&t->root, fd, 20, ret, NULL), 0);
	close(fd);
}

static void text_of(const struct policygen *g, enum policygen_goal goal,
		    struct strbuf *out)
{
	struct policy_kernel k;

	policy_kernel_of_version(POLICY_VERSION(6, 12), &k);
	k.cap[POLICY_CAP_KEYS] = POLICY_YES;
	policygen_text(g, goal, &k, out);
}

/* A kernel takes it, and nothing in it is unwise. */
static void check(const struct policygen *g, enum policygen_goal goal)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_ruleset_ struct ruleset rules = {0};
	struct policy_kernel k;

	text_of(g, goal, &text);
	policy_kernel_of_version(POLICY_VERSION(6, 1), &k);
	k.cap[POLICY_CAP_KEYS] = POLICY_YES;
	assert_int_equal(policy_parse(strbuf_span(&text), &k, &rules.policy, NULL), 0);
	rules.origins = malloc(rules.policy.n_rules + 1);
	memset(rules.origins, RULESET_CUSTOM, rules.policy.n_rules);
	assert_int_equal(policylint_run(&rules, NULL), 0);
	for (size_t i = 0; i < rules.policy.n_findings; i++)
		if (rules.policy.findings[i].severity != POLICY_NOTE)
			fail_msg("line %u: %s\n%s", rules.policy.findings[i].d.line,
				 rules.policy.findings[i].d.text, strbuf_str(&text));
}

static bool has(const struct policygen *g, enum policygen_goal goal, const char *line)
{
	_cleanup_strbuf_ struct strbuf text = {0}, want = {0};

	text_of(g, goal, &text);
	strbuf_addf(&want, "\n%s\n", line);
	return strstr(strbuf_str(&text), strbuf_str(&want));
}

/* Programs, a library, a module, data, keys; most of them real files of a root. */
static void machine(struct tree *t, struct strbuf *list)
{
	tree_folder(t, "usr/bin");
	tree_folder(t, "usr/lib");
	tree_folder(t, "etc");
	tree_put(t, "usr/bin/prog", "x");
	assert_int_equal(fchmodat(t->fd, "usr/bin/prog", 0755, 0), 0);
	tree_put(t, "usr/lib/libx.so.1", "x");
	tree_put(t, "etc/passwd", "x");
	put(list, "ima-ng", "boot_aggregate");
	put(list, "ima-ng", "/usr/bin/prog");
	put(list, "ima-ng", "/usr/lib/libx.so.1");
	put(list, "ima-ng", "/usr/lib/modules/6.1/x.ko");
	put(list, "ima-ng", "/etc/passwd");
	put(list, "ima-ng", "/etc/passwd");
	put(list, "ima-buf", ".ima");
	put(list, "ima-buf", ".evm");
	put(list, "ima-buf", ".ima");
	put(list, "ima-buf", "kexec-cmdline");
}

static void test_observe__counts(void **state)
{
	struct tree *t = *state;
	_cleanup_policygen_ struct policygen g = {0};
	_cleanup_strbuf_ struct strbuf list = {0};

	machine(t, &list);
	observe(t, &list, &g);
	assert_int_equal(g.entries, 10);
	assert_int_equal(g.nameless, 1);
	assert_int_equal(g.uses[POLICYGEN_PROGRAM].entries, 1);
	assert_int_equal(g.uses[POLICYGEN_LIBRARY].files, 1);
	assert_int_equal(g.uses[POLICYGEN_MODULE].gone, 1);
	assert_int_equal(g.uses[POLICYGEN_DATA].entries, 2);
	assert_int_equal(g.uses[POLICYGEN_DATA].again, 1);
	assert_int_equal(g.keys, 3);
	assert_int_equal(g.cmdlines, 1);
	assert_string_equal(strbuf_str(&g.keyrings), ".ima|.evm");
}

static void test_text__measure(void **state)
{
	struct tree *t = *state;
	_cleanup_policygen_ struct policygen g = {0};
	_cleanup_strbuf_ struct strbuf list = {0};

	machine(t, &list);
	observe(t, &list, &g);
	check(&g, POLICYGEN_MEASURE);
	assert_true(has(&g, POLICYGEN_MEASURE, "measure func=BPRM_CHECK mask=MAY_EXEC"));
	assert_true(has(&g, POLICYGEN_MEASURE, "measure func=MODULE_CHECK"));
	assert_false(has(&g, POLICYGEN_MEASURE, "measure func=FIRMWARE_CHECK"));
	assert_true(has(&g, POLICYGEN_MEASURE,
			"measure func=FILE_CHECK mask=^MAY_READ fowner=0 euid=0"));
	assert_true(
		has(&g, POLICYGEN_MEASURE, "measure func=KEY_CHECK keyrings=.ima|.evm"));
	assert_true(has(&g, POLICYGEN_MEASURE, "measure func=KEXEC_CMDLINE"));
	assert_true(has(&g, POLICYGEN_MEASURE,
			"dont_measure func=FILE_CHECK fsmagic=0x9fa0"));
}

/* Nothing but programs: no file system needs to be left out. */
static void test_text__no_more_than_seen(void **state)
{
	struct tree *t = *state;
	_cleanup_policygen_ struct policygen g = {0};
	_cleanup_strbuf_ struct strbuf list = {0}, text = {0};

	put(&list, "ima-ng", "/usr/bin/other");
	observe(t, &list, &g);
	check(&g, POLICYGEN_MEASURE);
	text_of(&g, POLICYGEN_MEASURE, &text);
	assert_null(strstr(strbuf_str(&text), "fsmagic"));
	assert_null(strstr(strbuf_str(&text), "MMAP_CHECK"));
	assert_non_null(strstr(strbuf_str(&text), "not at hand"));
}

static void test_text__noise_of_a_user(void **state)
{
	struct tree *t = *state;
	_cleanup_policygen_ struct policygen g = {0};
	_cleanup_strbuf_ struct strbuf list = {0};

	tree_folder(t, "srv");
	tree_put(t, "srv/db", "x");
	if (fchownat(t->fd, "srv/db", 1234, 1234, 0) < 0)
		skip();
	for (int i = 0; i < 50; i++)
		put(&list, "ima-ng", "/srv/db");
	put(&list, "ima-ng", "/etc/hosts");
	observe(t, &list, &g);
	check(&g, POLICYGEN_MEASURE);
	assert_true(
		has(&g, POLICYGEN_MEASURE, "dont_measure func=FILE_CHECK fowner=1234"));
}

static void test_text__appraise(void **state)
{
	struct tree *t = *state;
	_cleanup_policygen_ struct policygen g = {0};
	_cleanup_strbuf_ struct strbuf list = {0}, text = {0};

	machine(t, &list);
	observe(t, &list, &g);
	check(&g, POLICYGEN_APPRAISE);
	assert_true(
		has(&g, POLICYGEN_APPRAISE, "appraise func=BPRM_CHECK mask=MAY_EXEC"));
	assert_true(has(&g, POLICYGEN_APPRAISE, "dont_appraise fsmagic=0x9fa0"));
	text_of(&g, POLICYGEN_APPRAISE, &text);
	assert_non_null(strstr(strbuf_str(&text), "0 signed, 0 with a hash, 1 without"));
}

/* A signature is asked for where all are signed. */
static void test_text__appraise_signed(void **state)
{
	struct tree *t = *state;
	_cleanup_policygen_ struct policygen labelled = {0};
	_cleanup_strbuf_ struct strbuf list = {0};

	machine(t, &list);
	if (!tree_can_label(t))
		skip();
	tree_set(t, "usr/bin/prog", TREE_IMA,
		 (struct span){(const uint8_t *)"\3\2\4\1\2\3\4\0\1s", 10});
	observe(t, &list, &labelled);
	assert_true(has(&labelled, POLICYGEN_APPRAISE,
			"appraise func=BPRM_CHECK mask=MAY_EXEC appraise_type=imasig"));
}

/* A list that names keyrings without end makes no rule without end. */
static void test_observe__many_keyrings(void **state)
{
	_cleanup_strbuf_ struct strbuf list = {0};
	_cleanup_policygen_ struct policygen g = {0};
	char name[32];

	for (int i = 0; i < 5000; i++) {
		(void)snprintf(name, sizeof(name), ".ring-%d", i);
		put(&list, "ima-buf", name);
	}
	observe(*state, &list, &g);
	assert_int_equal(g.keys, 5000);
	assert_true(g.cut);
	assert_true(g.keyrings.len > 500 && g.keyrings.len <= 1001);
	check(&g, POLICYGEN_MEASURE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_observe__counts, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_observe__many_keyrings, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_text__measure, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_text__no_more_than_seen, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_text__noise_of_a_user, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_text__appraise, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_text__appraise_signed, tree_setup,
						tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
