/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rotation of a key, killed within each of its phases at system calls that change a file
 * system; then the change is finished or taken back, and what is there alone says how it
 * goes on, to the same end. IMACTL_LONG=1: at every call.
 */
#include "tests/unit/test.h"

#include <signal.h>
#include <sys/wait.h>

#include "tests/fault/shim.h"
#include "tests/unit/rotation.h"

#define MEMORY "/dev/shm" /* syncing takes no time there */

static bool can_sign; /* security.ima can be set there */

/* True: it was killed. */
static bool step_killed(struct rotation *w, size_t at)
{
	pid_t pid = tree_fork(&w->tree);
	int status;

	if (pid == 0) {
		shim_set(at % 2 ? SHIM_KILL_BEFORE : SHIM_KILL_AFTER, at, 0);
		rotation_step(w);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	root_done(&w->tree.root);
	assert_int_equal(root_open_live(&w->tree.root, w->tree.dir, NULL), 0);
	if (!WIFSIGNALED(status)) {
		assert_int_equal(status, 0);
		return false;
	}
	assert_int_equal(WTERMSIG(status), SIGKILL);
	return true;
}

/* Nothing takes a revocation back: it is finished. */
static void settle(struct rotation *w, bool finish, const char *where)
{
	struct change_ctx ctx = rotation_ctx(w);
	struct change_result r = {0};
	struct diag d = {0};
	unsigned open = 0;
	int err;

	assert_int_equal(change_find_open(&w->tree.root, ROOT_STATE, &open, NULL), 0);
	if (!open)
		return;
	err = finish ? change_resume(&ctx, open, &r, &d)
		     : change_undo(&ctx, open, false, &r, &d);
	if (err < 0 || r.outcome != (finish ? CHANGE_DONE : CHANGE_UNDONE))
		fail_msg("%s: %s %s", where, d.text, change_outcome_name(r.outcome));
}

static void go_to(struct rotation *w, enum rotate_phase phase)
{
	for (int i = 0; i < _ROTATE_PHASE_MAX && rotation_look(w) < phase; i++)
		rotation_step(w);
	assert_int_equal(w->now.next, phase);
}

/* The end is the same, wherever it was interrupted: one key, one generation to go back to. */
static void assert_end(struct rotation *w, const char *where)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	unsigned newest;

	go_to(w, _ROTATE_PHASE_MAX);
	assert_int_equal(gen_list_load(&w->tree.root, ROTATION_KERNEL, &list, NULL), 0);
	newest = gen_newest_blessed(&list, 0);
	if (newest != w->now.there || gen_newest_blessed(&list, newest) ||
	    list.candidate || w->now.old_at_boot || !w->now.new_at_boot ||
	    w->now.policy_by_old)
		fail_msg("%s: generation %u, there is %u", where, newest, w->now.there);
}

/* At the @at-th call of the phase. False: it has fewer. */
static bool cut(enum rotate_phase phase, size_t at, bool finish)
{
	struct rotation w;
	bool killed;
	char where[64];

	(void)snprintf(where, sizeof(where), "%s, killed at call %zu, %s",
		       rotate_phase_word(phase), at, finish ? "finished" : "taken back");
	rotation_make(&w, MEMORY, can_sign);
	go_to(&w, phase);
	killed = step_killed(&w, at);
	settle(&w, finish, where);
	if (rotation_look(&w) < phase)
		fail_msg("%s: then %s is next", where, rotate_phase_word(w.now.next));
	assert_end(&w, where);
	rotation_done(&w);
	return killed;
}

/* @step: every which call, where not each is asked for. */
static void cut_everywhere(enum rotate_phase phase, size_t step)
{
	size_t n = 0;

	if (getenv("IMACTL_LONG"))
		step = 1;

	while (cut(phase, n * step, n % 2 || phase == ROTATE_REVOKE))
		n++;
	assert_true(n > 2);
}

static void test_cut__trust(void **state)
{
	cut_everywhere(ROTATE_TRUST, 29);
}

static void test_cut__policy(void **state)
{
	if (!can_sign)
		skip();
	cut_everywhere(ROTATE_POLICY, 29);
}

static void test_cut__retire(void **state)
{
	cut_everywhere(ROTATE_RETIRE, 29);
}

static void test_cut__revoke(void **state)
{
	cut_everywhere(ROTATE_REVOKE, 11);
}

static int look_whether_it_can_sign(void **state)
{
	struct tree t;

	tree_make_at(&t, MEMORY);
	can_sign = tree_can_label(&t);
	tree_done(&t);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut__trust),
		cmocka_unit_test(test_cut__policy),
		cmocka_unit_test(test_cut__retire),
		cmocka_unit_test(test_cut__revoke),
	};

	return cmocka_run_group_tests(tests, look_whether_it_can_sign, NULL);
}
