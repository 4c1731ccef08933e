/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/base/cleanup.h"
#include "core/simulate/simulate-internal.h"

struct given {
	const char *path;
	enum simulate_rank rank;
	enum appraise_cause cause;
	int package;
	uint32_t uid;
};

static void add(struct simulate *s, const struct given *g)
{
	struct simulate_row row = {
		.uid = g->uid,
		.rank = (uint8_t)g->rank,
		.cause = (uint8_t)g->cause,
		.fix = (uint8_t)simulate_fix_for(g->cause, false),
		.package = g->package,
	};

	assert_int_equal(simulate_add_row(s, &row, g->path), 0);
}

static const struct simulate_row *first(const struct simulate *s, size_t group)
{
	return &s->row[s->group[group].first];
}

static void test_make_groups__nothing(void **state)
{
	_cleanup_simulate_ struct simulate s = {0};

	assert_int_equal(simulate_make_groups(&s), 0);
	assert_int_equal(s.n_groups, 0);
}

/* What the boot needs before what is many, the most frequent cause of a rank first. */
static void test_make_groups__worst_first(void **state)
{
	static const struct given given[] = {
		{"usr/bin/a", SIMULATE_COULD, APPRAISE_MISSING_HASH, 3, 0},
		{"usr/bin/b", SIMULATE_COULD, APPRAISE_MISSING_HASH, 3, 0},
		{"usr/bin/c", SIMULATE_USED, APPRAISE_INVALID_HASH, 1, 0},
		{"usr/bin/d", SIMULATE_USED, APPRAISE_MISSING_HASH, 1, 0},
		{"usr/bin/e", SIMULATE_USED, APPRAISE_MISSING_HASH, 2, 0},
		{"usr/bin/f", SIMULATE_USED, APPRAISE_MISSING_HASH, 2, 0},
		{"usr/lib/init", SIMULATE_EARLY, APPRAISE_INVALID_SIG, 0, 0},
	};
	_cleanup_simulate_ struct simulate s = {0};

	for (size_t i = 0; i < array_size(given); i++)
		add(&s, &given[i]);
	assert_int_equal(simulate_make_groups(&s), 0);
	assert_int_equal(s.n_groups, 5);
	assert_int_equal(first(&s, 0)->rank, SIMULATE_EARLY);
	assert_int_equal(first(&s, 1)->package, 2);
	assert_int_equal(s.group[1].files, 2);
	assert_int_equal(first(&s, 2)->package, 1);
	assert_int_equal(first(&s, 2)->cause, APPRAISE_MISSING_HASH);
	assert_int_equal(first(&s, 3)->cause, APPRAISE_INVALID_HASH);
	assert_int_equal(first(&s, 4)->rank, SIMULATE_COULD);
	assert_string_equal(simulate_name(&s, first(&s, 4)), "usr/bin/a");
}

/* Before everything else, however few. */
static void test_make_groups__init_first(void **state)
{
	static const struct given given[] = {
		{"usr/bin/a", SIMULATE_EARLY, APPRAISE_MISSING_HASH, 1, 0},
		{"usr/bin/b", SIMULATE_EARLY, APPRAISE_MISSING_HASH, 1, 0},
		{"usr/lib/init", SIMULATE_EARLY, APPRAISE_INVALID_SIG, 2, 0},
		{"usr/lib/mate", SIMULATE_EARLY, APPRAISE_INVALID_SIG, 2, 0},
	};
	_cleanup_simulate_ struct simulate s = {0};

	for (size_t i = 0; i < array_size(given); i++)
		add(&s, &given[i]);
	s.row[2].pid1 = true;
	assert_int_equal(simulate_make_groups(&s), 0);
	assert_int_equal(s.n_groups, 2);
	assert_true(s.group[0].pid1);
	assert_int_equal(first(&s, 0)->package, 2);
	assert_false(s.group[1].pid1);
}

/* Several users of one file are one file. What no package owns is told by its folder. */
static void test_make_groups__files_and_folders(void **state)
{
	static const struct given given[] = {
		{"opt/app/x/1", SIMULATE_USED, APPRAISE_MISSING_HASH, PKGDB_NONE, 0},
		{"opt/app/x/1", SIMULATE_USED, APPRAISE_MISSING_HASH, PKGDB_NONE, 7},
		{"opt/app/x/y/2", SIMULATE_USED, APPRAISE_MISSING_HASH, PKGDB_NONE, 0},
		{"opt/other/3", SIMULATE_USED, APPRAISE_MISSING_HASH, PKGDB_NONE, 0},
		{"init", SIMULATE_USED, APPRAISE_MISSING_HASH, PKGDB_NONE, 0},
	};
	_cleanup_simulate_ struct simulate s = {0};

	for (size_t i = 0; i < array_size(given); i++)
		add(&s, &given[i]);
	assert_int_equal(simulate_make_groups(&s), 0);
	assert_int_equal(s.n_groups, 3);
	assert_int_equal(s.group[0].n, 3);
	assert_int_equal(s.group[0].files, 2);
	assert_true(span_is(s.group[0].folder, "opt/app/x"));
	assert_int_equal(s.group[1].n, 1);
	assert_true(span_is(s.group[1].folder, ""));
	assert_true(span_is(s.group[2].folder, "opt/other"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_make_groups__nothing),
		cmocka_unit_test(test_make_groups__worst_first),
		cmocka_unit_test(test_make_groups__init_first),
		cmocka_unit_test(test_make_groups__files_and_folders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
