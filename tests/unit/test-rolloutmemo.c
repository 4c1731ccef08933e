/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/change.h"
#include "core/boot/act-boot.h"
#include "core/rollout/rollout.h"
#include "tests/unit/tree.h"

static int setup(void **state)
{
	assert_int_equal(tree_setup(state), 0);
	tree_folder(*state, "etc/imactl");
	return 0;
}

static unsigned carry_out(struct tree *t, const struct plan *plan)
{
	struct change_ctx ctx = {.root = &t->root,
				 .place = ROOT_STATE,
				 .actions = &act_boot_rows,
				 .command = "test"};
	uint8_t hash[PLAN_HASH_SIZE];
	struct change_result r;
	struct diag d = {0};

	plan_hash(plan, hash);
	if (change_run(&ctx, plan, hash, &r, &d) < 0)
		fail_msg("%s", d.text);
	assert_int_equal(r.outcome, CHANGE_DONE);
	return r.id;
}

static void put_link(struct tree *t, const char *name, const char *text)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "etc/imactl/%s", name);
	(void)unlinkat(t->fd, path, 0);
	assert_int_equal(symlinkat(text, t->fd, path), 0);
}

/* What is not ours, of another generation or damaged is nothing, and never half of it. */
static void test_load__not_ours(void **state)
{
	static const char *const observe[] = {"8:60:1",	  "7",	    "7:",
					      "7:60",	  "7:x:1",  "7:60:",
					      "7:60:100", "7:-1:1", "7:99999999999:1"};
	static const char *const observed[] = {
		"8:1:id:5", "7:1:id", "7:1::x", "7::id:5",
		"7:1:0123456789012345678901234567890123456:5"};
	struct tree *t = *state;
	struct rolloutmemo m;

	rolloutmemo_load(&t->root, 7, &m);
	assert_false(m.observe);
	for (size_t i = 0; i < array_size(observe); i++) {
		put_link(t, "observe", observe[i]);
		rolloutmemo_load(&t->root, 7, &m);
		assert_false(m.observe);
	}
	for (size_t i = 0; i < array_size(observed); i++) {
		put_link(t, "observed", observed[i]);
		rolloutmemo_load(&t->root, 7, &m);
		assert_int_equal(m.boots, 0);
		assert_int_equal(m.since, 0);
	}
	put_link(t, "skip-observe", "8:another one's");
	rolloutmemo_load(&t->root, 7, &m);
	assert_string_equal(m.skip[ROLLOUT_OBSERVE], "");
}

static void test_observe(void **state)
{
	_cleanup_plan_ struct plan plan = {0};
	struct tree *t = *state;
	struct change_result r;
	struct change_ctx ctx = {.root = &t->root,
				 .place = ROOT_STATE,
				 .actions = &act_boot_rows,
				 .command = "test"};
	struct rolloutmemo m;
	unsigned id;

	assert_int_equal(plan_init(&plan, "test", NULL), 0);
	assert_int_equal(rolloutmemo_observe(&plan, &t->root, 7, 3600, 2, NULL), 1);
	id = carry_out(t, &plan);
	rolloutmemo_load(&t->root, 7, &m);
	assert_true(m.observe);
	assert_int_equal(m.need_s, 3600);
	assert_int_equal(m.need_boots, 2);
	assert_int_equal(change_undo(&ctx, id, false, &r, NULL), 0);
	rolloutmemo_load(&t->root, 7, &m);
	assert_false(m.observe);
}

/* Once in each boot; the first says since when. */
static void test_seen(void **state)
{
	struct tree *t = *state;
	struct rolloutmemo m;

	assert_int_equal(rolloutmemo_seen(&t->root, 7, 1000, NULL), 1);
	assert_int_equal(rolloutmemo_seen(&t->root, 7, 2000, NULL), 0);
	rolloutmemo_load(&t->root, 7, &m);
	assert_int_equal(m.boots, 1);
	assert_int_equal(m.since, 1000);
	put_link(t, "observed", "7:1:another-boot:1000");
	assert_int_equal(rolloutmemo_seen(&t->root, 7, 3000, NULL), 1);
	rolloutmemo_load(&t->root, 7, &m);
	assert_int_equal(m.boots, 2);
	assert_int_equal(m.since, 1000);
	assert_int_equal(rolloutmemo_seen(&t->root, 8, 4000, NULL), 1);
	rolloutmemo_load(&t->root, 8, &m);
	assert_int_equal(m.boots, 1);
	assert_int_equal(m.since, 4000);
}

