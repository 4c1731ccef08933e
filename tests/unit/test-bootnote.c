/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/bootnote.h"
#include "tests/unit/tree.h"

#define NONCE "00112233445566778899aabbccddeeff"
#define OTHER "ffeeddccbbaa99887766554433221100"
#define HASH  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_load__no_gate_ran(void **state)
{
	struct tree *t = *state;
	struct bootnote n;

	bootnote_load(&t->root, &n);
	assert_string_equal(n.nonce, "");
	assert_int_equal(n.verdict, BOOTNOTE_VERDICT_NOT_RUN);
	assert_false(n.healthy || n.confirmed || n.guard || n.generation || n.hold);
}

static void set(struct tree *t, enum bootnote_name name, const char *text)
{
	assert_int_equal(bootnote_set(&t->root, name, text, NULL), 0);
}

static void test_load__what_is_not_ours(void **state)
{
	struct tree *t = *state;
	struct bootnote n;

	set(t, BOOTNOTE_NONCE, "\033[2J5566778899aabbccddeeff0011223");
	set(t, BOOTNOTE_HEALTHY, "x");
	set(t, BOOTNOTE_VERDICT, "fine");
	set(t, BOOTNOTE_GENERATION, "7x");
	set(t, BOOTNOTE_POLICY, HASH "0");
	set(t, BOOTNOTE_GUARD, "99999999999");
	bootnote_load(&t->root, &n);
	assert_string_equal(n.nonce, "");
	assert_string_equal(n.policy, "");
	assert_int_equal(n.verdict, BOOTNOTE_VERDICT_NOT_RUN);
	assert_false(n.healthy || n.generation || n.guard);
}

static void test_load__healthy_in_another_boot(void **state)
{
	struct tree *t = *state;
	struct bootnote n;

	set(t, BOOTNOTE_NONCE, NONCE);
	set(t, BOOTNOTE_HEALTHY, OTHER);
	set(t, BOOTNOTE_CONFIRMED, NONCE);
	bootnote_load(&t->root, &n);
	assert_string_equal(n.nonce, NONCE);
	assert_false(n.healthy);
	assert_true(n.confirmed);
}

static void test_set__is_loaded(void **state)
{
	struct tree *t = *state;
	struct bootnote n;

	for (unsigned i = 1; i < _BOOTNOTE_VERDICT_MAX; i++) {
		assert_int_equal(bootnote_set_verdict(&t->root, (enum bootnote_verdict)i,
						      NULL),
				 0);
		bootnote_load(&t->root, &n);
		assert_int_equal(n.verdict, i);
	}
	set(t, BOOTNOTE_POLICY, HASH);
	bootnote_set_number(&t->root, BOOTNOTE_GENERATION, 12, NULL);
	bootnote_set_number(&t->root, BOOTNOTE_HOLD, 86, NULL);
	bootnote_set_number(&t->root, BOOTNOTE_GUARD, 4711, NULL);
	bootnote_load(&t->root, &n);
	assert_string_equal(n.policy, HASH);
	assert_int_equal(n.generation, 12);
	assert_int_equal(n.hold, 86);
	assert_int_equal(n.guard, 4711);
	assert_int_equal(bootnote_clear(&t->root, BOOTNOTE_HOLD, NULL), 0);
	bootnote_load(&t->root, &n);
	assert_int_equal(n.hold, 0);
}

static void test_why__is_replaced(void **state)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct tree *t = *state;

	bootnote_why(&t->root, &text);
	assert_string_equal(strbuf_str(&text), "");
	assert_int_equal(bootnote_set_why(&t->root, "First.", NULL), 0);
	assert_int_equal(bootnote_set_why(&t->root, "Second.", NULL), 0);
	bootnote_why(&t->root, &text);
	assert_string_equal(strbuf_str(&text), "Second.");
}

static void test_nonce__is_another_each_time(void **state)
{
	char a[BOOTNOTE_NONCE_SIZE], b[BOOTNOTE_NONCE_SIZE];

	bootnote_new_nonce(a);
	bootnote_new_nonce(b);
	assert_int_equal(strspn(a, "0123456789abcdef"), BOOTNOTE_NONCE_SIZE - 1);
	assert_string_not_equal(a, b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_load__no_gate_ran),
		TEST(test_load__what_is_not_ours),
		TEST(test_load__healthy_in_another_boot),
		TEST(test_set__is_loaded),
		TEST(test_why__is_replaced),
		cmocka_unit_test(test_nonce__is_another_each_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
