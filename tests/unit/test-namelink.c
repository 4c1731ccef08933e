/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/namelink.h"
#include "tests/unit/tree.h"

static void expect(struct tree *t, const char *name, const char *text)
{
	_cleanup_strbuf_ struct strbuf is = {0};

	assert_int_equal(namelink_read(t->fd, name, &is), 0);
	assert_string_equal(strbuf_str(&is), text);
}

static void test_read__nothing_there(void **state)
{
	struct tree *t = *state;
	struct strbuf is = {0};

	assert_int_equal(namelink_read(t->fd, "name", &is), -ENOENT);
}

static void test_read__a_file_is_no_name(void **state)
{
	struct tree *t = *state;
	struct strbuf is = {0};

	tree_put(t, "file", "text");
	assert_int_equal(namelink_read(t->fd, "file", &is), -EBADMSG);
}

static void test_read__text_that_is_too_long(void **state)
{
	struct tree *t = *state;
	char text[NAMELINK_MAX + 2];
	struct strbuf is = {0};

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(symlinkat(text, t->fd, "long"), 0);
	assert_int_equal(namelink_read(t->fd, "long", &is), -EBADMSG);
	assert_int_equal(namelink_write(t->fd, "other", text, true), -ENAMETOOLONG);
	text[NAMELINK_MAX] = '\0';
	assert_int_equal(namelink_write(t->fd, "other", text, true), 0);
	expect(t, "other", text);
}

static void test_write__a_folder_in_the_way(void **state)
{
	struct tree *t = *state;
	struct stat st;

	tree_folder(t, "name/below");
	assert_true(namelink_write(t->fd, "name", "text", true) < 0);
	assert_int_equal(fstatat(t->fd, "name.new", &st, AT_SYMLINK_NOFOLLOW), -1);
}

/* A power cut left the new one aside. */
static void test_write__over_what_was_left(void **state)
{
	struct tree *t = *state;

	assert_int_equal(symlinkat("half", t->fd, "name.new"), 0);
	assert_int_equal(namelink_write(t->fd, "name", "first", true), 0);
	expect(t, "name", "first");
	assert_int_equal(namelink_write(t->fd, "name", "second", false), 0);
	expect(t, "name", "second");
}

static void test_remove__twice(void **state)
{
	struct tree *t = *state;
	struct strbuf is = {0};

	assert_int_equal(namelink_write(t->fd, "name", "text", true), 0);
	assert_int_equal(namelink_remove(t->fd, "name", true), 0);
	assert_int_equal(namelink_remove(t->fd, "name", true), 0);
	assert_int_equal(namelink_read(t->fd, "name", &is), -ENOENT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_read__nothing_there),
		TEST(test_read__a_file_is_no_name),
		TEST(test_read__text_that_is_too_long),
		TEST(test_write__a_folder_in_the_way),
		TEST(test_write__over_what_was_left),
		TEST(test_remove__twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
