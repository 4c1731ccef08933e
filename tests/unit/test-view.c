/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/list/view.h"
#include "tests/unit/listgen.h"

#define SIG "030204deadbeef0004aabbccdd"

static const struct made entries[] = {
	{NULL, "boot_aggregate", 1, false, NULL},
	{"ima-sig", "/usr/bin/zsh", 0x90, false, SIG},
	{"ima-sig", "/usr/bin/ls", 0x20, false, ""},
	{"ima-sig", "/var/log/wtmp", 0, true, ""},
	{NULL, "/opt/app/bin/worker", 0xab, false, NULL},
	{NULL, "/usr/bin/ls", 0x30, false, NULL},
};

enum { N = sizeof(entries) / sizeof(entries[0]) };

struct fixture {
	struct mstore *store;
	struct filter_context ctx;
	struct pool *pool;
	struct view *view;
};

static void add(struct mstore *s, bool tail, const struct made *m, size_t n)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	for (size_t i = 0; i < n; i++)
		listgen_record(&b, &m[i]);
	assert_int_equal(mstore_append(s, tail, (struct span){(uint8_t *)b.ptr, b.len},
				       NULL),
			 0);
}

static struct fixture start(bool with_pool)
{
	struct fixture f = {0};

	assert_int_equal(mstore_new(&(struct mlog_dialect){.digest_size = 20}, &f.store,
				    NULL),
			 0);
	if (with_pool)
		assert_int_equal(pool_new(1, &f.pool, NULL), 0);
	return f;
}

static void begin(struct fixture *f)
{
	assert_int_equal(view_new(f->store, &f->ctx, f->pool, &f->view, NULL), 0);
}

static void settle(struct fixture *f)
{
	while (view_step(f->view, 1000) > 0)
		;
	if (f->pool) {
		pool_drain(f->pool);
		while (view_step(f->view, 1000) > 0)
			;
	}
}

static void stop(struct fixture *f)
{
	view_free(f->view);
	pool_free(f->pool);
	mstore_free(f->store);
}

static void set_filter(struct fixture *f, const char *text)
{
	struct filter *filter = NULL;

	assert_int_equal(filter_new(text, &filter, NULL), 0);
	view_set_filter(f->view, filter);
}

/* Rows as text: digits of entries, '.' for the gap, "[label count]" for groups. */
static void shows(struct fixture *f, const char *want)
{
	_cleanup_strbuf_ struct strbuf got = {0};
	struct view_row r;

	for (size_t i = 0; i < view_count(f->view); i++) {
		assert_true(view_at(f->view, i, &r));
		if (r.kind == VIEW_ROW_GAP)
			strbuf_addc(&got, '.');
		else if (r.kind == VIEW_ROW_GROUP)
			strbuf_addf(&got, "[%.*s %u]", (int)r.label.len,
				    (const char *)r.label.ptr, (unsigned)r.count);
		else
			strbuf_addf(&got, "%s%u", r.ref >= MSTORE_TAIL ? "t" : "",
				    r.ref & ~MSTORE_TAIL);
	}
	assert_string_equal(strbuf_str(&got), want);
	assert_false(view_at(f->view, view_count(f->view), &r));
}

static void test_step__filter_follows_arrivals(void **state)
{
	struct fixture f = start(false);
	size_t row;

	add(f.store, false, entries, 3);
	begin(&f);
	settle(&f);
	shows(&f, "012");
	set_filter(&f, "usr");
	settle(&f);
	shows(&f, "12");
	add(f.store, false, entries + 3, 3);
	settle(&f);
	shows(&f, "125");
	assert_true(view_find(f.view, 5, &row) && row == 2);
	assert_false(view_find(f.view, 4, &row)); /* not shown: the one before it */
	assert_int_equal(row, 1);
	assert_int_equal(view_newer(f.view, 2), 1);
	view_set_sort(f.view, VIEW_SORT_ARRIVAL, true);
	shows(&f, "521");
	assert_true(view_find(f.view, 5, &row) && row == 0);
	set_filter(&f, "");
	view_set_sort(f.view, VIEW_SORT_ARRIVAL, false);
	settle(&f);
	shows(&f, "012345");
	stop(&f);
}

