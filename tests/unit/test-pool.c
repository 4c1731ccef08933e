/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <poll.h>
#include <time.h>

#include "core/host/pool.h"

struct sum_job {
	struct pool_job job;
	unsigned upto;
	unsigned long sum;
	unsigned done;
	atomic_bool started;
};

static void sum_run(struct pool_job *job)
{
	struct sum_job *s = (struct sum_job *)job;

	for (unsigned i = 0; i <= s->upto; i++)
		s->sum += i;
}

static void sum_done(struct pool_job *job)
{
	((struct sum_job *)job)->done++;
}

static void test_submit__each_done_once(void **state)
{
	_cleanup_(pool_freep) struct pool *p = NULL;
	struct sum_job j[50];

	assert_int_equal(pool_new(3, &p, NULL), 0);
	assert_int_equal(pool_threads(p), 3);
	for (unsigned i = 0; i < 50; i++) {
		j[i] = (struct sum_job){.job = {.run = sum_run, .done = sum_done},
					.upto = i};
		pool_submit(p, &j[i].job);
	}
	pool_drain(p);
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(j[i].done, 1);
		assert_int_equal(j[i].sum, (unsigned long)i * (i + 1) / 2);
	}
}

static void test_fd__readable_when_finished(void **state)
{
	_cleanup_(pool_freep) struct pool *p = NULL;
	struct sum_job j = {.job = {.run = sum_run, .done = sum_done}, .upto = 10};
	struct pollfd pfd = {.events = POLLIN};

	assert_int_equal(pool_new(1, &p, NULL), 0);
	pfd.fd = pool_fd(p);
	assert_int_equal(poll(&pfd, 1, 0), 0);
	pool_submit(p, &j.job);
	assert_int_equal(poll(&pfd, 1, 10000), 1);
	assert_int_equal(j.done, 0);
	assert_int_equal(pool_dispatch(p), 1);
	assert_int_equal(j.done, 1);
	assert_int_equal(poll(&pfd, 1, 0), 0);
}

static void wait_run(struct pool_job *job)
{
	atomic_store(&((struct sum_job *)job)->started, true);
	while (!atomic_load(&job->cancelled))
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
}

static void test_cancel__job_ends_and_is_done(void **state)
{
	_cleanup_(pool_freep) struct pool *p = NULL;
	struct sum_job j = {.job = {.run = wait_run, .done = sum_done}};

	assert_int_equal(pool_new(1, &p, NULL), 0);
	pool_submit(p, &j.job);
	pool_cancel(&j.job);
	pool_drain(p);
	assert_int_equal(j.done, 1);
}

static void test_free__drops_what_waits(void **state)
{
	struct pool *p = NULL;
	struct sum_job first = {.job = {.run = wait_run, .done = sum_done}},
		       second = first;

	assert_int_equal(pool_new(1, &p, NULL), 0);
	pool_submit(p, &first.job);
	pool_submit(p, &second.job);
	while (p && !atomic_load(&first.started))
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
	pool_free(p);
	assert_int_equal(first.done + second.done, 0);
}

static void test_grow__more_threads_never_fewer(void **state)
{
	_cleanup_(pool_freep) struct pool *p = NULL;
	struct sum_job waits = {.job = {.run = wait_run, .done = sum_done}},
		       j = {.job = {.run = sum_run, .done = sum_done}, .upto = 10};

	assert_int_equal(pool_new(1, &p, NULL), 0);
	pool_submit(p, &waits.job);
	assert_int_equal(pool_grow(p, 3), 0);
	assert_int_equal(pool_threads(p), 3);
	assert_int_equal(pool_grow(p, 2), 0);
	assert_int_equal(pool_threads(p), 3);
	pool_submit(p,
		    &j.job); /* the first thread is busy: one of the new ones does it */
	while (pool_dispatch(p) == 0)
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
	assert_int_equal(j.done, 1);
	pool_cancel(&waits.job);
	pool_drain(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_submit__each_done_once),
		cmocka_unit_test(test_fd__readable_when_finished),
		cmocka_unit_test(test_cancel__job_ends_and_is_done),
		cmocka_unit_test(test_free__drops_what_waits),
		cmocka_unit_test(test_grow__more_threads_never_fewer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
