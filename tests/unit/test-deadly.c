/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/fspath.h"
#include "core/policy/deadly.h"
#include "tests/unit/tree.h"

static void test_deadly_role__others(void **state)
{
	struct tree *t = *state;

	tree_folder(t, "usr/bin");
	tree_put(t, "usr/bin/ls", "x");
	assert_null(deadly_role(NULL, "usr/bin/ls"));
	assert_null(deadly_role(&t->root, "usr/bin/ls"));
	assert_null(deadly_role(&t->root, ""));
}

/* By the name that is looked for, and by the file that it leads to. */
static void test_deadly_role__links(void **state)
{
	struct tree *t = *state;

	tree_folder(t, "usr/bin");
	tree_folder(t, "usr/lib/x");
	assert_int_equal(symlinkat("usr/bin", t->fd, "bin"), 0);
	tree_put(t, "usr/lib/x/ash", "x");
	assert_int_equal(symlinkat("../lib/x/ash", t->fd, "usr/bin/sh"), 0);
	assert_string_equal(deadly_role(NULL, "bin/sh"), "shell");
	assert_null(deadly_role(NULL, "usr/lib/x/ash"));
	assert_string_equal(deadly_role(&t->root, "usr/lib/x/ash"), "shell");
}

/* Names that can be looked for below a root. */
static void test_deadly_at__paths(void **state)
{
	size_t n = 0;

	for (; deadly_at(n); n++)
		if (!fspath_valid(deadly_at(n)->path) || !*deadly_at(n)->role)
			fail_msg("%s", deadly_at(n)->path);
	assert_true(n > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_deadly_role__others, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_deadly_role__links, tree_setup,
						tree_teardown),
		cmocka_unit_test(test_deadly_at__paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
