/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labelling killed: at each system call that changes a file system, and from outside at
 * random moments. Then it is finished, and every label is right and of the right kind; or
 * taken back, and every file has its label of before, byte for byte.
 * IMACTL_LONG=1: every call, and thousands of random moments.
 */
#include "tests/unit/test.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/fault/labels.h"
#include "tests/fault/shim.h"

#define MEMORY "/dev/shm" /* syncing takes no time there */

enum way { FINISH, TAKE_BACK };

static bool long_run(void)
{
	return getenv("IMACTL_LONG") != NULL;
}

static _Noreturn void child(struct labels *l, size_t batch, enum shim_mode mode,
			    size_t at)
{
	struct change_result r;
	bool failed;

	shim_set(mode, at, 0);
	failed = labels_apply(l, batch, &r, NULL) < 0 || r.outcome != CHANGE_DONE;
	shim_set(SHIM_OFF, 0, 0);
	_exit(failed);
}

/* True: it was killed. */
static bool wait_for(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		assert_int_equal(WTERMSIG(status), SIGKILL);
	else
		assert_int_equal(status, 0);
	return WIFSIGNALED(status);
}

static void settle(struct labels *l, enum way way, unsigned id, const char *where)
{
	struct change_ctx ctx = labels_begin(l, 0);
	struct change_result r = {0};
	struct diag d = {0};
	int err = way == FINISH ? change_resume(&ctx, id, &r, &d)
				: change_undo(&ctx, id, false, &r, &d);

	if (err < 0)
		fail_msg("%s: %s", where, d.text);
	if (r.outcome != (way == FINISH ? CHANGE_DONE : CHANGE_UNDONE))
		fail_msg("%s: %s: %s", where, change_outcome_name(r.outcome),
			 r.failure.text);
	labels_end(l);
}

/* No file was given one kind of label first and another one then: a second intent finds
 * what the first one found. */
static void assert_once(struct labels *l, unsigned id, const char *where)
{
	struct journal j;
	struct act_label_wish wish;

	assert_int_equal(journal_load(&j, &l->tree.root, ROOT_STATE, id, act_label_set(),
				      NULL),
			 0);
	for (size_t i = 0; i < j.plan.n; i++) {
		uint8_t found[PLAN_HASH_SIZE];

		assert_true(act_label_unpack(j.plan.steps[i].after, &wish));
		action_fingerprint(j.plan.steps[i].action, j.steps[i].before, found);
		if (memcmp(found, j.plan.steps[i].before, sizeof(found)) != 0)
			fail_msg("%s: %s was labelled twice", where,
				 j.plan.steps[i].path);
	}
	journal_done(&j);
}

static void assert_settled(struct labels *l, enum way way, const char *before,
			   const char *where)
{
	_cleanup_free_ char *now = NULL;
	unsigned open = 0;

	labels_reopen(l);
	assert_int_equal(change_find_open(&l->tree.root, ROOT_STATE, &open, NULL), 0);
	if (open)
		settle(l, way, open, where);
	now = labels_look(l);
	if (open && way == FINISH) {
		labels_assert_right(l, where);
		assert_once(l, open, where);
	} else if (open) {
		assert_string_equal(now, before);
	} else if (strcmp(now, before) != 0) {
		labels_assert_right(l, where); /* it had ended */
	}
}

static void test_kill__at_calls(void **state)
{
	size_t step = long_run() ? 1 : 7;
	bool more = true;
	char where[32];

	for (size_t at = 0; more; at += step) {
		struct labels l;
		pid_t pid;

		labels_make(&l, MEMORY, 12);
		if (!tree_can_label(&l.tree)) {
			labels_done(&l);
			skip();
		}
		_cleanup_free_ char *before = labels_look(&l);

		pid = tree_fork(&l.tree);
		if (pid == 0)
			child(&l, 3, at % 2 ? SHIM_KILL_BEFORE : SHIM_KILL_AFTER, at);
		more = wait_for(pid);
		(void)snprintf(where, sizeof(where), "killed at call %zu", at);
		assert_settled(&l, at / step % 2 ? FINISH : TAKE_BACK, before, where);
		labels_done(&l);
	}
}

