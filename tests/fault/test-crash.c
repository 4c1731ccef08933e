/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A change of every kind, ended at each system call that changes a file system, then
 * finished or taken back: nothing but the state before and the state after ever remains.
 * IMACTL_LONG=1: every pair of crashes, thousands of random ones.
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/act-xattr.h"
#include "core/base/cleanup.h"
#include "tests/fault/scenario.h"
#include "tests/fault/shim.h"

enum way {
	FINISH,
	TAKE_BACK,
};

static char *state_before, *state_after;

static bool long_run(void)
{
	return getenv("IMACTL_LONG") != NULL;
}

static char *look(const struct scenario *s, bool times)
{
	struct strbuf b = {0};

	scenario_look(s, &b, times);
	return strbuf_take(&b);
}

/* In a child that is to be killed. */
static void run_plan(struct scenario *s, enum shim_mode mode, size_t at)
{
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;

	scenario_plan(s, &plan);
	shim_set(mode, at, 0);
	(void)scenario_run(s, &plan, &r, NULL);
	shim_set(SHIM_OFF, 0, 0);
}

static int settle(struct scenario *s, enum way way, struct change_result *r,
		  struct diag *d)
{
	struct change_ctx ctx = scenario_ctx(s);
	unsigned open = 0;

	assert_int_equal(change_find_open(&s->root, ROOT_STATE, &open, d), 0);
	if (!open)
		return 0;
	return (way == FINISH ? change_resume(&ctx, open, r, d)
			      : change_undo(&ctx, open, false, r, d)) < 0
		       ? -1
		       : 1;
}

/* Runs @call in a child; true when it was killed, false when it ended by itself. */
static bool killed(void (*call)(struct scenario *, enum shim_mode, size_t),
		   struct scenario *s, enum shim_mode mode, size_t at)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		call(s, mode, at);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	scenario_reopen(s);
	if (WIFSIGNALED(status))
		assert_int_equal(WTERMSIG(status), SIGKILL);
	else
		assert_int_equal(status, 0);
	return WIFSIGNALED(status);
}

/* What must be there once an interrupted change is settled. */
static void assert_settled(struct scenario *s, enum way way, const char *where, size_t at)
{
	_cleanup_free_ char *now = NULL, *exact = NULL;
	struct change_result r = {0};
	struct diag d = {0};
	int any = settle(s, way, &r, &d);

	if (any < 0)
		fail_msg("%s %zu: %s", where, at, d.text);
	if (any && r.outcome != (way == FINISH ? CHANGE_DONE : CHANGE_UNDONE))
		fail_msg("%s %zu: %s: %s", where, at, change_outcome_name(r.outcome),
			 r.failure.text);
	now = look(s, false);
	exact = look(s, true);
	if (any && way == FINISH)
		assert_string_equal(now, state_after);
	else if (any)
		assert_string_equal(exact, state_before);
	else if (strcmp(exact, state_before) != 0) /* not begun, or complete */
		assert_string_equal(now, state_after);
	assert_int_equal(settle(s, way, &r, &d), 0); /* nothing stays open */
}

static size_t count_calls(void)
{
	struct scenario s;
	size_t n;

	scenario_new(&s);
	{
		_cleanup_plan_ struct plan plan = {0};
		struct change_result r;

		scenario_plan(&s, &plan);
		shim_set(SHIM_COUNT, 0, 0);
		assert_int_equal(scenario_run(&s, &plan, &r, NULL), 0);
		n = shim_count();
		shim_set(SHIM_OFF, 0, 0);
	}
	scenario_done(&s);
	return n;
}

static void test_kill__at_every_call(void **state)
{
	static const enum shim_mode modes[] = {SHIM_KILL_BEFORE, SHIM_KILL_AFTER};
	size_t n = count_calls();
	struct scenario s;

	assert_true(n > 100);
	for (size_t at = 0; at < n; at++) {
		/* before one call is after the one before it, but for what only reads */
		for (size_t m = at && !long_run(); m < array_size(modes); m++) {
			for (enum way way = FINISH; way <= TAKE_BACK; way++) {
				scenario_new(&s);
				assert_true(killed(run_plan, &s, modes[m], at));
				assert_settled(&s, way, "killed at", at);
				scenario_done(&s);
			}
		}
	}
}

