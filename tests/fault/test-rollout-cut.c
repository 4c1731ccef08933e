/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Staging, confirming and proving a trial, cut at system calls that change a file system.
 * What PID 1 would load then is the old policy or the new one, whole; the name that decides
 * is one of before or of after; and the change can be finished, or taken back.
 */
#include "tests/unit/test.h"

#include <signal.h>
#include <sys/wait.h>

#include "core/base/bootnote.h"
#include "core/base/change.h"
#include "core/base/hex.h"
#include "core/base/sha256.h"
#include "core/base/trial.h"
#include "core/boot/act-boot.h"
#include "core/rollout/trialplan.h"
#include "tests/fault/shim.h"
#include "tests/unit/tree.h"

#define OLD	"audit func=BPRM_CHECK\n"
#define NEW	"measure func=BPRM_CHECK\n"
#define RELEASE "6.1.0-test"
#define NONCE	"0123456789abcdef0123456789abcdef"
#define OTHER	"11111111-2222-3333-4444-555555555555"
#define LINK	GEN_FOLDER "/" TRIAL_LINK

enum what { STAGE, CONFIRM, PROVE };
enum way { FINISH, TAKE_BACK };

static struct change_ctx context(struct tree *t)
{
	return (struct change_ctx){.root = &t->root,
				   .place = ROOT_STATE,
				   .actions = &act_boot_rows,
				   .command = "test"};
}

static int plan_stage(struct tree *t, struct plan *plan, struct diag *d)
{
	struct policyplan judged = {.root = &t->root, .name = "policy"};
	struct policyinstall in = {.judged = &judged, .release = RELEASE};
	struct policyinstall_said said;
	int r;

	judged.text = span_of(NEW);
	r = policyplan_look(&judged, d);
	if (r == 0)
		r = trialplan_stage(&in, _BOOTMODE_MAX, plan, &said, d);
	policyplan_done(&judged);
	return r;
}

static int plan_it(struct tree *t, enum what what, struct plan *plan, struct diag *d)
{
	struct trialplan_confirmed said;
	int r;

	if (what == STAGE)
		return plan_stage(t, plan, d);
	if (what == PROVE)
		return trialplan_prove(&t->root, RELEASE, plan, d);
	r = trialplan_confirm(&t->root, RELEASE, plan, &said, d);
	trialplan_confirmed_done(&said);
	return r;
}

static int carry_out(struct tree *t, enum what what)
{
	struct change_ctx ctx = context(t);
	_cleanup_plan_ struct plan plan = {0};
	uint8_t hash[PLAN_HASH_SIZE];
	struct change_result r = {0};
	struct diag d = {0};

	if (plan_it(t, what, &plan, &d) < 0)
		return -1;
	plan_hash(&plan, hash);
	return change_run(&ctx, &plan, hash, &r, &d) < 0 || r.outcome != CHANGE_DONE ? -1
										     : 0;
}

/* What the gate and the health check of that boot leave. */
static void notes(struct tree *t, unsigned generation)
{
	char digits[BOOTNOTE_POLICY_SIZE] = "";
	uint8_t hash[SHA256_SIZE];

	sha256_of(span_of(NEW), hash);
	hex_encode(digits, (struct span){hash, sizeof(hash)});
	assert_int_equal(bootnote_set(&t->root, BOOTNOTE_NONCE, NONCE, NULL), 0);
	assert_int_equal(bootnote_set(&t->root, BOOTNOTE_HEALTHY, NONCE, NULL), 0);
	assert_int_equal(bootnote_set(&t->root, BOOTNOTE_POLICY, digits, NULL), 0);
	if (generation)
		assert_int_equal(bootnote_set_number(&t->root, BOOTNOTE_GENERATION,
						     generation, NULL),
				 0);
}

static void begin(struct tree *t, enum what what)
{
	char boot_id[TRIAL_BOOT_SIZE], text[128];

	tree_make_at(t, "/dev/shm"); /* syncing takes no time there */
	tree_folder(t, "etc/ima");
	tree_put(t, "etc/ima/ima-policy", OLD);
	assert_int_equal(root_make_place(&t->root, ROOT_STATE, 0700, NULL), 0);
	if (what == STAGE)
		return;
	assert_int_equal(carry_out(t, STAGE), 0);
	assert_int_equal(trial_boot_id(&t->root, boot_id, NULL), 0);
	(void)snprintf(text, sizeof(text), "passed:2:t1:%s", boot_id);
	if (what == PROVE) {
		(void)snprintf(text, sizeof(text), "proving:2:t1:" OTHER);
		tree_put(t, "etc/ima/ima-policy", NEW);
	}
	assert_int_equal(symlinkat(text, t->fd, LINK), 0);
	notes(t, what == CONFIRM ? 2 : 0);
}

struct seen {
	bool new;	/* in /etc/ima */
	int state;	/* of the trial; -1: none */
	bool blessed;	/* the generation */
	bool candidate; /* likewise */
};