static void test_skip(void **state)
{
	_cleanup_plan_ struct plan plan = {0}, back = {0};
	struct tree *t = *state;
	struct rolloutmemo m;

	assert_int_equal(plan_init(&plan, "test", NULL), 0);
	assert_int_equal(rolloutmemo_skip(&plan, &t->root, 7, ROLLOUT_OBSERVE,
					  "a: reason\x1b", NULL),
			 1);
	(void)carry_out(t, &plan);
	rolloutmemo_load(&t->root, 7, &m);
	assert_string_equal(m.skip[ROLLOUT_OBSERVE], "a: reason\x1b");
	assert_string_equal(m.skip[ROLLOUT_LABEL], "");
	assert_int_equal(plan_init(&back, "test", NULL), 0);
	assert_int_equal(rolloutmemo_skip(&back, &t->root, 7, ROLLOUT_OBSERVE, "", NULL),
			 1);
	(void)carry_out(t, &back);
	rolloutmemo_load(&t->root, 7, &m);
	assert_string_equal(m.skip[ROLLOUT_OBSERVE], "");
}

static void test_found(void **state)
{
	static const char *const damaged[] = {"8:5:x", "7",    "7:5",
					      "7:x:y", "7::y", "7:-5:y"};
	char longest[300];
	struct tree *t = *state;
	struct rolloutmemo m;

	for (size_t i = 0; i < array_size(damaged); i++) {
		put_link(t, "found-label", damaged[i]);
		rolloutmemo_load(&t->root, 7, &m);
		assert_int_equal(m.found[ROLLOUT_LABEL].when, 0);
	}
	assert_int_equal(rolloutmemo_found(&t->root, 7, ROLLOUT_LABEL, 1000, "a: b",
					   NULL),
			 0);
	assert_int_equal(rolloutmemo_found(&t->root, 7, ROLLOUT_LABEL, 1059, "a: b",
					   NULL),
			 0);
	rolloutmemo_load(&t->root, 7, &m);
	assert_int_equal(m.found[ROLLOUT_LABEL].when, 1000);
	assert_string_equal(m.found[ROLLOUT_LABEL].what, "a: b");
	assert_int_equal(m.found[ROLLOUT_PREFLIGHT].when, 0);
	assert_int_equal(rolloutmemo_found(&t->root, 7, ROLLOUT_LABEL, 1060, "", NULL),
			 0);
	rolloutmemo_load(&t->root, 7, &m);
	assert_int_equal(m.found[ROLLOUT_LABEL].when, 1060);
	assert_string_equal(m.found[ROLLOUT_LABEL].what, "");
	/* no half of a character */
	memset(longest, 'a', sizeof(longest));
	memcpy(longest + ROLLOUTMEMO_WHAT - 2, "\xc3\xa9", 3);
	assert_int_equal(rolloutmemo_found(&t->root, 7, ROLLOUT_LABEL, 2000, longest,
					   NULL),
			 0);
	rolloutmemo_load(&t->root, 7, &m);
	assert_int_equal(strlen(m.found[ROLLOUT_LABEL].what), ROLLOUTMEMO_WHAT - 2);
}

static void test_found__nowhere(void **state)
{
	struct tree *t = *state;
	struct diag d = {0};

	assert_int_equal(unlinkat(t->fd, "etc/imactl", AT_REMOVEDIR), 0);
	assert_int_equal(rolloutmemo_found(&t->root, 7, ROLLOUT_LABEL, 5, "x", &d),
			 -ENOENT);
	assert_int_equal(d.id, DIAG_TRIAL_WRITE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_load__not_ours, setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_observe, setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_seen, setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_found, setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_found__nowhere, setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_skip, setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