static void finish_in_child(struct scenario *s, enum shim_mode mode, size_t at)
{
	struct change_result r;
	struct diag d;

	shim_set(mode, at, 0);
	(void)settle(s, FINISH, &r, &d);
	shim_set(SHIM_OFF, 0, 0);
}

static void take_back_in_child(struct scenario *s, enum shim_mode mode, size_t at)
{
	struct change_result r;
	struct diag d;

	shim_set(mode, at, 0);
	(void)settle(s, TAKE_BACK, &r, &d);
	shim_set(SHIM_OFF, 0, 0);
}

/* A crash, a crash while it is being settled one way, and then settled either way. */
static void crash_twice(size_t first, size_t second, enum way middle, enum way last)
{
	struct scenario s;

	scenario_new(&s);
	assert_true(killed(run_plan, &s, SHIM_KILL_AFTER, first));
	(void)killed(middle == FINISH ? finish_in_child : take_back_in_child, &s,
		     SHIM_KILL_BEFORE, second);
	assert_settled(&s, last, "second crash at", first * 1000 + second);
	scenario_done(&s);
}

static void test_kill__while_settling(void **state)
{
	size_t n = count_calls(), step = long_run() ? 1 : 23, i = 0;

	for (size_t first = 5; first < n; first += step) {
		for (size_t second = i % 7; second < n; second += long_run() ? 1 : 17) {
			crash_twice(first, second, FINISH, i % 2 ? FINISH : TAKE_BACK);
			crash_twice(first, second, TAKE_BACK, i % 2 ? TAKE_BACK : FINISH);
			i++;
		}
	}
}

/* Undoing a change that was complete, ended at every call and undone again. */
static void undo_in_child(struct scenario *s, enum shim_mode mode, size_t at)
{
	struct change_ctx ctx = scenario_ctx(s);
	struct change_result r;

	shim_set(mode, at, 0);
	(void)change_undo(&ctx, 1, false, &r, NULL);
	shim_set(SHIM_OFF, 0, 0);
}

static void test_kill__at_every_call_of_an_undo(void **state)
{
	bool more = true;

	for (size_t at = 0; more; at++) {
		_cleanup_plan_ struct plan plan = {0};
		_cleanup_free_ char *now = NULL;
		struct change_result r;
		struct scenario s;
		struct change_ctx ctx;
		struct diag d = {0};

		scenario_new(&s);
		scenario_plan(&s, &plan);
		assert_int_equal(scenario_run(&s, &plan, &r, NULL), 0);
		more = killed(undo_in_child, &s, SHIM_KILL_AFTER, at);
		ctx = scenario_ctx(&s);
		if (change_undo(&ctx, 1, false, &r, &d) < 0)
			fail_msg("undo after a kill at %zu: %s", at, d.text);
		if (r.outcome != (more ? CHANGE_UNDONE : CHANGE_NOTHING) &&
		    !(more && r.outcome == CHANGE_NOTHING))
			fail_msg("undo after a kill at %zu: %s: %s", at,
				 change_outcome_name(r.outcome), r.failure.text);
		now = look(&s, true);
		assert_string_equal(now, state_before);
		scenario_done(&s);
	}
}

/* Each call fails once, or for ever from then on. Nothing is half done while the engine
 * says that it is settled; and what it leaves open is settled once the fault is gone. */
static void fail_at(size_t at, enum shim_mode mode, int err)
{
	_cleanup_plan_ struct plan plan = {0};
	_cleanup_free_ char *now = NULL, *exact = NULL;
	struct change_result r = {0};
	struct scenario s;
	struct diag d = {0};
	int ran;

	scenario_new(&s);
	scenario_plan(&s, &plan);
	shim_set(mode, at, err);
	ran = scenario_run(&s, &plan, &r, &d);
	shim_set(SHIM_OFF, 0, 0);
	now = look(&s, false);
	exact = look(&s, true);
	if (ran < 0) {
		assert_int_not_equal(d.id, DIAG_NONE);
		assert_string_equal(exact, state_before);
	} else if (r.outcome == CHANGE_DONE) {
		assert_string_equal(now, state_after);
	} else if (r.outcome == CHANGE_ROLLED_BACK) {
		assert_int_not_equal(r.failure.id, DIAG_NONE);
		assert_string_equal(exact, state_before);
	} else {
		if (r.outcome != CHANGE_STUCK)
			fail_msg("call %zu, error %d: %s", at, err,
				 change_outcome_name(r.outcome));
		assert_int_not_equal(r.failure.id, DIAG_NONE);
	}
	scenario_reopen(&s);
	assert_settled(&s, at % 2 ? FINISH : TAKE_BACK, "failed at", at);
	scenario_done(&s);
}

