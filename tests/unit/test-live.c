/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>

#include "core/list/live-internal.h"
#include "tests/unit/machine.h"

static void settle(struct live *l)
{
	assert_int_equal(live_catch_up(l, NULL, NULL), 0);
}

static struct live_status status(const struct live *l)
{
	struct live_status s;

	live_status(l, &s);
	return s;
}

static struct live *open_live(struct machine *m, unsigned flags)
{
	struct live *l = NULL;
	struct diag d = {0};

	if (live_open(&m->root, flags, NULL, &l, &d) < 0)
		fail_msg("%s", d.text);
	return l;
}

/* The store holds records first..last, each in its place. */
static void holds(struct live *l, unsigned first, unsigned last)
{
	_cleanup_strbuf_ struct strbuf want = {0};
	struct mstore *s = live_store(l);
	struct span run;
	size_t at = 0;
	uint32_t n;

	listgen_many(&want, first, last - first + 1);
	assert_int_equal(mstore_head(s), last - first + 1);
	assert_int_equal(mstore_tail(s), 0);
	for (mref r = 0; (n = mstore_run(s, r, &run)) > 0; r += n) {
		assert_memory_equal(run.ptr, want.ptr + at, run.len);
		at += run.len;
	}
	assert_int_equal(at, want.len);
}

static void test_open__no_ima(void **state)
{
	struct machine m = machine_make();
	struct live *l = NULL;
	struct diag d = {0};

	assert_int_equal(live_open(&m.root, 0, NULL, &l, &d), -ENOENT);
	assert_int_equal(d.id, DIAG_NO_IMA);
	machine_drop(&m);
}

static void test_step__follows_without_rereading(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct machine m = machine_make();
	struct live *l;

	listgen_many(&b, 1, 100);
	machine_list(&m, &b, 100, 0440);
	l = open_live(&m, LIVE_NO_CHECKPOINT);
	assert_int_equal(status(l).list_reads, 1);
	assert_int_equal(mstore_head(live_store(l)), 100); /* the first screen */
	settle(l);
	assert_int_equal(status(l).list_reads, 1); /* no read just to see the end */
	for (int i = 0; i < 5; i++)
		assert_int_equal(live_poll(l, NULL), 0);
	assert_int_equal(status(l).list_reads, 1);
	assert_int_equal(status(l).count_reads, 6);
	listgen_many(&b, 101, 7);
	machine_list(&m, &b, 107, 0440);
	assert_int_equal(live_poll(l, NULL), 1);
	settle(l);
	holds(l, 1, 107);
	assert_int_equal(status(l).list_reads, 2);
	assert_int_equal(live_seen_ms(l, 99), 0);
	assert_true(live_seen_ms(l, 100) > 0);
	live_free(l);
	machine_drop(&m);
}

static void test_open__empty_list(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct machine m = machine_make();
	struct live *l;

	machine_list(&m, &b, 0, 0440);
	l = open_live(&m, LIVE_NO_CHECKPOINT);
	settle(l);
	assert_true(status(l).caught_up);
	listgen_many(&b, 1, 3);
	machine_list(&m, &b, 3, 0440);
	assert_int_equal(live_poll(l, NULL), 1);
	settle(l);
	holds(l, 1, 3);
	live_free(l);
	machine_drop(&m);
}

/* Records of one size, as a page at a time: the end is found by one look and two reads. */
static void test_step__tail_first(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct machine m = machine_make();
	struct live *l;
	uint64_t n, reads;

	listgen_many(&b, 1, 40000);
	machine_list(&m, &b, 40000, 0440);
	l = open_live(&m, LIVE_NO_CHECKPOINT);
	l->read_max = LIVE_PAGE;
	reads = status(l).list_reads;
	while (!mstore_tail(live_store(l)))
		assert_int_equal(live_step(l, NULL), 1);
	assert_in_range(status(l).list_reads - reads, 2, 3); /* the last finds the end */
	assert_true(mstore_number(live_store(l), mstore_last(live_store(l)), &n));
	assert_int_equal(n, 40000);
	assert_true(status(l).eta_ms < 100000);
	listgen_many(&b, 40001, 10); /* new ones come before the middle is read */
	machine_list(&m, &b, 40010, 0440);
	assert_int_equal(live_poll(l, NULL), 1);
	assert_int_equal(live_step(l, NULL), 1);
	assert_true(mstore_number(live_store(l), mstore_last(live_store(l)), &n));
	assert_int_equal(n, 40010);
	settle(l);
	holds(l, 1, 40010);
	live_free(l);
	machine_drop(&m);
}

