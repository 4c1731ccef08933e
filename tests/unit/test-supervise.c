/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "recovery/supervise.h"

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int give(void *user)
{
	return *(int *)user;
}

static int crash(void *user)
{
	const struct rlimit none = {0};

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)signal(SIGABRT, SIG_DFL);
	abort();
}

/* With a child of its own, whose end of the pipe tells when it is gone. */
static int hang(void *user)
{
	int *ends = user;

	(void)close(ends[0]);
	(void)fork();
	(void)pause();
	return 0; /* it is killed */
}

static void test_work__hangs(void **state)
{
	double begun = now();
	int ends[2];
	char byte;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(supervise_work(hang, ends, 1), -ETIME);
	assert_true(now() - begun < 5);
	/* nothing of it is left that would hold a descriptor */
	(void)close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	(void)close(ends[0]);
	(void)waitpid(-1, NULL, 0);
}

static void test_work__crashes(void **state)
{
	assert_int_equal(supervise_work(crash, NULL, 10), -EINTR);
}

static void test_work__ends(void **state)
{
	double begun = now();

	for (int i = 0; i < 256; i += 51)
		assert_int_equal(supervise_work(give, &i, 10), i);
	assert_true(now() - begun < 5);
}

/* Where the caller has other children, and handles none. */
static void test_work__with_another_child(void **state)
{
	pid_t other = fork();
	int seven = 7;

	if (other == 0)
		_exit(0);
	assert_int_equal(waitpid(other, NULL, 0), other);
	assert_int_equal(supervise_work(give, &seven, 10), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work__hangs),
		cmocka_unit_test(test_work__crashes),
		cmocka_unit_test(test_work__ends),
		cmocka_unit_test(test_work__with_another_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
