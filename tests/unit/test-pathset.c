/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/host/pathset.h"

static void test_pathset_add__no_nul(void **state)
{
	_cleanup_pathset_ struct pathset s;

	pathset_init(&s);
	assert_int_equal(pathset_find(&s, span_of("a")), -ENOENT);
	assert_int_equal(pathset_add(&s, (struct span){(const uint8_t *)"a\0b", 3}),
			 -EINVAL);
	assert_int_equal(s.n, 0);
}

static void test_pathset_add__once(void **state)
{
	_cleanup_pathset_ struct pathset s;

	pathset_init(&s);
	assert_int_equal(pathset_add(&s, span_of("usr/bin/ls")), 0);
	assert_int_equal(pathset_add(&s, span_of("usr/bin/l")), 1);
	assert_int_equal(pathset_add(&s, span_of("")), 2);
	assert_int_equal(pathset_add(&s, span_of("usr/bin/ls")), 0);
	assert_int_equal(pathset_find(&s, span_of("usr/bin/l")), 1);
	assert_int_equal(pathset_find(&s, span_of("usr/bin")), -ENOENT);
	assert_string_equal(pathset_at(&s, 0), "usr/bin/ls");
	assert_string_equal(pathset_at(&s, 2), "");
	assert_int_equal(s.n, 3);
}

/* The numbers stay when it grows. */
static void test_pathset_add__many(void **state)
{
	_cleanup_pathset_ struct pathset s;
	char name[32];

	pathset_init(&s);
	for (int turn = 0; turn < 2; turn++)
		for (int i = 0; i < 20000; i++) {
			int n = snprintf(name, sizeof(name), "lib/%d", i * 7919);

			assert_int_equal(pathset_add(&s, (struct span){(uint8_t *)name,
								       (size_t)n}),
					 i);
		}
	assert_int_equal(s.n, 20000);
	assert_string_equal(pathset_at(&s, 19999), name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pathset_add__no_nul),
		cmocka_unit_test(test_pathset_add__once),
		cmocka_unit_test(test_pathset_add__many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