static void orders(bool with_pool)
{
	struct fixture f = start(with_pool);
	struct view_progress p;
	size_t row;

	add(f.store, false, entries, 5);
	begin(&f);
	view_set_sort(f.view, VIEW_SORT_PATH, false);
	view_progress(f.view, &p);
	assert_true(p.sorting);
	settle(&f);
	view_progress(f.view, &p);
	assert_false(p.sorting);
	shows(&f, "42130");
	/* Inserted, equal paths in order of arrival. */
	add(f.store, false, entries + 5, 1);
	settle(&f);
	shows(&f, "425130");
	assert_true(view_find(f.view, 1, &row) && row == 3);
	view_set_sort(f.view, VIEW_SORT_PATH, true);
	shows(&f, "031524");
	view_set_sort(f.view, VIEW_SORT_DIGEST, false);
	settle(&f);
	shows(&f, "302514");
	view_set_sort(f.view, VIEW_SORT_TEMPLATE, false);
	settle(&f);
	shows(&f, "045123");
	view_set_sort(f.view, VIEW_SORT_SIZE, false);
	settle(&f);
	shows(&f, "502341");
	set_filter(&f, "usr");
	view_set_sort(f.view, VIEW_SORT_PATH, false);
	settle(&f);
	shows(&f, "251");
	stop(&f);
}

static void test_sort__without_pool(void **state)
{
	orders(false);
}

static void test_sort__in_the_pool(void **state)
{
	orders(true);
}

static void test_sort__view_freed_while_sorting(void **state)
{
	struct fixture f = start(true);

	add(f.store, false, entries, N);
	begin(&f);
	view_set_sort(f.view, VIEW_SORT_PATH, false);
	(void)view_step(f.view, 1000);
	f.view = view_free(f.view);
	pool_drain(f.pool);
	stop(&f);
}

static void test_group__counts_and_opens(void **state)
{
	struct fixture f = start(false);
	struct view_row r;
	size_t row;

	add(f.store, false, entries, 4);
	begin(&f);
	view_set_group(f.view, VIEW_GROUP_DIR);
	settle(&f);
	shows(&f, "[/usr/bin 2][(no path) 1][/var/log 1]");
	assert_true(view_at(f.view, 2, &r));
	assert_int_equal(r.violations, 1);
	assert_true(view_at(f.view, 0, &r));
	assert_int_equal(view_group_toggle(f.view, r.group), 0);
	shows(&f, "[/usr/bin 2]12[(no path) 1][/var/log 1]");
	add(f.store, false, entries + 4, 2);
	settle(&f);
	shows(&f, "[/usr/bin 3]125[(no path) 1][/var/log 1][/opt/app/bin 1]");
	assert_true(view_find(f.view, 2, &row) && row == 2);
	assert_false(view_find(f.view, 3, &row)); /* closed: its heading */
	assert_int_equal(row, 5);
	assert_int_equal(view_group_toggle(f.view, UINT32_MAX), 0);
	shows(&f, "[/usr/bin 3][(no path) 1][/var/log 1][/opt/app/bin 1]");
	view_set_group(f.view, VIEW_GROUP_SIGNER);
	settle(&f);
	shows(&f, "[(unsigned) 5][deadbeef 1]");
	view_set_group(f.view, VIEW_GROUP_PCR);
	settle(&f);
	shows(&f, "[PCR 10 6]");
	view_set_group(f.view, VIEW_GROUP_NONE);
	settle(&f);
	shows(&f, "012345");
	stop(&f);
}

