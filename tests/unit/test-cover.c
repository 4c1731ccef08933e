/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/cleanup.h"
#include "core/policy/cover.h"

/* The names divided by blanks. */
static void expect(const char *const *paths, size_t n, const char *want)
{
	_cleanup_strbuf_ struct strbuf out = {0};
	size_t names = cover_paths(paths, n, &out), nuls = 0;

	for (size_t i = 0; i + 1 < out.len; i++) {
		nuls += !out.ptr[i];
		out.ptr[i] = out.ptr[i] ? out.ptr[i] : ' ';
	}
	assert_string_equal(strbuf_str(&out), want);
	assert_int_equal(names, n ? nuls + 1 : 0);
}

static void test_paths__few_are_named(void **state)
{
	static const char *const paths[] = {"etc/a", "usr/bin/b", "usr/bin/c",
					    "usr/lib/d"};

	expect(paths, 0, "");
	expect(paths, 1, "etc/a");
	expect(paths, 4, "etc/a usr/bin/b usr/bin/c usr/lib/d");
}

static void test_paths__twice_is_once(void **state)
{
	static const char *const paths[] = {"usr/bin/b", "usr/bin/b", "usr/bin/b"};

	expect(paths, 3, "usr/bin/b");
}

static void test_paths__many_are_a_folder(void **state)
{
	static const char *const paths[] = {"usr/bin/a",  "usr/bin/b", "usr/bin/c",
					    "usr/bin/d",  "usr/bin/e", "usr/lib/x/f",
					    "usr/lib/x/g"};

	expect(paths, 5, "usr/bin");
	expect(paths, 6, "usr/bin usr/lib/x/f");
	expect(paths, 7, "usr/bin usr/lib/x");
}

/* Whatever there is: never all of it by the root folder's name. */
static void test_paths__never_the_root(void **state)
{
	static const char *const paths[] = {"bin/a", "bin/b", "boot/c",
					    "etc/d", "init",  "opt/e/f",
					    "opt/g", "usr/h", "usr/i/j"};

	expect(paths, array_size(paths), "bin boot/c etc/d init opt usr");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths__few_are_named),
		cmocka_unit_test(test_paths__twice_is_once),
		cmocka_unit_test(test_paths__many_are_a_folder),
		cmocka_unit_test(test_paths__never_the_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
