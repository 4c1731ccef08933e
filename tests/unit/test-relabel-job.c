/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "core/label/relabel-job-internal.h"
#include "tests/unit/tree.h"

static const char *const paths[] = {"srv"};

static struct relabel_opts opts_of(void)
{
	return (struct relabel_opts){.scope = SCOPE_NAMED,
				     .paths = paths,
				     .n_paths = 1,
				     .alg = HASH_SHA256};
}

static void fill(struct tree *t, int files)
{
	char name[32];

	tree_folder(t, "srv");
	for (int i = 0; i < files; i++) {
		(void)snprintf(name, sizeof(name), "srv/%04d", i);
		tree_put(t, name, name);
	}
}

static void keep(struct tree *t, struct relabel_job *ret)
{
	struct relabel_opts opts = opts_of();
	struct relabel r;
	struct diag d = {0};

	assert_int_equal(relabel_plan(t->pool, &t->root, NULL, &opts, NULL, &r, NULL), 0);
	if (relabel_job_keep(&t->root, &r, &opts, 2, ret, &d) < 0)
		fail_msg("%s", d.text);
	relabel_done(&r);
}

/* The worker's threads must not be those of a forked parent. */
static int run(struct tree *t, struct relabel_job *job, const struct relabel_job_run *how,
	       struct diag *reterr)
{
	return relabel_job_run(&t->root, job, how, reterr);
}

static void test_load__none(void **state)
{
	struct tree *t = *state;
	uint8_t hash[PLAN_HASH_SIZE] = {0};
	struct relabel_job job;
	struct diag d = {0};

	assert_int_equal(relabel_job_last(&t->root, &job, &d), -ENOENT);
	assert_int_equal(d.id, DIAG_NO_JOB);
	assert_int_equal(relabel_job_last_begun(&t->root, &job, &d), -ENOENT);
	assert_int_equal(relabel_job_find(&t->root, hash, &job, &d), -ESTALE);
	assert_int_equal(d.id, DIAG_PLAN_STALE);
	assert_int_equal(relabel_job_find_open(&t->root, &job, &d), -ENOENT);
	assert_int_equal(d.id, DIAG_NOTHING_OPEN);
}

static void test_keep__until_it_is_carried_out(void **state)
{
	struct tree *t = *state;
	_cleanup_relabel_job_ struct relabel_job job = {0}, found = {0};

	fill(t, 3);
	keep(t, &job);
	assert_int_equal(job.id, 1);
	assert_int_equal(job.state, RELABEL_JOB_PLANNED);
	assert_int_equal(relabel_job_find(&t->root, job.hash, &found, NULL), 0);
	assert_int_equal(found.id, 1);
	assert_int_equal(found.steps, 3);
	assert_int_equal(found.to_read, 24);
	assert_int_equal(found.reasons[RELABEL_NEW_HASH].files, 3);
	assert_int_equal(found.threads, 2);
	assert_int_equal(found.alg, HASH_SHA256);
	assert_false(found.has_key);
	job.hash[0] ^= 1;
	relabel_job_done(&found);
	assert_int_equal(relabel_job_find(&t->root, job.hash, &found, NULL), -ESTALE);
}

static void test_keep__the_last_ones(void **state)
{
	struct tree *t = *state;
	unsigned *ids = NULL;

	fill(t, 1);
	for (int i = 0; i < 7; i++) {
		struct relabel_job job;

		keep(t, &job);
		relabel_job_done(&job);
	}
	assert_int_equal(job_list(&t->root, &ids, NULL), 4);
	assert_int_equal(ids[0], 4);
	free(ids);
}

/* The plan that was kept runs, not one of now: a file that came later is not in it. */
static void test_run__the_plan_that_was_kept(void **state)
{
	struct tree *t = *state;
	_cleanup_relabel_job_ struct relabel_job job = {0}, after = {0};
	struct relabel_job_run how = {0};
	struct change_result r;
	struct change_ctx ctx = {.root = &t->root,
				 .place = ROOT_STATE,
				 .command = "undo"};
	struct diag d = {0};

	if (!tree_can_label(t))
		skip();
	fill(t, 50);
	keep(t, &job);
	assert_int_equal(relabel_job_last_begun(&t->root, &after, NULL), -ENOENT);
	tree_put(t, "srv/later", "not in the plan");
	if (run(t, &job, &how, &d) < 0)
		fail_msg("%s", d.text);
	assert_int_equal(job.outcome, CHANGE_DONE);
	assert_int_equal(relabel_job_last(&t->root, &after, NULL), 0);
	assert_int_equal(after.state, RELABEL_JOB_ENDED);
	relabel_job_done(&after);
	assert_int_equal(relabel_job_last_begun(&t->root, &after, NULL), 0);
	assert_int_equal(after.id, job.id);
	assert_int_equal(after.outcome, CHANGE_DONE);
	assert_int_equal(after.n.taken, 50);
	assert_int_equal(after.n.done, 50);
	assert_int_equal(after.labels.added, 50);
	assert_int_equal(after.bytes, 50 * 8);
	assert_int_equal(after.change, 1);
	assert_true(tree_has_hash(t, "srv/0049", "srv/0049"));
	assert_false(tree_has_label(t, "srv/later"));
	relabel_job_done(&after);
	assert_int_equal(relabel_job_find(&t->root, job.hash, &after, NULL), -ESTALE);
	act_label_use(NULL, &ctx);
	assert_int_equal(change_undo(&ctx, job.change, false, &r, NULL), 0);
	assert_int_equal(r.outcome, CHANGE_UNDONE);
	assert_false(tree_has_label(t, "srv/0049"));
}

