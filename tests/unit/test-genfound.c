/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <time.h>

#include "core/policy/genfound.h"
#include "tests/unit/tree.h"

static int setup(void **state)
{
	struct tree *t;

	(void)tree_setup(state);
	t = *state;
	(void)close(t->root.dir[ROOT_PROC]);
	t->root.dir[ROOT_PROC] = open(t->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return 0;
}

static bool before_boot(struct tree *t, const char *uptime, long ago_ms)
{
	struct timespec at;

	tree_put(t, "uptime", uptime);
	assert_int_equal(clock_gettime(CLOCK_REALTIME, &at), 0);
	at.tv_sec -= ago_ms / 1000 + 1;
	at.tv_nsec += 1000000000 - ago_ms % 1000 * 1000000;
	at.tv_sec += at.tv_nsec / 1000000000;
	at.tv_nsec %= 1000000000;
	return genfound_before_boot(&t->root, &at);
}

/* Whichever part of a second it is now: nine of ten of these were wrong by whole seconds. */
static void test_before_boot__in_its_second(void **state)
{
	struct tree *t = *state;

	assert_false(before_boot(t, "0.95 0.10\n", 800));
	assert_true(before_boot(t, "0.05 0.01\n", 800));
	assert_false(before_boot(t, "100.95 90.00\n", 100800));
	assert_true(before_boot(t, "100.05 90.00\n", 100800));
}

static void test_before_boot__odd(void **state)
{
	struct tree *t = *state;

	assert_false(before_boot(t, "", 100000));
	assert_false(before_boot(t, "5\n", 100000));
	assert_false(before_boot(t, "x.y z\n", 100000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_before_boot__in_its_second, setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_before_boot__odd, setup,
						tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