static struct seen look(struct tree *t)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	_cleanup_strbuf_ struct strbuf text = {0};
	struct seen s = {.state = -1};
	struct diag d = {0};
	struct trial trial;
	int r = trial_read(&t->root, &trial, &d);

	if (r < 0)
		fail_msg("%s", d.text);
	if (r > 0)
		s.state = (int)trial.state;
	assert_int_equal(fs_read_at(t->fd, "etc/ima/ima-policy", 4096, &text, NULL), 0);
	s.new = strcmp(strbuf_str(&text), NEW) == 0;
	if (!s.new)
		assert_string_equal(strbuf_str(&text), OLD);
	assert_int_equal(gen_list_load(&t->root, RELEASE, &list, NULL), 0);
	s.candidate = list.candidate == 2;
	s.blessed = gen_find(&list, 2) && gen_find(&list, 2)->blessed;
	return s;
}

static bool is_before(enum what what, struct seen s)
{
	if (what == STAGE)
		return !s.new &&s.state < 0 && !s.candidate;
	if (what == CONFIRM)
		return !s.new &&s.state == TRIAL_PASSED &&s.candidate && !s.blessed;
	return s.new &&s.state == TRIAL_PROVING &&s.candidate && !s.blessed;
}

static bool is_after(enum what what, struct seen s)
{
	if (what == STAGE)
		return !s.new &&s.state < 0 && s.candidate && !s.blessed;
	if (what == CONFIRM)
		return s.new &&s.state == TRIAL_PROVING &&s.candidate && !s.blessed;
	return s.new &&s.state < 0 && !s.candidate &&s.blessed;
}

static void settle(struct tree *t, enum what what, enum way way, unsigned id, size_t at)
{
	struct change_ctx ctx = context(t);
	struct change_result r = {0};
	struct diag d = {0};
	int err = way == FINISH ? change_resume(&ctx, id, &r, &d)
				: change_undo(&ctx, id, false, &r, &d);

	if (err < 0)
		fail_msg("call %zu: %s", at, d.text);
	if (way == FINISH ? !is_after(what, look(t)) : !is_before(what, look(t)))
		fail_msg("call %zu: %s: %s", at, change_outcome_name(r.outcome),
			 r.failure.text);
}

/* True: it was killed there. */
static bool cut(enum what what, enum shim_mode mode, enum way way, size_t at)
{
	struct tree t;
	unsigned open = 0;
	int status;
	pid_t pid;

	begin(&t, what);
	pid = tree_fork(&t);
	if (pid == 0) {
		shim_set(mode, at, 0);
		_exit(carry_out(&t, what) != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status))
		assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(change_find_open(&t.root, ROOT_STATE, &open, NULL), 0);
	if (open)
		settle(&t, what, way, open, at);
	else if (WIFSIGNALED(status)
			 ? !is_before(what, look(&t)) && !is_after(what, look(&t))
			 : !is_after(what, look(&t)))
		fail_msg("call %zu: neither before nor after", at);
	tree_done(&t);
	return WIFSIGNALED(status);
}

/* IMACTL_LONG=1: every call; else each so many, before and after it in turn. */
static void cut_everywhere(enum what what, size_t each, size_t least)
{
	size_t at = 0, n = 0, step = getenv("IMACTL_LONG") ? 1 : each;
	bool killed = true;

	for (; killed; at += step, n++) {
		killed = cut(what, SHIM_KILL_BEFORE, n % 2 ? FINISH : TAKE_BACK, at);
		if (killed && (step == 1 || n % 2))
			assert_true(cut(what, SHIM_KILL_AFTER, n % 4 ? TAKE_BACK : FINISH,
					at));
	}
	if (at < least)
		fail_msg("only %zu calls change anything", at);
}

static void test_stage(void **state)
{
	cut_everywhere(STAGE, 11, 40);
}

static void test_confirm(void **state)
{
	cut_everywhere(CONFIRM, 2, 10);
}

static void test_prove(void **state)
{
	cut_everywhere(PROVE, 3, 10);
}

/* A disk that fails in the middle: all is as before, or it can be settled. */
static bool fails(enum what what, enum shim_mode mode, size_t at)
{
	struct tree t;
	unsigned open = 0;
	size_t calls;
	int r;

	begin(&t, what);
	shim_set(mode, at, EIO);
	r = carry_out(&t, what);
	calls = shim_count();
	shim_set(SHIM_OFF, 0, 0);
	assert_int_equal(change_find_open(&t.root, ROOT_STATE, &open, NULL), 0);
	if (open)
		settle(&t, what, TAKE_BACK, open, at);
	else if (r < 0 && !is_before(what, look(&t)) && !is_after(what, look(&t)))
		fail_msg("call %zu fails: neither before nor after", at);
	tree_done(&t);
	return calls > at;
}

static void test_confirm__calls_fail(void **state)
{
	size_t step = getenv("IMACTL_LONG") ? 1 : 3;

	for (size_t at = 0; fails(CONFIRM, SHIM_FAIL_FROM, at); at += step)
		(void)fails(CONFIRM, SHIM_FAIL_ONE, at + step / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stage),
		cmocka_unit_test(test_confirm),
		cmocka_unit_test(test_prove),
		cmocka_unit_test(test_confirm__calls_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
