/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "core/label/relabel-guess.h"
#include "core/label/relabel-job-internal.h"
#include "tests/unit/tree.h"

static const struct relabel_opts plain = {.alg = HASH_SHA256};

/* A job that has ended: @files of 1 MiB each in @ms. */
static unsigned put_job(struct tree *t, uint64_t files, uint64_t ms, uint64_t throttle)
{
	_cleanup_relabel_job_ struct relabel_job job = {
		.state = RELABEL_JOB_ENDED,
		.alg = HASH_SHA256,
		.throttle = throttle,
		.steps = files,
		.n.done = files,
		.bytes = files << 20,
		.to_read = files << 20,
		.elapsed_ms = ms,
		.current = strdup(""),
	};
	_cleanup_close_ int dir = job_create(&t->root, &job.id, NULL);

	assert_true(dir >= 0);
	assert_int_equal(relabel_job_note(&job, dir, NULL), 0);
	return job.id;
}

static struct relabel plan_of(uint64_t files)
{
	struct relabel r = {.to_read = files << 20};

	r.plan.n = files;
	r.reasons[RELABEL_NEW_HASH].files = files;
	return r;
}

static void test_guess__computing_alone(void **state)
{
	struct tree *t = *state;
	struct relabel r = plan_of(1 << 20); /* a TiB: seconds at any rate */
	struct relabel_guess one, four;

	relabel_guess(&t->root, &r, &plain, 1, NULL, &one);
	relabel_guess(&t->root, &r, &plain, 4, NULL, &four);
	assert_int_equal(one.job, 0);
	assert_false(one.signing);
	assert_true(four.ms > 1000 && one.ms > four.ms);
}

static void test_guess__signatures_take_time(void **state)
{
	struct tree *t = *state;
	struct relabel r = {0};
	struct sig_key *key = tree_key();
	struct relabel_opts opts = {.alg = HASH_SHA256, .key = key};
	struct relabel_guess g;

	r.reasons[RELABEL_NEW_SIGNATURE].files = 10000000;
	relabel_guess(&t->root, &r, &opts, 1, key, &g);
	assert_true(g.signing);
	assert_true(g.ms > 1000);
	relabel_guess(&t->root, &r, &opts, 1, NULL, &g);
	assert_false(g.signing);
	sig_key_free(key);
}

static void test_guess__no_faster_than_asked(void **state)
{
	struct tree *t = *state;
	struct relabel r = plan_of(100);
	struct relabel_opts opts = plain;
	struct relabel_guess g;

	opts.throttle = 1 << 20;
	relabel_guess(&t->root, &r, &opts, 8, NULL, &g);
	assert_int_equal(g.ms, 100000);
}

/* The last one that worked alike, however many there were of other kinds. */
static void test_guess__pace_of_a_job(void **state)
{
	struct tree *t = *state;
	struct relabel r = plan_of(300);
	struct relabel_opts other = {.alg = HASH_SHA512};
	struct relabel_guess g;
	unsigned id;

	(void)put_job(t, 100, 500000, 0);
	id = put_job(t, 100, 10000, 0);
	(void)put_job(t, 100, 10, 0);		/* too short to tell */
	(void)put_job(t, 100, 100000, 1 << 20); /* was held back */
	relabel_guess(&t->root, &r, &plain, 1, NULL, &g);
	assert_int_equal(g.job, id);
	assert_int_equal(g.ms, 30000);
	relabel_guess(&t->root, &r, &other, 1, NULL, &g);
	assert_int_equal(g.job, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)
		TEST(test_guess__computing_alone),
		TEST(test_guess__signatures_take_time),
		TEST(test_guess__no_faster_than_asked),
		TEST(test_guess__pace_of_a_job),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
