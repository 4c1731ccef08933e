/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The search for one change: everywhere in a list, in a pool, against the clock. */
#include "tests/unit/bootgen.h"

#include "core/host/pool.h"

enum { N = 300, LONG = 6000, TOO_LONG = 15000, NEW = 100000 };

/* What is done with a list of @n entries at number @i, and what is said about it. */
struct change {
	enum verify_why why;
	void (*make)(struct bg *b, unsigned n, unsigned i);
	unsigned first; /* entry named, less @i */
};

static void insert(struct bg *b, unsigned n, unsigned i)
{
	struct bg_entry e = bg_file(NEW);

	bg_list_range(b, 0, i);
	bg_list(b, &e);
	bg_list_range(b, i, n);
}

static void duplicate(struct bg *b, unsigned n, unsigned i)
{
	bg_list_range(b, 0, i);
	bg_list_range(b, 1, 2);
	bg_list_range(b, i, n);
}

static void swap(struct bg *b, unsigned n, unsigned i)
{
	bg_list_range(b, 0, i - 1);
	bg_list_range(b, i, i + 1);
	bg_list_range(b, i - 1, i);
	bg_list_range(b, i + 1, n);
}

static void hide(struct bg *b, unsigned n, unsigned i)
{
	struct bg_entry e = bg_file(NEW);

	bg_list_range(b, 0, i);
	bg_list(b, &e);
	bg_list_range(b, i + 1, n);
}

static void drop(struct bg *b, unsigned n, unsigned i)
{
	bg_list_range(b, 0, i);
	bg_list_range(b, i + 1, n);
}

static const struct change changes[] = {
	{WHY_INSERTED, insert, 1},	  {WHY_DUPLICATED, duplicate, 1},
	{WHY_SWAPPED, swap, 0},		  {WHY_VIOLATION_HIDDEN, hide, 1},
	{WHY_VIOLATION_DROPPED, drop, 1},
};

static void named(const struct verify *v, const struct change *c, uint64_t i)
{
	const struct verify_reason *w = bg_reason(v, c->why);

	if (w && w->first == i + c->first)
		return;
	bg_print(v);
	fail_msg("%s expected at entry %llu", verify_why_name(c->why),
		 (unsigned long long)(i + c->first));
}

/* Violations are at 13, 22, ..: all kinds of change are possible there. */
static void everywhere(unsigned banks, struct pool *pool)
{
	for (size_t k = 0; k < array_size(changes); k++)
		for (unsigned i = 13; i < N; i += 45) {
			_bg_ b = bg_new(banks, REPLAY_NATIVE);
			struct verify_options o;
			_cleanup_(verify_freep) struct verify *v = NULL;

			bg_extend_range(b, 0, N);
			changes[k].make(b, N, i);
			o = bg_options(b);
			o.pool = pool;
			v = bg_verify(&o);
			named(v, &changes[k], i);
			assert_int_equal(bg_causes(v), 1);
			assert_true(verify_result(v)->search.complete);
		}
}

static void test_search__sha1(void **state)
{
	everywhere(BG_SHA1, NULL);
}

static void test_search__sha256(void **state)
{
	everywhere(BG_SHA256, NULL);
}

static void test_search__in_a_pool(void **state)
{
	_cleanup_(pool_freep) struct pool *pool = NULL;

	assert_int_equal(pool_new(3, &pool, NULL), 0);
	everywhere(BG_SHA1 | BG_SHA256, pool);
}

/* Several changes lead there: whoever is quicker, the same one is named. */
static void test_search__the_same_each_time(void **state)
{
	_cleanup_(pool_freep) struct pool *pool = NULL;
	uint64_t first = 0;

	assert_int_equal(pool_new(4, &pool, NULL), 0);
	for (int i = 0; i < 20; i++) {
		_bg_ b = bg_new(BG_SHA1, REPLAY_NATIVE);
		struct verify_options o = bg_options(b);
		_cleanup_(verify_freep) struct verify *v = NULL;
		const struct verify_reason *w;

		bg_extend_range(b, 0, N);
		bg_list_range(b, 0, 100);
		bg_list_range(b, 99,
			      100); /* twice the same in a row: either is the copy */
		bg_list_range(b, 100, N);
		o.pool = i ? pool : NULL;
		v = bg_verify(&o);
		w = bg_reason(v, WHY_DUPLICATED);
		assert_non_null(w);
		assert_true(i == 0 || w->first == first);
		first = w->first;
	}
	assert_int_equal(first, 101);
}

