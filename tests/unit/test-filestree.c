/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "tests/unit/tree.h"
#include "tui/cli/filestree.h"

static void check(const struct filestree *t, const char *const *paths, size_t n)
{
	assert_int_equal(t->n, n);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(t->at[i].path, paths[i]);
		assert_int_equal(t->at[i].err, 0);
	}
}

static void test_read__not_there(void **state)
{
	struct tree *t = *state;
	struct filestree files = {0};
	struct diag d = {0};

	assert_int_equal(filestree_read(&t->root, "none", &files, &d), -ENOENT);
	assert_int_equal(d.id, DIAG_OPEN);
	assert_int_equal(files.n, 0);
}

/* Each folder where its name stands, whatever bytes come after it in others. */
static void test_read__in_order(void **state)
{
	static const char *const all[] = {"a/b/x", "a/y", "a+b", "a-b/z", "a.c", "ab"};
	struct tree *t = *state;
	_cleanup_filestree_ struct filestree files = {0}, below = {0};

	tree_folder(t, "a/b");
	tree_folder(t, "a-b");
	tree_folder(t, "empty");
	for (size_t i = 0; i < array_size(all); i++)
		tree_put(t, all[array_size(all) - 1 - i], "x");
	assert_int_equal(symlinkat("ab", t->fd, "link"), 0);
	assert_int_equal(symlinkat("a", t->fd, "folder"), 0);
	assert_int_equal(mkfifoat(t->fd, "fifo", 0600), 0);
	assert_int_equal(filestree_read(&t->root, "", &files, NULL), 0);
	check(&files, all, array_size(all));
	assert_int_equal(filestree_read(&t->root, "a", &below, NULL), 0);
	check(&below, all, 2);
}

static void test_read__a_folder_that_cannot_be_read(void **state)
{
	struct tree *t = *state;
	_cleanup_filestree_ struct filestree files = {0};
	bool root = geteuid() == 0;
	int r;

	tree_folder(t, "b");
	tree_put(t, "a", "x");
	tree_put(t, "b/hidden", "x");
	tree_put(t, "c", "x");
	assert_int_equal(fchmod(t->fd, 0755), 0);
	assert_int_equal(fchmodat(t->fd, "b", 0, 0), 0);
	assert_int_equal(root ? seteuid(65534) : 0, 0);
	r = filestree_read(&t->root, "", &files, NULL);
	assert_int_equal(root ? seteuid(0) : 0, 0);
	assert_int_equal(fchmodat(t->fd, "b", 0755, 0), 0);
	assert_int_equal(r, 0);
	assert_int_equal(files.n, 3);
	assert_string_equal(files.at[1].path, "b");
	assert_int_equal(files.at[1].err, EACCES);
	assert_string_equal(files.at[2].path, "c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)
		TEST(test_read__not_there),
		TEST(test_read__in_order),
		TEST(test_read__a_folder_that_cannot_be_read),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
