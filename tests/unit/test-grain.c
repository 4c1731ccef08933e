/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <time.h>

#include "core/host/grain.h"
#include "tests/unit/tree.h"

static struct timespec stamp_after(int fd, mode_t mode)
{
	struct stat st;

	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ctim;
}

/* What it says is so: no two changes with a look between them ever share a stamp. */
static void test_try__finer_is_true(void **state)
{
	struct tree *t = *state;
	struct grain g = grain_try(t->fd);
	struct timespec last = {0}, now;
	struct stat st;
	int fd;

	if (!g.finer)
		skip();
	tree_put(t, "file", "contents");
	fd = openat(t->fd, "file", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(grain_is_finer(&g, fd, st.st_dev));
	for (unsigned i = 0; i < 2000; i++) {
		now = stamp_after(fd, i % 2 ? 0600 : 0644);
		assert_true(now.tv_sec != last.tv_sec || now.tv_nsec != last.tv_nsec);
		last = now;
	}
	close(fd);
}

static void test_try__where_nothing_can_be_written(void **state)
{
	struct grain g = grain_try(-1);

	assert_false(g.finer);
	assert_false(grain_is_finer(&g, -1, 1));
}

/* Of another type nothing is known. */
static void test_is_finer__another_type(void **state)
{
	struct tree *t = *state;
	struct grain g = grain_try(t->fd);
	int proc = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	struct stat st;

	g.finer = true;
	assert_int_equal(fstat(proc, &st), 0);
	assert_false(grain_is_finer(&g, proc, st.st_dev));
	assert_int_equal(fstat(t->fd, &st), 0);
	assert_true(grain_is_finer(&g, t->fd, st.st_dev));
	close(proc);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_try__finer_is_true),
		TEST(test_try__where_nothing_can_be_written),
		TEST(test_is_finer__another_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