/* Sizes that no mean predicts: @size(i) of entry i's path. The end is found, and in far
 * fewer reads than there are pages. */
static void uneven(size_t (*size)(unsigned i, unsigned arg), unsigned arg)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct machine m = machine_make();
	struct live *l;
	char path[1200];
	uint64_t reads;

	for (unsigned i = 0; i < 12000; i++) {
		size_t len = size(i, arg);

		memset(path, 'a' + (int)(i % 26), len);
		snprintf(path + len, 16, "%u", i);
		listgen_record(&b, &(struct made){.path = path, .seed = (uint8_t)i});
	}
	machine_list(&m, &b, 12000, 0440);
	l = open_live(&m, LIVE_NO_CHECKPOINT);
	l->read_max = LIVE_PAGE;
	reads = status(l).list_reads;
	while (l->search.active)
		assert_true(live_step(l, NULL) >= 0);
	assert_true(mstore_tail(live_store(l)) > 0);
	assert_in_range(status(l).list_reads - reads, 2, 22);
	settle(l);
	assert_int_equal(mstore_head(live_store(l)), 12000);
	assert_int_equal(mstore_end(live_store(l), false), b.len);
	live_free(l);
	machine_drop(&m);
}

/* The first half of one size, the second of another. */
static size_t halves(unsigned i, unsigned arg)
{
	return i < 6000 ? arg / 10000 : arg % 10000;
}

/* Runs of like sizes, as programs and their data leave them. */
static size_t runs(unsigned i, unsigned seed)
{
	uint32_t run = (i / (100 + seed * 37) + 1) * 2654435761u * (seed + 1);
	uint32_t one = (i + 1) * 2246822519u;

	return 10 + (run >> 16) % 150 + (one >> 20) % 40;
}

static void test_step__tail_of_uneven_list(void **state)
{
	uneven(halves, 100000 + 1000);
	uneven(halves, 10000000 + 10);
	uneven(halves, 100000 + 60);
	uneven(halves, 3000000 + 200);
	for (unsigned seed = 0; seed < 40; seed++)
		uneven(runs, seed);
}

static void test_step__in_the_pool(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	_cleanup_(pool_freep) struct pool *pool = NULL;
	struct machine m = machine_make();
	struct live *l = NULL;

	listgen_many(&b, 1, 30000);
	machine_list(&m, &b, 30000, 0440);
	assert_int_equal(pool_new(1, &pool, NULL), 0);
	assert_int_equal(live_open(&m.root, LIVE_NO_CHECKPOINT, pool, &l, NULL), 0);
	assert_int_equal(live_step(l, NULL), -EAGAIN);
	assert_int_equal(live_step(l, NULL), -EAGAIN);
	settle(l);
	holds(l, 1, 30000);
	l = live_free(l);
	assert_int_equal(live_open(&m.root, LIVE_NO_CHECKPOINT, pool, &l, NULL), 0);
	assert_int_equal(live_step(l, NULL), -EAGAIN);
	live_free(l); /* while a read is under way */
	machine_drop(&m);
}

static void test_open__checkpoint_costs_one_read(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct machine m = machine_make();
	struct live *l;

	listgen_many(&b, 1, 5000);
	machine_list(&m, &b, 5000, 0440);
	l = open_live(&m, 0);
	assert_true(status(l).saving);
	settle(l);
	assert_int_equal(live_set_blob(l, "replay", span_of("abc")), 0);
	live_free(l);
	listgen_many(&b, 5001, 20);
	machine_list(&m, &b, 5020, 0440);
	l = open_live(&m, 0);
	assert_true(status(l).resumed);
	settle(l);
	assert_int_equal(status(l).list_reads, 1);
	holds(l, 1, 5020);
	assert_int_equal(live_blob(l, "replay").len, 3);
	live_free(l);
	machine_drop(&m);
}

