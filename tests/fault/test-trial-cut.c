/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names that decide over boots, when the machine stops or the disk fails at any of the
 * system calls that write them: the old one is there or the new one, and whoever was told that
 * it is written finds it again. */
#include "tests/unit/test.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/trial.h"
#include "tests/fault/scenario.h"
#include "tests/fault/shim.h"

#define BOOT "5f2b0a4e-0a39-4a4e-9a27-0b8a3f6f6a01"

static const struct trial armed = {.state = TRIAL_ARMED,
				   .number = 7,
				   .id = "abc",
				   .boots_left = 3};
static const struct trial running = {.state = TRIAL_RUNNING,
				     .number = 7,
				     .id = "abc",
				     .boot_id = BOOT};

static void begin(struct scenario *s)
{
	scenario_new(s);
	assert_int_equal(fs_mkdirs_at(s->root.dir[ROOT_TARGET], GEN_FOLDER, 0700, NULL),
			 0);
	assert_int_equal(trial_write(&s->root, &armed, NULL), 0);
}

static enum trial_state state_of(const struct scenario *s)
{
	struct trial t;
	struct diag d = {0};

	if (trial_read(&s->root, &t, &d) != 1)
		fail_msg("neither the old nor the new one: %s", d.text);
	assert_int_equal(t.number, 7);
	assert_string_equal(t.id, "abc");
	return t.state;
}

static bool killed_at(enum shim_mode mode, size_t at)
{
	struct scenario s;
	int status;
	pid_t pid;

	begin(&s);
	pid = fork();
	if (pid == 0) {
		shim_set(mode, at, 0);
		_exit(trial_write(&s.root, &running, NULL) != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status))
		assert_int_equal(WEXITSTATUS(status), 0);
	if (state_of(&s) == TRIAL_ARMED)
		assert_true(WIFSIGNALED(status));
	/* and the next time it is written all the same */
	assert_int_equal(trial_write(&s.root, &running, NULL), 0);
	assert_int_equal(state_of(&s), TRIAL_RUNNING);
	scenario_done(&s);
	return WIFSIGNALED(status);
}

static void test_write__killed_at_every_call(void **state)
{
	size_t n = 0;

	while (killed_at(SHIM_KILL_BEFORE, n))
		n++;
	assert_true(n >= 3); /* a link, its name, the folder */
	for (size_t at = 0; at < n; at++)
		assert_true(killed_at(SHIM_KILL_AFTER, at));
}

static bool fails_at(enum shim_mode mode, size_t at, int err)
{
	struct scenario s;
	struct diag d = {0};
	size_t calls;
	int r;

	begin(&s);
	shim_set(mode, at, err);
	r = trial_write(&s.root, &running, &d);
	calls = shim_count();
	shim_set(SHIM_OFF, 0, 0);
	if (calls > at && r == 0)
		fail_msg("call %zu fails, and it is said to be written", at);
	assert_int_equal(d.id, r ? DIAG_TRIAL_WRITE : DIAG_NONE);
	if (r == 0)
		assert_int_equal(state_of(&s), TRIAL_RUNNING);
	else
		(void)state_of(&s);
	scenario_done(&s);
	return calls > at;
}

/* But for the removal of what was left aside: it is not there, and that is fine. */
static void test_write__every_call_fails(void **state)
{
	static const int errs[] = {EIO, ENOSPC, EROFS, EACCES};
	size_t n = 0;

	for (size_t i = 0; i < array_size(errs); i++)
		for (n = 0; fails_at(SHIM_FAIL_FROM, n, errs[i]); n++)
			(void)fails_at(SHIM_FAIL_ONE, n,
				       errs[i] == EROFS ? EIO : errs[i]);
	assert_true(n >= 3);
}

/* What is durable when it returns: the folder is synced behind the last change of a name. */
static void test_act__is_synced(void **state)
{
	const struct shim_op *ops;
	struct scenario s;
	size_t n, last = 0;

	begin(&s);
	shim_set(SHIM_RECORD, 0, 0);
	assert_int_equal(trial_act(&s.root, TRIAL_CAUSE_FREEZE, BOOT, NULL), 0);
	ops = shim_ops(&n);
	for (size_t i = 0; i < n; i++)
		if (ops[i].type != SHIM_FSYNC)
			last = i;
	assert_int_equal(ops[last].type, SHIM_RENAME);
	assert_true(n > last + 1);
	assert_string_equal(strrchr(ops[n - 1].path, '/'), "/acted");
	/* the folder itself was made, and its name is on the disk before that */
	assert_int_equal(ops[0].type, SHIM_MKDIR);
	assert_int_equal(ops[1].type, SHIM_FSYNC);
	assert_string_equal(strrchr(ops[1].path, '/'), "/imactl");
	shim_forget();
	shim_set(SHIM_OFF, 0, 0);
	scenario_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write__killed_at_every_call),
		cmocka_unit_test(test_write__every_call_fails),
		cmocka_unit_test(test_act__is_synced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