/* What a match with the first @n entries proved. */
static void prove(unsigned n, struct strbuf *out)
{
	_bg_ b = bg_new(BG_SHA1 | BG_SHA256, REPLAY_NATIVE);
	struct verify_options o = bg_options(b);
	_cleanup_(verify_freep) struct verify *v = NULL;

	bg_list_range(b, 0, n);
	bg_extend_range(b, 0, n);
	v = bg_verify(&o);
	assert_int_equal(verify_result(v)->verdict, VERIFY_MATCH);
	verify_save(v, out);
	assert_true(out->len > 0);
}

static struct verify *verify_since(struct bg *b, const struct strbuf *proven)
{
	struct verify_options o = bg_options(b);

	o.checkpoints = strbuf_span(proven);
	return bg_verify(&o);
}

/* Changed behind what was proven: the search begins there, and says where it began. */
static void test_checkpoints__changed_behind(void **state)
{
	_cleanup_strbuf_ struct strbuf proven = {0};
	_bg_ b = bg_new(BG_SHA1 | BG_SHA256, REPLAY_NATIVE);
	_bg_ unknown = bg_new(BG_SHA1 | BG_SHA256, REPLAY_NATIVE);
	_cleanup_(verify_freep) struct verify *v = NULL, *u = NULL;

	prove(200, &proven);
	bg_extend_range(b, 0, N);
	insert(b, N, 250);
	v = verify_since(b, &proven);
	named(v, &changes[0], 250);
	assert_int_equal(verify_result(v)->search.entries, N + 1 - 200);
	bg_extend_range(unknown, 0, N);
	drop(unknown, N, 251); /* a file: cannot be named */
	u = verify_since(unknown, &proven);
	assert_int_equal(bg_causes(u), 0);
	assert_int_equal(bg_reason(u, WHY_PROVEN_PART)->first, 201);
	assert_int_equal(bg_reason(u, WHY_PROVEN_PART)->last, N - 1);
}

/* Changed within: the places around it are known, and the change between them. */
static void test_checkpoints__changed_within(void **state)
{
	_cleanup_strbuf_ struct strbuf proven = {0};

	prove(LONG, &proven); /* so many that not every place is kept */
	for (size_t k = 0; k < array_size(changes); k++) {
		_bg_ b = bg_new(BG_SHA1 | BG_SHA256, REPLAY_NATIVE);
		_cleanup_(verify_freep) struct verify *v = NULL;
		const struct verify_reason *w;

		bg_extend_range(b, 0, LONG);
		changes[k].make(b, LONG, 1012);
		v = verify_since(b, &proven);
		named(v, &changes[k], 1012);
		w = bg_reason(v, WHY_CHECKPOINT);
		assert_non_null(w);
		assert_true(w->first <= 1013 && w->last >= 1012);
		assert_true(w->last - w->first < LONG / 100);
		assert_true(verify_result(v)->search.entries < LONG / 100 + 2);
		assert_null(bg_reason(v, WHY_MORE));
	}
}

/* One that cannot be named lies between two places all the same. */
static void test_checkpoints__dropped_within(void **state)
{
	_cleanup_strbuf_ struct strbuf proven = {0};
	_bg_ b = bg_new(BG_SHA1 | BG_SHA256, REPLAY_NATIVE);
	_cleanup_(verify_freep) struct verify *v = NULL;

	prove(LONG, &proven);
	bg_extend_range(b, 0, LONG);
	drop(b, LONG, 1010);
	v = verify_since(b, &proven);
	assert_int_equal(bg_causes(v), 1);
	assert_true(bg_reason(v, WHY_CHECKPOINT)->first <= 1011);
	assert_true(bg_reason(v, WHY_CHECKPOINT)->last >= 1011);
}

