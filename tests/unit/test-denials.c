/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/triage/denials.h"

#define MINUTE 60000ull

static struct denial event(const char *cause, const char *path, const char *comm)
{
	return (struct denial){.kind = DENIAL_ACCESS,
			       .type = AUDITREC_DATA,
			       .denied = DENIAL_DENIED,
			       .name = DENIAL_NAME_WHOLE,
			       .op = span_of("appraise_data"),
			       .cause = span_of(cause),
			       .path = span_of(path),
			       .comm = span_of(comm)};
}

static struct denials *new_store(void)
{
	struct denials *s = NULL;

	assert_int_equal(denials_new(&s, NULL), 0);
	return s;
}

static void test_denials_add__alike(void **state)
{
	_cleanup_(denials_freep) struct denials *s = new_store();
	struct denial d = event("missing-hash", "/a", "cat");
	const struct denials_row *row;

	d.time_ms = 100 * MINUTE;
	assert_int_equal(denials_add(s, &d), 0);
	d.time_ms = 101 * MINUTE + 1;
	d.serial = 7;
	d.denied = DENIAL_ALLOWED;
	assert_int_equal(denials_add(s, &d), 0);
	d.time_ms = 50 * MINUTE; /* out of order */
	d.denied = DENIAL_UNKNOWN;
	d.serial = 8;
	assert_int_equal(denials_add(s, &d), 0);
	row = denials_row(s, 0);
	assert_int_equal(row->count, 3);
	assert_int_equal(row->n_denied, 1);
	assert_int_equal(row->n_allowed, 1);
	assert_int_equal(row->first_ms, 50 * MINUTE);
	assert_int_equal(row->last_ms, 101 * MINUTE + 1);
	assert_int_equal(row->last.serial, 7);
	assert_int_equal(row->per_minute[59], 1);
	assert_int_equal(row->per_minute[58], 1);
	assert_int_equal(row->per_minute[8], 1);
	d.comm = span_of("dog");
	assert_int_equal(denials_add(s, &d), 1);
	d.name = DENIAL_NAME_PART; /* the number of the file counts, too */
	assert_int_equal(denials_add(s, &d), 2);
	d.ino = 5;
	assert_int_equal(denials_add(s, &d), 3);
}

static void test_denials_add__last_hour(void **state)
{
	_cleanup_(denials_freep) struct denials *s = new_store();
	struct denial d = event("missing-hash", "/a", "cat");

	for (uint64_t i = 0; i < 70000; i++) {
		d.time_ms = 100 * MINUTE;
		(void)denials_add(s, &d);
	}
	assert_int_equal(denials_row(s, 0)->per_minute[59], UINT16_MAX);
	d.time_ms = 159 * MINUTE;
	(void)denials_add(s, &d);
	assert_int_equal(denials_row(s, 0)->per_minute[0], UINT16_MAX);
	d.time_ms = 160 * MINUTE;
	(void)denials_add(s, &d);
	assert_int_equal(denials_row(s, 0)->per_minute[0], 0);
	assert_int_equal(denials_row(s, 0)->per_minute[58], 1);
	d.time_ms = 400 * MINUTE;
	(void)denials_add(s, &d);
	assert_int_equal(denials_row(s, 0)->per_minute[58], 0);
	assert_int_equal(denials_row(s, 0)->count, 70003);
}

/* Names without end: counts stay right, memory does not grow. */
static void test_denials_add__crowded(void **state)
{
	_cleanup_(denials_freep) struct denials *s = new_store();
	struct denials_totals t, later;
	char path[64], cause[64];

	for (unsigned i = 0; i < 40000; i++) {
		struct denial d;

		snprintf(path, sizeof(path), "/tmp/%u", i);
		d = event("missing-hash", path, "cat");
		assert_true(denials_add(s, &d) >= 0);
	}
	denials_totals(s, &t);
	assert_int_equal(t.events, 40000);
	assert_int_equal(t.crowded, 40000 - DENIALS_ROWS_MAX);
	assert_int_equal(denials_rows(s), DENIALS_ROWS_MAX + 1);
	assert_int_equal(denials_row(s, DENIALS_ROWS_MAX)->count, t.crowded);
	assert_true(denials_row(s, DENIALS_ROWS_MAX)->crowded);
	assert_int_equal(denials_row(s, DENIALS_ROWS_MAX)->last.path.len, 0);
	for (unsigned i = 0; i < 40000; i++) {
		struct denial d;

		snprintf(cause, sizeof(cause), "cause-%u", i);
		d = event(cause, "/a", "cat");
		assert_true(denials_add(s, &d) >= 0);
	}
	denials_totals(s, &later);
	assert_int_equal(later.events, 80000);
	assert_true(later.memory < 16 << 20);
	assert_true(denials_rows(s) <= DENIALS_ROWS_MAX + 300);
}

