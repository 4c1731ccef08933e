/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <sys/sysmacros.h>

#include "core/host/mounts.h"
#include "tests/unit/tree.h"

static const char table[] =
	"22 28 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
	"not a mount\n"
	"28 1 254:1 / / rw,relatime - ext4 /dev/vda1 ro,errors=remount-ro\n"
	"30 28 0:99 / /mnt/a\\040b rw shared:1 master:2 - fuse.sshfs me@host: rw,user_id=0\n"
	"31 28 x:1 / /bad rw - ext4 /dev/vdb rw\n"
	"32 28 0:100 / /no-dash rw ext4\n";

static void test_next__lines(void **state)
{
	struct bytes in = bytes_of(table, sizeof(table) - 1);
	struct mounts_line line;

	assert_true(mounts_next(&in, &line));
	assert_int_equal(line.id, 22);
	assert_int_equal(line.dev, makedev(0, 20));
	assert_true(mounts_next(&in, &line));
	assert_true(span_is(line.point, "/") && span_is(line.type, "ext4"));
	assert_int_equal(line.subtype.len, 0);
	assert_true(span_is(line.options, "ro,errors=remount-ro"));
	assert_true(mounts_next(&in, &line));
	assert_true(span_is(line.point, "/mnt/a\\040b"));
	assert_true(span_is(line.type, "fuse") && span_is(line.subtype, "sshfs"));
	assert_false(mounts_next(&in, &line));
}

static void test_load__types(void **state)
{
	struct tree *t = *state;
	_cleanup_mounts_ struct mounts m = {0};
	struct root root;

	assert_int_equal(root_open_host(&root, t->dir, NULL), 0);
	assert_int_equal(mounts_load(&root, &m), 0);
	assert_null(mounts_find(&m, makedev(0, 20))); /* nothing was recorded */
	mounts_done(&m);
	tree_put(t, "mountinfo", table);
	assert_int_equal(mounts_load(&root, &m), 0);
	assert_int_equal(m.n, 3);
	assert_true(span_is(mounts_find(&m, makedev(0, 99))->subtype, "sshfs"));
	assert_null(mounts_find(&m, 1));
	root_done(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next__lines),
		cmocka_unit_test_setup_teardown(test_load__types, tree_setup,
						tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