/* The end of the list is known first; the middle arrives; rows keep their entries. */
static void gap(const char *filter, const char *apart, const char *joined)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct fixture f = start(false);
	size_t offset, row;
	mref last;

	for (size_t i = 0; i < 4; i++)
		listgen_record(&b, &entries[i]);
	offset = b.len;
	add(f.store, false, entries, 2);
	mstore_start_tail(f.store, offset);
	add(f.store, true, entries + 4, 2);
	begin(&f);
	set_filter(&f, filter);
	settle(&f);
	shows(&f, apart);
	last = mstore_last(f.store);
	add(f.store, false, entries + 2, 2);
	assert_int_equal(mstore_tail(f.store), 0);
	settle(&f);
	shows(&f, joined);
	assert_true(view_find(f.view, last, &row));
	assert_int_equal(row, strlen(joined) - 1);
	stop(&f);
}

static void test_step__gap_closes(void **state)
{
	gap("", "01.t0t1", "012345");
	gap("usr", "1.t1", "125");
	gap("!vio", "01.t0t1", "01245");
}

static void test_search__wraps_both_ways(void **state)
{
	struct fixture f = start(false);
	struct filter *what = NULL, *never = NULL;
	size_t cursor = 0, row = 0;

	add(f.store, false, entries, N);
	begin(&f);
	settle(&f);
	assert_int_equal(filter_new("ls", &what, NULL), 0);
	assert_int_equal(filter_new("nothing", &never, NULL), 0);
	assert_int_equal(view_search(f.view, what, 0, true, 1000, &cursor, &row), 1);
	assert_int_equal(row, 2);
	cursor = 0;
	assert_int_equal(view_search(f.view, what, 3, true, 1000, &cursor, &row), 1);
	assert_int_equal(row, 5);
	cursor = 0;
	assert_int_equal(view_search(f.view, what, 1, false, 1000, &cursor, &row), 1);
	assert_int_equal(row, 5);
	cursor = 0;
	assert_int_equal(view_search(f.view, never, 1, false, 1000, &cursor, &row), 0);
	filter_free(what);
	filter_free(never);
	stop(&f);
}

static void test_search__slices_find_the_same(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct fixture f = start(false);
	struct filter *what = NULL;
	size_t cursor = 0, row = 0;
	int r, slices = 0;

	listgen_many(&b, 1, 5000);
	assert_int_equal(mstore_append(f.store, false,
				       (struct span){(uint8_t *)b.ptr, b.len}, NULL),
			 0);
	begin(&f);
	assert_int_equal(filter_new("tool-004711", &what, NULL), 0);
	while ((r = view_search(f.view, what, 0, true, 0, &cursor, &row)) == -EAGAIN)
		slices++;
	assert_int_equal(r, 1);
	assert_int_equal(row, 4710);
	assert_true(slices > 50);
	filter_free(what);
	stop(&f);
}

static void test_same_path__times_and_digests(void **state)
{
	struct fixture f = start(false);
	struct view_same same = {0};

	add(f.store, false, entries, N);
	begin(&f);
	assert_int_equal(view_same_path(f.view, 2, 1000, &same), 1);
	assert_int_equal(same.times, 2);
	assert_int_equal(same.digests, 2);
	stop(&f);
}

static void test_names__round_trip(void **state)
{
	for (int i = 0; i < _VIEW_SORT_MAX; i++)
		assert_int_equal(view_sort_from_name(view_sort_name((enum view_sort)i)),
				 i);
	for (int i = 0; i < _VIEW_GROUP_MAX; i++)
		assert_int_equal(view_group_from_name(
					 view_group_name((enum view_group)i)),
				 i);
	assert_int_equal(view_sort_from_name("x"), _VIEW_SORT_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_step__filter_follows_arrivals),
		cmocka_unit_test(test_sort__without_pool),
		cmocka_unit_test(test_sort__in_the_pool),
		cmocka_unit_test(test_sort__view_freed_while_sorting),
		cmocka_unit_test(test_group__counts_and_opens),
		cmocka_unit_test(test_step__gap_closes),
		cmocka_unit_test(test_search__wraps_both_ways),
		cmocka_unit_test(test_search__slices_find_the_same),
		cmocka_unit_test(test_same_path__times_and_digests),
		cmocka_unit_test(test_names__round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