static void test_open__checkpoint_of_half_a_list(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct machine m = machine_make();
	struct live *l;

	listgen_many(&b, 1, 40000);
	machine_list(&m, &b, 40000, 0440);
	l = open_live(&m, 0);
	l->read_max = LIVE_PAGE;
	for (int i = 0; i < 200; i++)
		assert_int_equal(live_step(l, NULL), 1);
	live_free(l); /* quit while the middle is still being read */
	l = open_live(&m, 0);
	assert_true(status(l).resumed);
	settle(l);
	holds(l, 1, 40000);
	live_free(l);
	machine_drop(&m);
}

static void earlier_is(struct live *l, const struct strbuf *want)
{
	_cleanup_strbuf_ struct strbuf got = {0};
	_cleanup_close_ int fd = live_earlier(l);

	assert_true(fd >= 0);
	assert_int_equal(fs_read_fd(fd, 1 << 20, "earlier", &got, NULL), 0);
	assert_int_equal(got.len, want->len);
	assert_memory_equal(got.ptr, want->ptr, want->len);
}

/* The cached list is another one than the kernel's: nothing of it may get into the list,
 * and it is kept to be compared. */
static void test_open__checkpoint_with_wrong_content(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0}, other = {0};
	struct machine m = machine_make();
	struct live *l;

	listgen_many(&b, 1, 500);
	listgen_many(&other, 1001, 600);
	machine_list(&m, &b, 500, 0440);
	l = open_live(&m, 0);
	settle(l);
	assert_int_equal(live_set_blob(l, "replay", span_of("abc")), 0);
	assert_int_equal(live_earlier(l), -ENOENT);
	live_free(l);
	machine_list(&m, &other, 600, 0440);
	l = open_live(&m, 0);
	assert_false(status(l).resumed);
	settle(l);
	holds(l, 1001, 1600);
	earlier_is(l, &b);
	assert_int_equal(live_blob(l, "replay").len, 3); /* what was proven stays so */
	live_free(l);
	l = open_live(&m, 0);
	assert_true(status(l).resumed);
	earlier_is(l, &b);
	live_free(l);
	machine_drop(&m);
}

static void test_open__kernel_has_fewer_than_before(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0}, less = {0};
	struct machine m = machine_make();
	struct live *l;

	listgen_many(&b, 1, 500);
	listgen_many(&less, 1, 499);
	machine_list(&m, &b, 500, 0440);
	l = open_live(&m, 0);
	settle(l);
	live_free(l);
	machine_list(&m, &less, 499, 0440);
	l = open_live(&m, 0);
	assert_false(status(l).resumed);
	settle(l);
	holds(l, 1, 499);
	earlier_is(l, &b);
	live_free(l);
	machine_drop(&m);
}

static void test_open__checkpoint_with_flipped_byte(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0}, bytes = {0};
	struct machine m = machine_make();
	static const char name[] =
		"var/cache/imactl/list-11111111-2222-3333-4444-555555555555";
	struct live *l;

	listgen_many(&b, 1, 500);
	machine_list(&m, &b, 500, 0440);
	l = open_live(&m, 0);
	settle(l);
	live_free(l);
	machine_read(&m, name, &bytes);
	bytes.ptr[bytes.len / 2] ^= 1;
	machine_put(&m, name, bytes.ptr, bytes.len, 0600);
	l = open_live(&m, 0);
	assert_false(status(l).resumed);
	settle(l);
	holds(l, 1, 500);
	assert_int_equal(live_earlier(l), -ENOENT); /* it is no evidence */
	live_free(l);
	machine_drop(&m);
}

static void trimmed_list(struct machine *m, unsigned first, unsigned last)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	listgen_many(&b, first, last - first + 1);
	machine_list(m, &b, last - first + 1, 0660);
}