/* Two changes, far from each other: the first is proven by the place behind it. */
static void test_checkpoints__two_changes(void **state)
{
	_cleanup_strbuf_ struct strbuf proven = {0};
	_bg_ b = bg_new(BG_SHA1 | BG_SHA256, REPLAY_NATIVE);
	_cleanup_(verify_freep) struct verify *v = NULL;

	prove(LONG, &proven);
	bg_extend_range(b, 0, LONG);
	bg_list_range(b, 0, 1008);
	bg_list_range(b, 1009, 1010);
	bg_list_range(b, 1008, 1009);
	bg_list_range(b, 1010, 3000);
	bg_list_range(b, 3001, LONG);
	v = verify_since(b, &proven);
	named(v, &changes[2], 1009);
	assert_non_null(bg_reason(v, WHY_MORE));
	assert_true(bg_reason(v, WHY_MORE)->first > 1010);
	assert_true(bg_reason(v, WHY_MORE)->first < 1100);
}

/* Entries taken from the end: the list is a prefix of what it was. */
static void test_checkpoints__cut_off(void **state)
{
	_cleanup_strbuf_ struct strbuf proven = {0};
	_bg_ b = bg_new(BG_SHA1 | BG_SHA256, REPLAY_NATIVE);
	_cleanup_(verify_freep) struct verify *v = NULL;
	const struct verify_reason *w;

	prove(N, &proven);
	bg_extend_range(b, 0, N);
	bg_list_range(b, 0, N - 3);
	v = verify_since(b, &proven);
	assert_int_equal(verify_result(v)->verdict, VERIFY_MISMATCH);
	w = bg_reason(v, WHY_CHECKPOINT);
	assert_non_null(w);
	assert_non_null(strstr(w->text, "now there are 297"));
}

/* What is kept does not grow with the list. */
static void test_save__bounded(void **state)
{
	_cleanup_strbuf_ struct strbuf few = {0}, many = {0};

	prove(256, &few);
	prove(LONG, &many);
	assert_true(many.len <= few.len + few.len / 16);
}

/* The time is up: how far it got is said, and nothing that is not so. */
static void test_search__time_is_up(void **state)
{
	_bg_ b = bg_new(BG_SHA256, REPLAY_NATIVE);
	struct verify_options o = bg_options(b);
	_cleanup_(pool_freep) struct pool *pool = NULL;
	_cleanup_(verify_freep) struct verify *v = NULL, *with_pool = NULL;
	const struct verify_search *s;

	assert_int_equal(pool_new(2, &pool, NULL), 0);
	bg_extend_range(b, 0, TOO_LONG);
	drop(b, TOO_LONG, 1010);
	o.search_ms = 200;
	v = bg_verify(&o);
	s = &verify_result(v)->search;
	assert_false(s->complete || s->running);
	assert_int_equal(s->entries, TOO_LONG - 1);
	assert_true(s->tried > 0 && s->tried < s->entries);
	assert_non_null(bg_reason(v, WHY_SEARCH_ENDED));
	assert_int_equal(bg_causes(v), 0);
	o.pool = pool;
	with_pool = bg_verify(&o);
	s = &verify_result(with_pool)->search;
	assert_false(s->complete || s->running);
	assert_true(s->tried > 0 && s->tried < s->entries);
}

/* Few records can be a copy, so the search finds one long before it comes there. */
static void test_search__a_copy_is_found_early(void **state)
{
	_bg_ b = bg_new(BG_SHA256, REPLAY_NATIVE);
	struct verify_options o = bg_options(b);
	_cleanup_(verify_freep) struct verify *v = NULL;

	bg_extend_range(b, 0, LONG);
	duplicate(b, LONG, 20);
	v = bg_verify(&o);
	named(v, &changes[1], 20);
	assert_true(verify_result(v)->search.tried < LONG / 10);
}