/* Killed several times on its way, finished each time a bit more, and at last. */
static void kill_again_and_again(struct labels *l, unsigned seed)
{
	for (unsigned i = 0; i < seed % 4; i++) {
		struct timespec nap = {.tv_nsec = (long)(seed * 977u % 9000u) * 1000};
		unsigned open = 0;
		pid_t pid;

		assert_int_equal(change_find_open(&l->tree.root, ROOT_STATE, &open, NULL),
				 0);
		if (!open)
			return;
		pid = tree_fork(&l->tree);
		if (pid == 0) {
			settle(l, FINISH, open, "in the child");
			_exit(0);
		}
		(void)nanosleep(&nap, NULL);
		(void)kill(pid, SIGKILL);
		(void)wait_for(pid);
		labels_reopen(l);
	}
}

enum { FILES = 300, AT_FIRST_US = 50000 };

/* One attempt, @nap_us from its beginning. True: it was killed, not too late. */
static bool kill_after(long nap_us, unsigned i)
{
	struct timespec nap = {.tv_nsec = nap_us % 1000000 * 1000,
			       .tv_sec = nap_us / 1000000};
	char where[32];
	struct labels l;
	bool killed;
	pid_t pid;

	labels_make(&l, MEMORY, FILES);
	_cleanup_free_ char *before = labels_look(&l);

	pid = tree_fork(&l.tree);
	if (pid == 0)
		child(&l, 16, SHIM_OFF, 0);
	(void)nanosleep(&nap, NULL);
	(void)kill(pid, SIGKILL);
	killed = wait_for(pid);
	labels_reopen(&l);
	kill_again_and_again(&l, i);
	(void)snprintf(where, sizeof(where), "random kill %u", i);
	assert_settled(&l, i % 2 ? FINISH : TAKE_BACK, before, where);
	labels_done(&l);
	return killed;
}

/* Spread over all of the time that it takes, which nobody knows beforehand on a machine
 * that does other things, too: who came too late comes earlier the next time. */
static void test_kill__at_random_moments(void **state)
{
	unsigned n = long_run() ? 2000 : 20, killed = 0;
	long most = AT_FIRST_US;
	struct labels l;

	labels_make(&l, MEMORY, 1);
	if (!tree_can_label(&l.tree)) {
		labels_done(&l);
		skip();
	}
	labels_done(&l);
	for (unsigned i = 0; killed < n; i++) {
		long nap = most * (long)(i * 7919u % n) / (long)n;
		bool hit = kill_after(nap, i);

		assert_true(i < 20 * n);
		killed += hit;
		if (!hit)
			most = nap + 1;
		else if (nap > most / 2)
			most += most / 4;
	}
}

/* The disk is full for the journal in the middle of it: what is done stays, the change can
 * be gone on with and taken back. */
static void test_fail__no_room_for_the_journal(void **state)
{
	struct change_result r;
	struct diag d = {0};

	for (size_t at = 20; at < 90; at += long_run() ? 1 : 9) {
		struct labels l;

		labels_make(&l, MEMORY, 24);
		if (!tree_can_label(&l.tree)) {
			labels_done(&l);
			skip();
		}
		_cleanup_free_ char *before = labels_look(&l);

		shim_set(SHIM_FAIL_FROM, at, ENOSPC);
		(void)labels_apply(&l, 4, &r, &d);
		shim_set(SHIM_OFF, 0, 0);
		assert_settled(&l, at % 2 ? FINISH : TAKE_BACK, before, "no room");
		labels_done(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kill__at_calls),
		cmocka_unit_test(test_kill__at_random_moments),
		cmocka_unit_test(test_fail__no_room_for_the_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
