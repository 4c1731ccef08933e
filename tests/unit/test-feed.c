/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes live: tests/lab/denials-stream.scenario. */
#include "tests/unit/test.h"

#include "tests/unit/tree.h"
#include "tui/feed.h"

enum {
	NOW = 1790000000 /* 2026-09-21 14:13:20 UTC */,
	MANY = 60000 /* more than a batch */
};

static void put_records(struct tree *t, unsigned n, unsigned ago)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	for (unsigned i = 0; i < n; i++)
		strbuf_addf(
			&b,
			"type=INTEGRITY_DATA msg=audit(%u.000:%u): pid=1 uid=0 auid=0 "
			"ses=1 op=appraise_data cause=missing-hash comm=\"sh\" "
			"name=\"/opt/%u\" dev=\"vda1\" ino=%u res=0 errno=0\n",
			NOW - ago, i + 1, i % 10, i % 10 + 1);
	tree_folder(t, "var");
	tree_folder(t, "var/log");
	tree_folder(t, "var/log/audit");
	tree_put(t, "var/log/audit/audit.log", strbuf_str(&b));
}

/* Batch by batch; how many there were. */
static unsigned read_all(struct feed *f, struct tree *t)
{
	unsigned batches = 0;

	for (; feed_busy(f); batches++) {
		feed_step(f, 1, NOW, 7, 0);
		pool_drain(t->pool);
		feed_step(f, 1, NOW, 7, 0);
		assert_true(batches < 1000);
	}
	return batches;
}

static void test_step__nothing_to_read(void **state)
{
	struct tree *t = *state;
	struct feed f;

	feed_init(&f, &t->root, t->pool);
	assert_true(feed_busy(&f));
	(void)read_all(&f, t);
	assert_true(f.ended);
	assert_int_equal(f.error.id, DIAG_NO_RECORDS);
	assert_int_equal(feed_kept(&f), 0);
	assert_int_equal(feed_fd(&f), -1);
	assert_int_equal(feed_wait_ms(&f, 1), -1);
	feed_done(&f);
}

/* All are counted, as many are kept as there is room for, the oldest first. */
static void test_step__many(void **state)
{
	struct tree *t = *state;
	struct denials_totals totals;
	struct feed f;

	put_records(t, MANY, 60);
	feed_init(&f, &t->root, t->pool);
	assert_true(read_all(&f, t) > 1);
	assert_int_equal(f.error.id, DIAG_NONE);
	denials_totals(f.store, &totals);
	assert_int_equal(totals.events, MANY);
	assert_int_equal(denials_rows(f.store), 10);
	assert_int_equal(feed_kept(&f), FEED_KEPT);
	assert_int_equal(feed_event(&f, 0)->d.serial, MANY - FEED_KEPT + 1);
	assert_int_equal(feed_event(&f, FEED_KEPT - 1)->d.serial, MANY);
	assert_true(feed_event(&f, 0)->count == FEED_BEFORE);
	assert_true(span_is(feed_event(&f, FEED_KEPT - 1)->d.path, "/opt/9"));
	assert_int_equal(feed_today(&f, NOW), MANY);
	assert_int_equal(feed_today(&f, NOW + 86400), 0);
	feed_done(&f);
}

static void test_today__yesterday_is_not(void **state)
{
	struct tree *t = *state;
	struct feed f;

	put_records(t, 5, 86400);
	feed_init(&f, &t->root, t->pool);
	(void)read_all(&f, t);
	assert_int_equal(feed_kept(&f), 5);
	assert_int_equal(feed_today(&f, NOW), 0);
	feed_done(&f);
}

static void test_restart__reads_again(void **state)
{
	struct tree *t = *state;
	unsigned generation;
	struct feed f;

	put_records(t, 3, 60);
	feed_init(&f, &t->root, t->pool);
	feed_step(&f, 1, NOW, 7, 0);
	assert_false(feed_restart(&f));
	pool_drain(t->pool);
	(void)read_all(&f, t);
	generation = f.generation;
	put_records(t, 4, 60);
	assert_true(feed_restart(&f));
	(void)read_all(&f, t);
	assert_int_equal(feed_kept(&f), 4);
	assert_true(f.generation != generation);
	feed_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_step__nothing_to_read, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_step__many, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_today__yesterday_is_not, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_restart__reads_again, tree_setup,
						tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
