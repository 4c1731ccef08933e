/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/trial.h"
#include "tests/unit/tree.h"

#define BOOT "5f2b0a4e-0a39-4a4e-9a27-0b8a3f6f6a01"

static void test_parse__what_is_not_ours(void **state)
{
	static const char *const bad[] = {
		"",
		"armed",
		"armed:7:abc",
		"armed:0:abc:3",
		"armed:7::3",
		"armed:7:abc:",
		"armed:7:abc:100",
		"armed:7:abc:-1",
		"armed:1000000:abc:3",
		"armed:7:a b:3",
		"armed:7:a/b:3",
		"armed:7:\033[2J:3",
		"ready:7:abc:3",
		"running:7:abc:",
		"running:7:abc:" BOOT "0",
		"next:7:abc:",
		"next:7:abc:" BOOT,
		"proving:7:abc:",
		"failed:7:abc:luck",
		"failed:7:abc:freeze:again",
	};
	struct trial t;

	for (size_t i = 0; i < array_size(bad); i++)
		if (trial_parse(span_of(bad[i]), &t) != -EBADMSG)
			fail_msg("%s", bad[i]);
}

static void test_parse__all_states(void **state)
{
	static const char *const good[] = {
		"armed:7:t-1a2B_3.4:3", "armed:999999:abc:0",	 "running:7:abc:" BOOT,
		"passed:12:abc:" BOOT,	"failed:7:abc:deadline", "next:7:abc:1",
		"proving:7:abc:" BOOT,
	};

	for (size_t i = 0; i < array_size(good); i++) {
		_cleanup_strbuf_ struct strbuf again = {0};
		struct trial t;

		assert_int_equal(trial_parse(span_of(good[i]), &t), 0);
		trial_format(&again, &t);
		assert_string_equal(strbuf_str(&again), good[i]);
	}
}

static void test_parse__words(void **state)
{
	struct trial t;

	assert_int_equal(trial_parse(span_of("failed:7:abc:power"), &t), 0);
	assert_int_equal(t.state, TRIAL_FAILED);
	assert_int_equal(t.cause, TRIAL_CAUSE_POWER);
	assert_int_equal(t.number, 7);
	assert_string_equal(t.id, "abc");
	for (unsigned i = 0; i < _TRIAL_CAUSE_MAX; i++)
		assert_int_equal(trial_cause_from(
					 span_of(trial_cause_word((enum trial_cause)i))),
				 i);
	assert_int_equal(trial_cause_from(span_of("")), _TRIAL_CAUSE_INVALID);
}

static const struct trial armed = {.state = TRIAL_ARMED,
				   .number = 7,
				   .id = "abc",
				   .boots_left = 3};

static void test_write__no_folder(void **state)
{
	struct tree *t = *state;
	struct diag d;

	assert_int_equal(trial_write(&t->root, &armed, &d), -ENOENT);
	assert_int_equal(d.id, DIAG_TRIAL_WRITE);
	assert_int_equal(trial_remove(&t->root, &d), 0);
	assert_int_equal(trial_acted_clear(&t->root, &d), 0);
}

static void test_write__what_cannot_be_read_again(void **state)
{
	struct tree *t = *state;
	struct trial bad = armed;
	struct diag d;

	tree_folder(t, GEN_FOLDER);
	memcpy(bad.id, "a:b", 4);
	assert_true(trial_write(&t->root, &bad, &d) < 0);
	assert_int_equal(trial_read(&t->root, &bad, &d), 0);
}

static void test_write__is_read(void **state)
{
	struct tree *t = *state;
	struct trial is;
	struct diag d;

	tree_folder(t, GEN_FOLDER);
	assert_int_equal(trial_read(&t->root, &is, &d), 0);
	assert_int_equal(trial_write(&t->root, &armed, &d), 0);
	assert_int_equal(trial_read(&t->root, &is, &d), 1);
	assert_int_equal(is.state, TRIAL_ARMED);
	assert_int_equal(is.boots_left, 3);
	assert_int_equal(trial_remove(&t->root, &d), 0);
	assert_int_equal(trial_read(&t->root, &is, &d), 0);
}

