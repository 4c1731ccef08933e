/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a plan for the next boot is made of, below another root. What PID 1 and kernels make
 * of it is seen in tests/lab/policy-install.scenario. */
#include "tests/unit/test.h"

#include "core/base/change.h"
#include "core/base/gen.h"
#include "core/host/initramfs.h"
#include "core/policy/policyinstall.h"
#include "tests/unit/tree.h"

#define OLD "audit func=BPRM_CHECK\n"
#define NEW "measure func=BPRM_CHECK\n"

struct made {
	struct policyplan judged;
	struct policyinstall_said said;
	struct plan plan;
};

static int plan_for(struct tree *t, const char *text, const char *release, struct made *m,
		    struct diag *d)
{
	struct policyinstall in = {.judged = &m->judged, .release = release};
	int r;

	*m = (struct made){.judged = {.root = &t->root, .name = "policy"}};
	m->judged.text = span_of(text);
	r = policyplan_look(&m->judged, d);
	return r < 0 ? r : policyinstall_plan(&in, &m->plan, &m->said, d);
}

static int plan_it(struct tree *t, const char *text, struct made *m, struct diag *d)
{
	return plan_for(t, text, "", m, d);
}

static void made_done(struct made *m)
{
	policyplan_done(&m->judged);
	plan_done(&m->plan);
}

static void carry_out(struct tree *t, const struct plan *plan)
{
	struct change_ctx ctx = {.root = &t->root,
				 .place = ROOT_STATE,
				 .actions = action_base_set(),
				 .command = "test"};
	uint8_t hash[PLAN_HASH_SIZE];
	struct change_result r;
	struct diag d = {0};

	plan_hash(plan, hash);
	if (change_run(&ctx, plan, hash, &r, &d) < 0)
		fail_msg("%s", d.text);
	if (r.outcome != CHANGE_DONE)
		fail_msg("%s: %s", change_outcome_name(r.outcome), r.failure.text);
}

static void install(struct tree *t, const char *text, struct policyinstall_said *ret)
{
	struct diag d = {0};
	struct made m;

	if (plan_it(t, text, &m, &d) < 0)
		fail_msg("%s", d.text);
	carry_out(t, &m.plan);
	*ret = m.said;
	made_done(&m);
}

static void assert_file(struct tree *t, const char *path, const char *want)
{
	_cleanup_strbuf_ struct strbuf text = {0};

	assert_int_equal(fs_read_at(t->fd, path, 4096, &text, NULL), 0);
	assert_string_equal(strbuf_str(&text), want);
}

static void test_plan__refused(void **state)
{
	struct diag d = {0};
	struct made m;

	assert_int_equal(plan_it(*state, "audit uid=root\n", &m, &d), -EINVAL);
	assert_int_equal(d.id, DIAG_POLICY_REFUSED);
	made_done(&m);
	assert_int_equal(plan_it(*state, "", &m, &d), -EINVAL);
	assert_int_equal(d.id, DIAG_POLICY_REFUSED);
	made_done(&m);
}

static void test_plan__same_world_same_plan(void **state)
{
	uint8_t a[PLAN_HASH_SIZE], b[PLAN_HASH_SIZE];
	struct made m;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(plan_it(*state, NEW, &m, NULL), 0);
		plan_hash(&m.plan, i ? b : a);
		assert_int_equal(plan_danger(&m.plan), PLAN_BOOT);
		made_done(&m);
	}
	assert_memory_equal(a, b, sizeof(a));
}

/* What is good for this kernel already is on no trial. */
static void test_plan__good_already(void **state)
{
	_cleanup_plan_ struct plan bless = {0};
	struct policyinstall_said said;
	struct tree *t = *state;
	struct made m;

	tree_folder(t, "etc");
	install(t, NEW, &said);
	assert_int_equal(plan_init(&bless, "bless", NULL), 0);
	assert_int_equal(gen_bless(&bless, &t->root, said.made, "6.1.0-test", NULL), 1);
	carry_out(t, &bless);
	assert_int_equal(plan_it(t, NEW, &m, NULL), 0);
	assert_int_equal(m.plan.n, 0); /* of another kernel it is */
	made_done(&m);
	assert_int_equal(plan_for(t, NEW, "6.1.0-test", &m, NULL), 0);
	assert_int_equal(m.said.made, said.made);
	assert_int_equal(m.plan.n, 1);
	assert_string_equal(m.plan.steps[0].path, "etc/imactl/candidate");
	carry_out(t, &m.plan);
	made_done(&m);
	assert_int_equal(plan_for(t, NEW, "6.1.0-test", &m, NULL), 0);
	assert_int_equal(m.plan.n, 0);
	made_done(&m);
}