static bool stop_at_once(void *user)
{
	return ++*(int *)user > 5;
}

/* Under enforcement nobody could read a journal without a label. */
static void test_run__its_notes_have_labels(void **state)
{
	struct tree *t = *state;
	_cleanup_relabel_job_ struct relabel_job job = {0};
	static const char *const notes[] = {"var/lib/imactl/changes/000001.done/000000",
					    "var/lib/imactl/jobs/000001/state",
					    "var/cache/imactl/labels"};
	struct relabel_job_run how = {0};

	if (!tree_can_label(t))
		skip();
	fill(t, 5);
	keep(t, &job);
	assert_int_equal(run(t, &job, &how, NULL), 0);
	for (size_t i = 0; i < array_size(notes); i++) {
		_cleanup_strbuf_ struct strbuf text = {0};
		uint8_t want[32], found[64];

		assert_int_equal(fs_read_at(t->fd, notes[i], 1 << 20, &text, NULL), 0);
		assert_int_equal(EVP_Digest(text.ptr, text.len, want, NULL, EVP_sha256(),
					    NULL),
				 1);
		assert_int_equal(tree_get(t, notes[i], TREE_IMA, found, sizeof(found)),
				 34);
		assert_memory_equal(found + 2, want, sizeof(want));
	}
}

/* Cancelling keeps what is done; going on does the rest. */
static void test_run__stopped_and_resumed(void **state)
{
	struct tree *t = *state;
	_cleanup_relabel_job_ struct relabel_job job = {0}, open = {0};
	int asked = 0;
	struct relabel_job_run how = {.stop = stop_at_once, .user = &asked};
	struct diag d = {0};

	if (!tree_can_label(t))
		skip();
	fill(t, 300);
	keep(t, &job);
	assert_int_equal(run(t, &job, &how, &d), 0);
	assert_int_equal(job.outcome, CHANGE_STOPPED);
	assert_true(job.n.taken > 0 && job.n.taken < 300);
	assert_true(tree_has_label(t, "srv/0000"));
	assert_false(tree_has_label(t, "srv/0299"));
	assert_int_equal(relabel_job_find_open(&t->root, &open, &d), 0);
	assert_int_equal(open.id, job.id);
	assert_int_equal(open.state, RELABEL_JOB_INTERRUPTED);
	how = (struct relabel_job_run){.resume = true};
	if (run(t, &open, &how, &d) < 0)
		fail_msg("%s", d.text);
	assert_int_equal(open.outcome, CHANGE_DONE);
	assert_int_equal(open.n.taken, 300);
	assert_int_equal(open.labels.added, 300);
	assert_true(tree_has_hash(t, "srv/0299", "srv/0299"));
	relabel_job_done(&open);
	assert_int_equal(relabel_job_find_open(&t->root, &open, &d), -ENOENT);
}

/* Killed: who asks afterwards is told, and can go on. */
static void test_run__killed_is_interrupted(void **state)
{
	struct tree *t = *state;
	_cleanup_relabel_job_ struct relabel_job job = {0}, after = {0};
	siginfo_t ended = {0};
	struct diag d = {0};
	int status;
	pid_t pid;

	if (!tree_can_label(t))
		skip();
	fill(t, 200);
	keep(t, &job);
	pid = tree_fork(t);
	if (pid == 0) {
		struct relabel_job_run how = {0};

		(void)run(t, &job, &how, NULL);
		_exit(0);
	}
	while (relabel_job_load(&t->root, job.id, &after, NULL) == 0 && !after.change &&
	       after.state != RELABEL_JOB_ENDED &&
	       waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       !ended.si_pid)
		relabel_job_done(&after);
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	relabel_job_done(&after);
	if (WIFSIGNALED(status) && relabel_job_find_open(&t->root, &after, &d) == 0) {
		struct relabel_job_run how = {.resume = true};

		assert_int_equal(after.state, RELABEL_JOB_INTERRUPTED);
		if (run(t, &after, &how, &d) < 0)
			fail_msg("%s", d.text);
		assert_int_equal(after.outcome, CHANGE_DONE);
	}
	assert_true(tree_has_hash(t, "srv/0199", "srv/0199"));
}