static void test_read__damaged_is_not_none(void **state)
{
	struct tree *t = *state;
	struct trial is;
	struct diag d;

	tree_folder(t, GEN_FOLDER);
	assert_int_equal(symlinkat("nonsense", t->fd, GEN_FOLDER "/trial"), 0);
	assert_int_equal(trial_read(&t->root, &is, &d), -EBADMSG);
	assert_int_equal(d.id, DIAG_TRIAL_UNKNOWN);
}

static void test_acted__once_per_cause(void **state)
{
	struct tree *t = *state;
	char boot[TRIAL_BOOT_SIZE];
	struct diag d;

	tree_folder(t, GEN_FOLDER);
	assert_int_equal(trial_acted(&t->root, TRIAL_CAUSE_FREEZE, boot, &d), 0);
	assert_int_equal(trial_act(&t->root, TRIAL_CAUSE_FREEZE, BOOT, &d), 0);
	assert_int_equal(trial_acted(&t->root, TRIAL_CAUSE_FREEZE, boot, &d), 1);
	assert_string_equal(boot, BOOT);
	assert_int_equal(trial_acted(&t->root, TRIAL_CAUSE_HANG, NULL, &d), 0);
	assert_int_equal(trial_acted_clear(&t->root, &d), 0);
	assert_int_equal(trial_acted(&t->root, TRIAL_CAUSE_FREEZE, boot, &d), 0);
}

/* Whoever cannot tell must not restart the machine. */
static void test_acted__damaged(void **state)
{
	struct tree *t = *state;
	struct diag d;

	tree_folder(t, GEN_FOLDER "/acted");
	tree_put(t, GEN_FOLDER "/acted/freeze", "");
	assert_int_equal(trial_acted(&t->root, TRIAL_CAUSE_FREEZE, NULL, &d), -EBADMSG);
	assert_int_equal(trial_acted_clear(&t->root, &d), 0);
	assert_int_equal(trial_acted(&t->root, TRIAL_CAUSE_FREEZE, NULL, &d), 0);
}

static void test_settings__defaults_and_back(void **state)
{
	struct tree *t = *state;
	assert_int_equal(trial_fallback(&t->root), TRIAL_FALLBACK_ROLLBACK);
	assert_false(trial_unprotected(&t->root));
	tree_folder(t, GEN_FOLDER);
	for (unsigned i = 0; i < _TRIAL_FALLBACK_MAX; i++) {
		(void)unlinkat(t->fd, GEN_FOLDER "/" TRIAL_ON_FAILURE, 0);
		assert_int_equal(symlinkat(trial_fallback_word((enum trial_fallback)i),
					   t->fd, GEN_FOLDER "/" TRIAL_ON_FAILURE),
				 0);
		assert_int_equal(trial_fallback(&t->root), i);
	}
	assert_int_equal(symlinkat("no", t->fd, GEN_FOLDER "/" TRIAL_UNPROTECTED), 0);
	assert_false(trial_unprotected(&t->root));
	assert_int_equal(unlinkat(t->fd, GEN_FOLDER "/" TRIAL_UNPROTECTED, 0), 0);
	assert_int_equal(symlinkat("yes", t->fd, GEN_FOLDER "/" TRIAL_UNPROTECTED), 0);
	assert_true(trial_unprotected(&t->root));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse__what_is_not_ours),
		cmocka_unit_test(test_parse__all_states),
		cmocka_unit_test(test_parse__words),
		TEST(test_write__no_folder),
		TEST(test_write__what_cannot_be_read_again),
		TEST(test_write__is_read),
		TEST(test_read__damaged_is_not_none),
		TEST(test_acted__once_per_cause),
		TEST(test_acted__damaged),
		TEST(test_settings__defaults_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