static void test_denials_add__long_names(void **state)
{
	_cleanup_(denials_freep) struct denials *s = new_store();
	static char path[4097];
	struct denials_totals t;

	memset(path, 'a', sizeof(path) - 1);
	for (unsigned i = 0; i < 6000; i++) {
		struct denial d;

		snprintf(path, 16, "/%u", i);
		path[strlen(path)] = 'b';
		d = event("missing-hash", path, "cat");
		assert_true(denials_add(s, &d) >= 0);
	}
	denials_totals(s, &t);
	assert_true(t.crowded > 1000);
	assert_true(t.memory < DENIALS_BYTES_MAX + (8 << 20));
}

static bool is_denied(void *user, const struct denials_row *row)
{
	return row->n_denied > 0;
}

static void add(struct denials *s, const char *cause, const char *path, const char *comm,
		uint64_t minute, enum denial_kind kind)
{
	struct denial d = event(cause, path, comm);

	d.kind = kind;
	d.time_ms = minute * MINUTE;
	d.denied = kind == DENIAL_VIOLATION ? DENIAL_ALLOWED : DENIAL_DENIED;
	assert_true(denials_add(s, &d) >= 0);
}

static void test_denials_group__keys(void **state)
{
	_cleanup_(denials_freep) struct denials *s = new_store();
	_cleanup_free_ struct denials_group *g = NULL;

	add(s, "missing-hash", "/a", "cat", 100, DENIAL_ACCESS);
	add(s, "missing-hash", "/a", "dog", 90, DENIAL_ACCESS);
	add(s, "missing-hash", "/b", "cat", 20, DENIAL_ACCESS);
	add(s, "invalid-hash", "/b", "cat", 101, DENIAL_ACCESS);
	add(s, "missing-hash", "/b", "cat", 101, DENIAL_VIOLATION);
	assert_int_equal(denials_group(s, DENIALS_BY_CAUSE, NULL, 101, NULL, NULL, &g),
			 3);
	assert_true(span_is(g[0].name, "missing-hash"));
	assert_int_equal(g[0].count, 3);
	assert_int_equal(g[0].n_paths, 2);
	assert_int_equal(g[0].n_programs, 2);
	assert_int_equal(g[0].kind, DENIAL_ACCESS);
	assert_int_equal(g[0].first_ms, 20 * MINUTE);
	assert_int_equal(g[0].last_ms, 100 * MINUTE);
	assert_int_equal(g[0].per_minute[58], 1); /* minute 100 of 101 */
	assert_int_equal(g[0].per_minute[48], 1);
	assert_int_equal(g[0].per_minute[59], 0);
	free(take_ptr(g));
	assert_int_equal(denials_group(s, DENIALS_BY_PATH, NULL, 101, is_denied, NULL,
				       &g),
			 2);
	assert_int_equal(g[0].count, 2);
	assert_true(span_is(g[0].name, "/b")); /* the later of equals */
	assert_true(denials_row_is(denials_row(s, 0), DENIALS_BY_PATH, NULL, g[1].name));
	free(take_ptr(g));
	assert_int_equal(denials_group(s, DENIALS_BY_PROGRAM, NULL, 101, NULL, NULL, &g),
			 2);
	assert_true(span_is(g[0].name, "cat"));
	free(take_ptr(g));
	assert_int_equal(denials_group(s, DENIALS_BY_PACKAGE, NULL, 101, NULL, NULL, &g),
			 1);
	assert_int_equal(g[0].name.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_denials_add__alike),
		cmocka_unit_test(test_denials_add__last_hour),
		cmocka_unit_test(test_denials_add__crowded),
		cmocka_unit_test(test_denials_add__long_names),
		cmocka_unit_test(test_denials_group__keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