static void test_search__not_wanted(void **state)
{
	_bg_ b = bg_new(BG_SHA1, REPLAY_NATIVE);
	struct verify_options o = bg_options(b);
	_cleanup_(verify_freep) struct verify *v = NULL;

	bg_extend_range(b, 0, N);
	swap(b, N, 100);
	o.search_ms = 0;
	v = bg_verify(&o);
	assert_int_equal(verify_result(v)->verdict, VERIFY_MISMATCH);
	assert_int_equal(bg_causes(v), 0);
	assert_non_null(strstr(bg_reason(v, WHY_SEARCH_ENDED)->text, "not tried"));
}

/* A console that is left meanwhile. */
static void test_search__freed_while_it_runs(void **state)
{
	_bg_ b = bg_new(BG_SHA256, REPLAY_NATIVE);
	struct verify_options o = bg_options(b);
	_cleanup_(pool_freep) struct pool *pool = NULL;
	_cleanup_(verify_freep) struct verify *v = NULL;

	assert_int_equal(pool_new(2, &pool, NULL), 0);
	bg_extend_range(b, 0, LONG);
	drop(b, LONG, 1010);
	o.pool = pool;
	assert_int_equal(verify_new(&o, &v, NULL), 0);
	while (!verify_result(v)->search.running)
		assert_int_equal(verify_step(v, 500, NULL), VERIFY_MORE);
	assert_int_equal(verify_step(v, 500, NULL), VERIFY_MORE);
}

/* A machine that measures on while it is checked: between two looks at the list ten entries
 * come, and the PCR is read after the third of them. */
struct machine {
	struct bg *b;
	unsigned listed, extended;
};

static ssize_t live_read(void *arg, void *buf, size_t len, struct diag *reterr)
{
	return bg_read(((struct machine *)arg)->b, buf, len, reterr);
}

static int live_rewind(void *arg, struct diag *reterr)
{
	return bg_rewind(((struct machine *)arg)->b, reterr);
}

static int live_pcrs(void *arg, uint32_t mask, struct pcrs *ret, struct diag *reterr)
{
	struct machine *m = arg;

	if (!(mask & 1)) { /* not those of the boot, before the list is read */
		bg_extend_range(m->b, m->extended, m->listed + 3);
		m->extended = m->listed + 3;
		bg_list_range(m->b, m->listed, m->listed + 10);
		m->listed += 10;
	}
	*ret = m->b->pcrs;
	return 0;
}

static void test_search__live(void **state)
{
	_bg_ b = bg_new(BG_SHA1 | BG_SHA256, REPLAY_NATIVE);
	struct machine m = {b, N, 0};
	struct verify_options o = bg_options(b);
	_cleanup_(verify_freep) struct verify *v = NULL;

	swap(b, N, 100);
	o.source = (struct verify_source){live_read, live_rewind, live_pcrs, &m};
	assert_int_equal(verify_new(&o, &v, NULL), 0);
	assert_int_equal(verify_run(v, NULL), 0);
	assert_int_equal(verify_result(v)->later, 10);
	named(v, &changes[2], 100);
	assert_int_equal(bg_causes(v), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_search__sha1),
		cmocka_unit_test(test_search__sha256),
		cmocka_unit_test(test_search__in_a_pool),
		cmocka_unit_test(test_search__the_same_each_time),
		cmocka_unit_test(test_checkpoints__changed_behind),
		cmocka_unit_test(test_checkpoints__changed_within),
		cmocka_unit_test(test_checkpoints__dropped_within),
		cmocka_unit_test(test_checkpoints__two_changes),
		cmocka_unit_test(test_checkpoints__cut_off),
		cmocka_unit_test(test_save__bounded),
		cmocka_unit_test(test_search__time_is_up),
		cmocka_unit_test(test_search__a_copy_is_found_early),
		cmocka_unit_test(test_search__not_wanted),
		cmocka_unit_test(test_search__freed_while_it_runs),
		cmocka_unit_test(test_search__live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
