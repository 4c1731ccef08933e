/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "core/base/remount.h"
#include "tests/unit/tree.h"
#include "tests/unit/userns.h"

enum { WELL, NOT_WELL, NOT_POSSIBLE }; /* how a child ends */

static int mounted(struct tree *t, unsigned long flags)
{
	if (!userns_enter() || unshare(CLONE_NEWNS) < 0 ||
	    mount("none", t->dir, "tmpfs", MS_NOSUID | MS_NODEV | flags, NULL) < 0)
		return -1;
	return open(t->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static unsigned long flags_of(int fd)
{
	struct statvfs st = {0};

	(void)fstatvfs(fd, &st);
	return st.f_flag & (ST_RDONLY | ST_NOSUID | ST_NODEV);
}

static int read_only(struct tree *t)
{
	int fd = mounted(t, MS_RDONLY);
	struct remount m;

	if (fd < 0)
		return NOT_POSSIBLE;
	if (mkdirat(fd, "x", 0700) == 0 || errno != EROFS ||
	    remount_writable(fd, &m) != 0 || !m.changed ||
	    flags_of(fd) != (ST_NOSUID | ST_NODEV) || mkdirat(fd, "x", 0700) < 0)
		return NOT_WELL;
	if (remount_back(&m) != 0 || mkdirat(fd, "y", 0700) == 0)
		return NOT_WELL;
	return flags_of(fd) == (ST_RDONLY | ST_NOSUID | ST_NODEV) ? WELL : NOT_WELL;
}

static int writable(struct tree *t)
{
	int fd = mounted(t, 0);
	struct remount m;

	if (fd < 0)
		return NOT_POSSIBLE;
	if (remount_writable(fd, &m) != 0 || m.changed || remount_back(&m) != 0)
		return NOT_WELL;
	return mkdirat(fd, "x", 0700) == 0 ? WELL : NOT_WELL;
}

static int below_a_mount(struct tree *t)
{
	int fd = mounted(t, 0), below;
	struct remount m;

	if (fd < 0 || mkdirat(fd, "x", 0700) < 0 ||
	    mount(NULL, t->dir, NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV,
		  NULL) < 0)
		return NOT_POSSIBLE;
	below = openat(fd, "x", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return remount_writable(below, &m) == -EINVAL && (flags_of(fd) & ST_RDONLY)
		       ? WELL
		       : NOT_WELL;
}

static void in_child(struct tree *t, int (*f)(struct tree *))
{
	pid_t pid = tree_fork(t);
	int status;

	if (pid == 0)
		_exit(f(t));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NOT_POSSIBLE) {
		print_message("skipped: nobody here may mount\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), WELL);
}

static void test_writable__and_back_with_its_flags(void **state)
{
	in_child(*state, read_only);
}

static void test_writable__is_so_already(void **state)
{
	in_child(*state, writable);
}

static void test_writable__where_no_mount_begins(void **state)
{
	in_child(*state, below_a_mount);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_writable__and_back_with_its_flags),
		TEST(test_writable__is_so_already),
		TEST(test_writable__where_no_mount_begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