static void test_step__trimmed_list_is_found_again(void **state)
{
	struct machine m = machine_make();
	struct live *l;

	trimmed_list(&m, 1, 300);
	l = open_live(&m, 0);
	assert_true(status(l).trimmable);
	settle(l);
	assert_int_equal(l->head_fd, -1); /* never held between polls */
	trimmed_list(&m, 101, 300);
	assert_int_equal(live_poll(l, NULL), 1);
	settle(l);
	assert_int_equal(status(l).trimmed, 100);
	holds(l, 1, 300);	    /* what the kernel gave up is kept */
	trimmed_list(&m, 251, 450); /* as many as before, but others */
	assert_int_equal(live_poll(l, NULL), 0);
	trimmed_list(&m, 251, 451);
	assert_int_equal(live_poll(l, NULL), 1);
	settle(l);
	holds(l, 1, 451);
	assert_int_equal(status(l).trimmed, 250);
	assert_false(status(l).lost);
	live_free(l);
	l = open_live(&m, 0); /* and so it is after a restart */
	assert_true(status(l).resumed);
	settle(l);
	holds(l, 1, 451);
	assert_int_equal(status(l).trimmed, 250);
	live_free(l);
	machine_drop(&m);
}

static void test_step__all_trimmed(void **state)
{
	_cleanup_strbuf_ struct strbuf none = {0};
	struct machine m = machine_make();
	struct live *l;

	trimmed_list(&m, 1, 50);
	l = open_live(&m, LIVE_NO_CHECKPOINT);
	settle(l);
	machine_list(&m, &none, 0, 0660);
	assert_int_equal(live_poll(l, NULL), 1);
	settle(l);
	assert_int_equal(status(l).trimmed, 50);
	assert_false(status(l).lost);
	trimmed_list(&m, 51, 60);
	assert_int_equal(live_poll(l, NULL), 1);
	settle(l);
	holds(l, 1, 60);
	trimmed_list(&m, 81, 99); /* 61..80 came and went unseen */
	assert_int_equal(live_poll(l, NULL), 1);
	settle(l);
	assert_true(status(l).lost);
	assert_int_equal(mstore_head(live_store(l)), 79);
	live_free(l);
	machine_drop(&m);
}

static void test_poll_ms__slows_down_when_quiet(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct machine m = machine_make();
	struct live *l;

	listgen_many(&b, 1, 10);
	machine_list(&m, &b, 10, 0440);
	l = open_live(&m, LIVE_NO_CHECKPOINT);
	settle(l);
	l->slowest_us = 0;
	assert_int_equal(live_poll_ms(l), 250);
	for (int i = 0; i < 300; i++)
		assert_int_equal(live_poll(l, NULL), 0);
	assert_int_equal(live_poll_ms(l), 2000);
	machine_count(&m, 11);
	assert_int_equal(live_poll(l, NULL), 1);
	assert_int_equal(live_poll_ms(l), 250);
	live_free(l);
	machine_drop(&m);
}

static void test_step__damaged_list_keeps_the_head(void **state)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct machine m = machine_make();
	struct live *l = NULL;
	struct mstore_progress p;

	listgen_many(&b, 1, 100);
	memset(b.ptr + b.len / 2, 0xff, 200);
	machine_list(&m, &b, 100, 0440);
	assert_int_equal(live_open(&m.root, LIVE_NO_CHECKPOINT, NULL, &l, NULL), 0);
	settle(l);
	mstore_progress(live_store(l), &p);
	assert_int_equal(p.state, MSTORE_DAMAGED);
	assert_in_range(p.head, 49, 50);
	live_free(l);
	machine_drop(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open__no_ima),
		cmocka_unit_test(test_step__follows_without_rereading),
		cmocka_unit_test(test_open__empty_list),
		cmocka_unit_test(test_step__tail_first),
		cmocka_unit_test(test_step__tail_of_uneven_list),
		cmocka_unit_test(test_step__in_the_pool),
		cmocka_unit_test(test_open__checkpoint_costs_one_read),
		cmocka_unit_test(test_open__checkpoint_of_half_a_list),
		cmocka_unit_test(test_open__checkpoint_with_wrong_content),
		cmocka_unit_test(test_open__kernel_has_fewer_than_before),
		cmocka_unit_test(test_open__checkpoint_with_flipped_byte),
		cmocka_unit_test(test_step__trimmed_list_is_found_again),
		cmocka_unit_test(test_step__all_trimmed),
		cmocka_unit_test(test_poll_ms__slows_down_when_quiet),
		cmocka_unit_test(test_step__damaged_list_keeps_the_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
