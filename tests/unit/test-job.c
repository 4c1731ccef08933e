/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "core/host/job.h"
#include "tests/unit/tree.h"

static void test_open__none(void **state)
{
	struct tree *t = *state;
	unsigned *ids = NULL;
	struct diag d = {0};

	assert_int_equal(job_open(&t->root, 1, &d), -ENOENT);
	assert_int_equal(d.id, DIAG_NO_JOB);
	assert_int_equal(job_list(&t->root, &ids, &d), 0);
	assert_null(ids);
	job_remove(&t->root, 1);
}

static void test_create__numbers_grow(void **state)
{
	struct tree *t = *state;
	unsigned *ids = NULL, id = 0;

	for (unsigned i = 1; i <= 3; i++) {
		_cleanup_close_ int dir = job_create(&t->root, &id, NULL);

		assert_true(dir >= 0);
		assert_int_equal(id, i);
	}
	job_remove(&t->root, 2);
	assert_int_equal(job_list(&t->root, &ids, NULL), 2);
	assert_int_equal(ids[0], 1);
	assert_int_equal(ids[1], 3);
	free(ids);
}

static void test_put__is_whole_or_not_there(void **state)
{
	struct tree *t = *state;
	_cleanup_strbuf_ struct strbuf b = {0};
	struct diag d = {0};
	unsigned id;
	_cleanup_close_ int dir = job_create(&t->root, &id, NULL);
	_cleanup_close_ int fd = -1;

	assert_int_equal(job_get(dir, "plan", &b, &d), -ENOENT);
	assert_int_equal(job_put(dir, "plan", span_of("the plan"), &d), 0);
	assert_int_equal(job_get(dir, "plan", &b, &d), 0);
	assert_string_equal(strbuf_str(&b), "the plan");
	fd = openat(dir, "plan", O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "X", 1, 38), 1);
	strbuf_clear(&b);
	assert_int_equal(job_get(dir, "plan", &b, &d), -EBADMSG);
	assert_int_equal(d.id, DIAG_JOURNAL_BAD);
}

/* What changes all the time is read whole, while it is written, longer and shorter. */
static void test_note__while_it_is_read(void **state)
{
	struct tree *t = *state;
	unsigned id;
	_cleanup_close_ int dir = job_create(&t->root, &id, NULL);
	int status;
	pid_t pid;

	assert_int_equal(job_note(dir, "state", span_of("a"), NULL), 0);
	pid = tree_fork(t);
	if (pid == 0) {
		static char text[3000];

		for (int i = 0; i < 3000; i++) {
			size_t len = (size_t)(i * 37 % 2900 + 1);

			memset(text, 'a' + i % 26, len);
			if (job_note(dir, "state", (struct span){(uint8_t *)text, len},
				     NULL) < 0)
				_exit(1);
		}
		_exit(0);
	}
	for (int i = 0; i < 500; i++) {
		_cleanup_strbuf_ struct strbuf b = {0};

		assert_int_equal(job_get(dir, "state", &b, NULL), 0);
		assert_true(b.len > 0);
		assert_true(span_all(strbuf_span(&b), (uint8_t)b.ptr[0]));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* The lock ends with the process, and nobody removes what is at work. */
static void test_lock__as_long_as_somebody_works(void **state)
{
	struct tree *t = *state;
	unsigned id;
	_cleanup_close_ int dir = job_create(&t->root, &id, NULL);
	int ready[2], status;
	struct diag d = {0};
	char c;
	pid_t pid;

	assert_false(job_is_running(dir));
	assert_int_equal(pipe(ready), 0);
	pid = tree_fork(t);
	if (pid == 0) {
		c = job_lock(dir, NULL) >= 0 ? 'y' : 'n';
		(void)!write(ready[1], &c, 1);
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(c, 'y');
	assert_true(job_is_running(dir));
	assert_int_equal(job_lock(dir, &d), -EBUSY);
	assert_int_equal(d.id, DIAG_BUSY);
	job_remove(&t->root, id);
	assert_true(job_is_running(dir));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(job_is_running(dir));
	job_remove(&t->root, id);
	assert_int_equal(job_open(&t->root, id, NULL), -ENOENT);
	close(ready[0]);
	close(ready[1]);
}

/* Who only asks is not in the way of who begins. */
static void test_lock__asking_takes_nothing(void **state)
{
	struct tree *t = *state;
	unsigned id;
	_cleanup_close_ int dir = job_create(&t->root, &id, NULL);
	pid_t child = tree_fork(t);
	int r = 0;

	assert_true(child >= 0);
	while (child == 0)
		(void)job_is_running(dir);
	for (int i = 0; i < 20000 && r == 0; i++) {
		int lock = job_lock(dir, NULL);

		r = lock < 0 ? lock : 0;
		if (lock >= 0)
			(void)close(lock);
	}
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	assert_int_equal(r, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)
		TEST(test_open__none),
		TEST(test_lock__asking_takes_nothing),
		TEST(test_create__numbers_grow),
		TEST(test_put__is_whole_or_not_there),
		TEST(test_note__while_it_is_read),
		TEST(test_lock__as_long_as_somebody_works),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