static void test_fail__every_call(void **state)
{
	static const int errors[] = {EIO, ENOSPC, EROFS, EINTR};
	size_t n = count_calls();

	for (size_t at = 0; at < n; at++) {
		for (size_t e = 0; e < array_size(errors); e++) {
			if (!long_run() && e != at % array_size(errors) && e != 0)
				continue;
			fail_at(at, SHIM_FAIL_ONE, errors[e]);
			if (errors[e] !=
			    EINTR) /* for ever interrupted is for ever busy */
				fail_at(at, SHIM_FAIL_FROM, errors[e]);
		}
		fail_at(at, SHIM_SHORT, 0);
	}
}

/* Interrupted calls and short writes are no failures at all. */
static void test_fail__interrupted_writes_are_repeated(void **state)
{
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;
	struct scenario s;
	size_t n = count_calls(), rolled_back = 0;

	for (size_t at = 0; at < n; at++) {
		scenario_new(&s);
		scenario_plan(&s, &plan);
		shim_set(SHIM_SHORT, at, 0);
		assert_int_equal(scenario_run(&s, &plan, &r, NULL), 0);
		shim_set(SHIM_OFF, 0, 0);
		rolled_back += r.outcome != CHANGE_DONE;
		plan_done(&plan);
		scenario_done(&s);
	}
	assert_int_equal(rolled_back, 0);
}

/* Killed from outside at random moments, on the clock instead of at a call. */
static void long_change(struct scenario *s, enum shim_mode mode, size_t at)
{
	_cleanup_plan_ struct plan plan = {0};
	struct change_ctx ctx = scenario_ctx(s);
	struct plan_spec a = {.path = "etc/labelled"};
	uint8_t hash[PLAN_HASH_SIZE];
	struct change_result r;
	char name[32];

	assert_int_equal(plan_init(&plan, "many", NULL), 0);
	for (int i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "user.n%02d", i);
		(void)act_xattr_set(&plan, &s->root, &a, name, span_of("value"), NULL);
	}
	plan_hash(&plan, hash);
	(void)change_run(&ctx, &plan, hash, &r, NULL);
}

static void kill_at_random(unsigned seed)
{
	struct timespec nap = {.tv_nsec = (long)(seed * 7919u % 12000u) * 1000};
	struct scenario s;
	int status;
	pid_t pid;

	scenario_new(&s);
	pid = fork();
	if (pid == 0) {
		if (seed % 2)
			run_plan(&s, SHIM_OFF, 0);
		else
			long_change(&s, SHIM_OFF, 0);
		_exit(0);
	}
	(void)nanosleep(&nap, NULL);
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	scenario_reopen(&s);
	if (seed % 2)
		assert_settled(&s, seed % 4 == 1 ? FINISH : TAKE_BACK, "random kill",
			       seed);
	else {
		struct change_result r = {0};
		struct diag d = {0};

		if (settle(&s, TAKE_BACK, &r, &d) < 0)
			fail_msg("%s", d.text);
	}
	scenario_done(&s);
}

static void test_kill__at_random(void **state)
{
	unsigned n = long_run() ? 5000 : 60;

	for (unsigned i = 0; i < n; i++)
		kill_at_random(i);
}

static int setup(void **state)
{
	_cleanup_plan_ struct plan plan = {0};
	struct change_result r;
	struct scenario s;

	scenario_new(&s);
	state_before = look(&s, true);
	scenario_plan(&s, &plan);
	assert_int_equal(scenario_run(&s, &plan, &r, NULL), 0);
	assert_int_equal(r.outcome, CHANGE_DONE);
	state_after = look(&s, false);
	scenario_done(&s);
	return 0;
}

static int teardown(void **state)
{
	free(state_before);
	free(state_after);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kill__at_every_call),
		cmocka_unit_test(test_kill__at_every_call_of_an_undo),
		cmocka_unit_test(test_kill__while_settling),
		cmocka_unit_test(test_kill__at_random),
		cmocka_unit_test(test_fail__every_call),
		cmocka_unit_test(test_fail__interrupted_writes_are_repeated),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
