/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/host/pkgdigest.h"
#include "tests/unit/tree.h"

#define MD5 "d41d8cd98f00b204e9800998ecf8427e"

static void test_of__not_known(void **state)
{
	struct tree *t = *state;
	struct digest d;

	assert_int_equal(pkgdigest_of(&t->root, "tools", "usr/bin/x", &d), 0);
	tree_folder(t, "var/lib/dpkg/info");
	tree_put(t, "var/lib/dpkg/info/tool.md5sums", MD5 "  usr/bin/x\n");
	tree_put(t, "var/lib/dpkg/info/tools-x.md5sums", MD5 "  usr/bin/x\n");
	assert_int_equal(pkgdigest_of(&t->root, "tools", "usr/bin/x", &d), 0);
	tree_put(t, "var/lib/dpkg/info/tools.md5sums",
		 MD5 "  usr/bin/xy\n"
		     "d41d8cd9  usr/bin/x\n" MD5 " usr/bin/x\n\nzz" MD5 "  usr/bin/x\n");
	assert_int_equal(pkgdigest_of(&t->root, "tools", "usr/bin/x", &d), 0);
}

static void test_of__lists(void **state)
{
	struct tree *t = *state;
	struct digest d;

	tree_folder(t, "var/lib/dpkg/info");
	tree_put(t, "var/lib/dpkg/info/libx:amd64.md5sums",
		 "00000000000000000000000000000000  usr/share/doc/x\n" MD5
		 "  lib/a b.so");
	assert_int_equal(pkgdigest_of(&t->root, "libx", "usr/lib/a b.so", &d), 1);
	assert_int_equal(d.alg, HASH_MD5);
	assert_int_equal(d.size, 16);
	assert_int_equal(d.value[0], 0xd4);
	assert_int_equal(pkgdigest_of(&t->root, "libx", "lib/a b.so", &d), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_of__not_known, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_of__lists, tree_setup,
						tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
