/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against IMA: tests/lab/remedies.scenario. Here permissions deny. */
#include "tests/unit/test.h"

#include <signal.h>

#include "core/triage/touch.h"
#include "tests/unit/tree.h"

static int touch(struct tree *t, const char *path, const char *op, uint32_t uid)
{
	bool tried;
	int r = touch_file(&t->root, path, op, uid, &tried);

	assert_true(tried || r == -ENOENT || r == -EINVAL || r == -ELOOP);
	return r;
}

static void test_file__cannot_be_tried(void **state)
{
	struct tree *t = *state;

	assert_false(touch_can("module"));
	assert_int_equal(touch(t, "none", "read", 0), -ENOENT);
	tree_put(t, "x", "x");
	assert_int_equal(touch(t, "x", "module", 0), -EINVAL);
	assert_int_equal(symlinkat("x", t->fd, "link"), 0);
	assert_int_equal(touch(t, "link", "exec", 0), -ELOOP);
}

static void test_file__denied(void **state)
{
	struct tree *t = *state;

	tree_put(t, "x", "#!/bin/true\n");
	assert_int_equal(touch(t, "x", "exec", 0), -EACCES);
	if (geteuid() != 0)
		skip();
	assert_int_equal(fchmodat(t->fd, "x", 0600, 0), 0);
	assert_int_equal(touch(t, "x", "read", 65534), -EACCES);
	assert_int_equal(touch(t, "x", "write", 65534), -EACCES);
	assert_int_equal(touch(t, "x", "mmap", 65534), -EACCES);
}

/* Nobody but root becomes somebody else. */
static void test_file__not_tried(void **state)
{
	struct tree *t = *state;
	bool tried = true;
	int r;

	if (geteuid() != 0)
		skip();
	tree_put(t, "x", "x");
	assert_int_equal(fchmod(t->fd, 0755), 0);
	assert_int_equal(seteuid(65534), 0);
	r = touch_file(&t->root, "x", "read", 1, &tried);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(r, -ECHILD);
	assert_false(tried);
}

static void test_file__passes(void **state)
{
	static const char text[] = "#!/bin/sh\necho ran >\"$0.ran\"\n";
	struct tree *t = *state;
	struct stat before, after;

	tree_put(t, "x", text);
	assert_int_equal(fchmodat(t->fd, "x", 0755, 0), 0);
	assert_int_equal(fstatat(t->fd, "x", &before, 0), 0);
	assert_int_equal(touch(t, "x", "read", 0), 0);
	assert_int_equal(touch(t, "x", "write", 0), 0);
	assert_int_equal(touch(t, "x", "mmap", 0), 0);
	assert_int_equal(touch(t, "x", "exec", 0), 0);
	assert_int_equal(fstatat(t->fd, "x", &after, 0), 0);
	assert_int_equal(after.st_size, before.st_size);
	assert_int_equal(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
}

/* As in a worker of core/host/pool.h. */
static void test_file__signals_are_blocked(void **state)
{
	struct tree *t = *state;
	sigset_t all, before;

	tree_put(t, "x", "#!/bin/sh\necho ran >\"$0.ran\"\n");
	assert_int_equal(fchmodat(t->fd, "x", 0755, 0), 0);
	(void)sigfillset(&all);
	assert_int_equal(sigprocmask(SIG_BLOCK, &all, &before), 0);
	assert_int_equal(touch(t, "x", "exec", 0), 0);
	assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
}

/* It is allowed to, and ends before it does anything. */
static void test_file__runs_nothing(void **state)
{
	char marker[512], script[1024];
	struct tree *t = *state;

	(void)snprintf(marker, sizeof(marker), "%s/ran", t->dir);
	(void)snprintf(script, sizeof(script), "#!/bin/sh\n: >%s\n", marker);
	tree_put(t, "x", script);
	assert_int_equal(fchmodat(t->fd, "x", 0755, 0), 0);
	assert_int_equal(touch(t, "x", "exec", 0), 0);
	assert_int_equal(access(marker, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_file__cannot_be_tried, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_file__denied, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_file__not_tried, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_file__passes, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_file__signals_are_blocked,
						tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_file__runs_nothing, tree_setup,
						tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
