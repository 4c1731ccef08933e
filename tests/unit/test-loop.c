/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "core/host/loop.h"

struct counter {
	struct loop *loop;
	int calls;
	int stop_at;
	int id;
};

static int count_and_quit(struct counter *c)
{
	if (++c->calls == c->stop_at)
		loop_quit(c->loop, c->calls);
	return 0;
}

static int on_timer(void *user)
{
	return count_and_quit(user);
}

static int on_fd(void *user, int fd, short revents)
{
	char b;

	assert_true(revents & POLLIN);
	assert_int_equal(read(fd, &b, 1), 1);
	return count_and_quit(user);
}

static int on_signal(void *user, int signo)
{
	assert_int_equal(signo, SIGUSR1);
	return count_and_quit(user);
}

static int on_idle(void *user)
{
	(void)count_and_quit(user);
	return ((struct counter *)user)->calls < 3;
}

static int give_up(void *user)
{
	return -EIO;
}

static void test_run__timer_period_and_once(void **state)
{
	_cleanup_(loop_freep) struct loop *l = NULL;
	struct counter periodic = {.stop_at = 4}, once = {0};
	uint64_t start = loop_now_ms();

	assert_int_equal(loop_new(&l, NULL), 0);
	periodic.loop = once.loop = l;
	assert_true(loop_add_timer(l, 1, 5, on_timer, &periodic) >= 0);
	assert_true(loop_add_timer(l, 1, 0, on_timer, &once) >= 0);
	assert_int_equal(loop_run(l), 4);
	assert_int_equal(once.calls, 1);
	assert_true(loop_now_ms() - start >= 16);
}

static void test_run__fd_until_deleted(void **state)
{
	_cleanup_(loop_freep) struct loop *l = NULL;
	struct counter c = {.stop_at = 2};
	int p[2];

	assert_int_equal(pipe(p), 0);
	assert_int_equal(loop_new(&l, NULL), 0);
	c.loop = l;
	c.id = loop_add_fd(l, p[0], POLLIN, on_fd, &c);
	assert_int_equal(write(p[1], "abc", 3), 3);
	assert_int_equal(loop_run(l), 2);
	loop_del(l, c.id);
	assert_int_equal(loop_once(l, 0), 0);
	assert_int_equal(c.calls, 2);
	close(p[0]);
	close(p[1]);
}

static void test_run__signal_taken_and_given_back(void **state)
{
	struct loop *l = NULL;
	struct counter c = {.stop_at = 1};
	sigset_t now;

	assert_int_equal(loop_new(&l, NULL), 0);
	c.loop = l;
	assert_true(loop_add_signal(l, SIGUSR1, on_signal, &c) >= 0);
	raise(SIGUSR1);
	assert_int_equal(loop_run(l), 1);
	loop_free(l);
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	assert_false(sigismember(&now, SIGUSR1));
}

static void test_once__idle_sleeps_until_woken(void **state)
{
	_cleanup_(loop_freep) struct loop *l = NULL;
	struct counter c = {0};

	assert_int_equal(loop_new(&l, NULL), 0);
	c.loop = l;
	c.id = loop_add_idle(l, on_idle, &c);
	for (int i = 0; i < 6; i++)
		assert_int_equal(loop_once(l, 0), 0);
	assert_int_equal(c.calls, 3);
	loop_wake(l, c.id);
	assert_int_equal(loop_once(l, 0), 0);
	assert_int_equal(c.calls, 4);
}

static void test_once__idle_sources_take_turns(void **state)
{
	_cleanup_(loop_freep) struct loop *l = NULL;
	struct counter a = {0}, b = {0};

	assert_int_equal(loop_new(&l, NULL), 0);
	a.loop = b.loop = l;
	loop_add_idle(l, on_idle, &a);
	loop_add_idle(l, on_idle, &b);
	for (int i = 0; i < 4; i++)
		assert_int_equal(loop_once(l, 0), 0);
	assert_int_equal(a.calls, 2);
	assert_int_equal(b.calls, 2);
}

static void test_run__handler_error_ends_it(void **state)
{
	_cleanup_(loop_freep) struct loop *l = NULL;

	assert_int_equal(loop_new(&l, NULL), 0);
	loop_add_timer(l, 0, 1, give_up, NULL);
	assert_int_equal(loop_run(l), -EIO);
}

/* A source added by a handler into the slot of one deleted in the same round must not get
 * the old one's events. */
static int swap(void *user, int fd, short revents)
{
	struct counter *c = user;

	loop_del(c->loop, c->id);
	assert_true(loop_add_timer(c->loop, 60000, 0, give_up, NULL) != c->id);
	return count_and_quit(c);
}

static void test_run__slot_not_reused_in_the_round(void **state)
{
	_cleanup_(loop_freep) struct loop *l = NULL;
	struct counter c = {.stop_at = 1};
	int p[2];

	assert_int_equal(pipe(p), 0);
	assert_int_equal(loop_new(&l, NULL), 0);
	c.loop = l;
	c.id = loop_add_fd(l, p[0], POLLIN, swap, &c);
	assert_int_equal(write(p[1], "a", 1), 1);
	assert_int_equal(loop_run(l), 1);
	close(p[0]);
	close(p[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run__timer_period_and_once),
		cmocka_unit_test(test_run__fd_until_deleted),
		cmocka_unit_test(test_run__signal_taken_and_given_back),
		cmocka_unit_test(test_once__idle_sleeps_until_woken),
		cmocka_unit_test(test_once__idle_sources_take_turns),
		cmocka_unit_test(test_run__handler_error_ends_it),
		cmocka_unit_test(test_run__slot_not_reused_in_the_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