static void test_plan__none_as_found(void **state)
{
	struct policyinstall_said said;
	struct tree *t = *state;
	enum gen_state is;

	tree_folder(t, "etc");
	install(t, NEW, &said);
	assert_int_equal(said.found.number, 1);
	assert_int_equal(said.made, 2);
	assert_true(said.found.made);
	assert_file(t, "etc/ima/ima-policy", NEW);
	assert_file(t, "etc/imactl/gen/2/ima-policy", NEW);
	for (unsigned n = 1; n <= 2; n++) {
		assert_int_equal(gen_verify(&t->root, n, &is, NULL), 0);
		assert_int_equal(is, GEN_GOOD);
	}
}

/* What somebody else has put there in between is kept, too; what is known is not again. */
static void test_plan__found_again(void **state)
{
	struct policyinstall_said said;
	struct tree *t = *state;
	struct made m;

	tree_folder(t, "etc/ima");
	tree_put(t, "etc/ima/ima-policy", OLD);
	install(t, NEW, &said);
	assert_file(t, "etc/imactl/gen/1/ima-policy", OLD);
	install(t, NEW "audit uid=1\n", &said);
	assert_int_equal(said.found.number, 2);
	assert_false(said.found.made);
	assert_int_equal(said.made, 3);
	tree_put(t, "etc/ima/ima-policy", "audit uid=2\n");
	install(t, OLD, &said);
	assert_int_equal(said.found.number, 4);
	assert_true(said.found.made);
	assert_int_equal(said.made, 1); /* it is there already */
	assert_file(t, "etc/ima/ima-policy", OLD);
	assert_int_equal(plan_it(t, OLD, &m, NULL), 0);
	assert_int_equal(m.said.found.number, 1);
	assert_int_equal(m.plan.n, 0);
	made_done(&m);
}

static void test_initramfs__by_its_configuration(void **state)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct tree *t = *state;
	const char *words[8];
	struct initramfs i;

	assert_int_equal(initramfs_look(&t->root, &i, NULL), 0);
	assert_int_equal(i.tool, INITRAMFS_UNKNOWN);
	assert_int_equal(initramfs_command(&i, "6.1", words), 0);
	tree_folder(t, "usr/bin");
	tree_put(t, "usr/bin/dracut", "");
	tree_folder(t, "etc/dracut.conf.d");
	tree_put(
		t, "etc/dracut.conf.d/98.conf",
		"# add_dracutmodules+=\" integrity \"\ninstall_items+=\" /etc/hosts \"\n");
	assert_int_equal(initramfs_look(&t->root, &i, NULL), 0);
	assert_true(i.tool == INITRAMFS_DRACUT && !i.integrity && !i.copies);
	tree_put(
		t, "etc/dracut.conf.d/98.conf",
		"add_dracutmodules+=\" integrity \"\ninstall_items+=\" /etc/keys/x \"\n");
	assert_int_equal(initramfs_look(&t->root, &i, NULL), 0);
	assert_true(i.integrity && i.copies);
	initramfs_format(&i, "6.1", true, &text);
	assert_non_null(strstr(strbuf_str(&text), "dracut --force --kver 6.1"));
	assert_non_null(strstr(strbuf_str(&text), "/etc/dracut.conf.d/98.conf"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_plan__refused),      TEST(test_plan__same_world_same_plan),
		TEST(test_plan__good_already), TEST(test_plan__none_as_found),
		TEST(test_plan__found_again),  TEST(test_initramfs__by_its_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