/* Killed before its change was begun: the plan is there as before. Killed when the change
 * was begun and that was not noted yet: the change is found by its plan. */
static void test_load__killed_at_the_beginning(void **state)
{
	struct tree *t = *state;
	_cleanup_relabel_job_ struct relabel_job job = {0}, found = {0};
	struct relabel_job_run how = {.stop = stop_at_once};
	int asked = 0;
	struct diag d = {0};
	unsigned change;

	if (!tree_can_label(t))
		skip();
	fill(t, 100);
	keep(t, &job);
	_cleanup_close_ int dir = job_open(&t->root, job.id, NULL);

	job.state = RELABEL_JOB_RUNNING;
	assert_int_equal(relabel_job_note(&job, dir, NULL), 0);
	assert_int_equal(relabel_job_find(&t->root, job.hash, &found, &d), 0);
	assert_int_equal(found.state, RELABEL_JOB_PLANNED);
	assert_int_equal(relabel_job_find_open(&t->root, &found, &d), -ENOENT);
	how.user = &asked;
	assert_int_equal(run(t, &found, &how, &d), 0);
	assert_int_equal(found.outcome, CHANGE_STOPPED);
	change = found.change;
	found.change = 0;
	assert_int_equal(relabel_job_note(&found, dir, NULL), 0);
	relabel_job_done(&found);
	assert_int_equal(relabel_job_find_open(&t->root, &found, &d), 0);
	assert_int_equal(found.id, job.id);
	assert_int_equal(found.change, change);
	how = (struct relabel_job_run){.resume = true};
	assert_int_equal(run(t, &found, &how, &d), 0);
	assert_int_equal(found.outcome, CHANGE_DONE);
}

static void test_errors__by_name(void **state)
{
	struct tree *t = *state;
	_cleanup_relabel_job_ struct relabel_job job = {0};
	struct relabel_job_run how = {0};
	struct relabel_error *errors = NULL;
	int n;

	if (!tree_can_label(t))
		skip();
	fill(t, 10);
	keep(t, &job);
	assert_int_equal(relabel_job_errors(&t->root, job.id, &errors, NULL), 0);
	assert_int_equal(unlinkat(t->fd, "srv/0003", 0), 0);
	assert_int_equal(unlinkat(t->fd, "srv/0007", 0), 0);
	assert_int_equal(symlinkat("0001", t->fd, "srv/0007"), 0);
	assert_int_equal(run(t, &job, &how, NULL), 0);
	assert_int_equal(job.outcome, CHANGE_PARTLY);
	assert_int_equal(job.n.conflicts, 2);
	n = relabel_job_errors(&t->root, job.id, &errors, NULL);
	assert_int_equal(n, 2);
	assert_string_equal(errors[0].path, "srv/0003");
	assert_int_equal(errors[0].err, ESTALE);
	assert_int_equal(errors[1].id, DIAG_PLAN_STALE);
	assert_string_equal(errors[1].text,
			    "/srv/0007 has become a link since the plan was made.");
	relabel_errors_free(errors, n);
}

/* While another change is open nothing begins, and the plan can be tried again. */
static void test_run__refused_while_another_is_open(void **state)
{
	struct tree *t = *state;
	_cleanup_relabel_job_ struct relabel_job one = {0}, two = {0}, after = {0};
	int asked = 0;
	struct relabel_job_run how = {.stop = stop_at_once, .user = &asked};
	struct diag d = {0};

	if (!tree_can_label(t))
		skip();
	fill(t, 100);
	keep(t, &one);
	keep(t, &two);
	assert_int_equal(run(t, &one, &how, &d), 0);
	assert_int_equal(one.outcome, CHANGE_STOPPED);
	how = (struct relabel_job_run){0};
	assert_int_equal(run(t, &two, &how, &d), -EBUSY);
	assert_int_equal(d.id, DIAG_CHANGE_OPEN);
	assert_int_equal(relabel_job_find(&t->root, two.hash, &after, &d), 0);
	assert_int_equal(after.state, RELABEL_JOB_PLANNED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)
		TEST(test_load__none),
		TEST(test_keep__until_it_is_carried_out),
		TEST(test_keep__the_last_ones),
		TEST(test_run__the_plan_that_was_kept),
		TEST(test_run__its_notes_have_labels),
		TEST(test_run__stopped_and_resumed),
		TEST(test_run__killed_is_interrupted),
		TEST(test_load__killed_at_the_beginning),
		TEST(test_errors__by_name),
		TEST(test_run__refused_while_another_is_open),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
