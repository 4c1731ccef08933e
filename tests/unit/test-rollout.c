/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of a rollout below another root: what is done, what is next, what blocks it. What
 * a kernel makes of it is seen in tests/lab/rollout-walk.scenario. */
#include "tests/unit/test.h"

#include "core/base/bootnote.h"
#include "core/base/change.h"
#include "core/boot/act-boot.h"
#include "core/rollout/rollout.h"
#include "core/rollout/trialplan.h"
#include "tests/unit/tree.h"

#define POLICY	"appraise func=BPRM_CHECK fowner=0\n"
#define RELEASE "6.1.0-test"
#define NONCE	"0123456789abcdef0123456789abcdef"

static void carry_out(struct tree *t, const struct plan *plan)
{
	struct change_ctx ctx = {.root = &t->root,
				 .place = ROOT_STATE,
				 .actions = &act_boot_rows,
				 .command = "test"};
	uint8_t hash[PLAN_HASH_SIZE];
	struct change_result r;
	struct diag d = {0};

	plan_hash(plan, hash);
	if (change_run(&ctx, plan, hash, &r, &d) < 0)
		fail_msg("%s", d.text);
	assert_int_equal(r.outcome, CHANGE_DONE);
}

static void stage(struct tree *t)
{
	_cleanup_plan_ struct plan plan = {0};
	struct policyplan judged = {.root = &t->root,
				    .name = "policy",
				    .text = span_of(POLICY)};
	struct policyinstall in = {.judged = &judged, .release = RELEASE};
	struct policyinstall_said said;
	struct diag d = {0};

	if (policyplan_look(&judged, &d) < 0 ||
	    trialplan_stage(&in, BOOTMODE_ENFORCE, &plan, &said, &d) < 0)
		fail_msg("%s", d.text);
	carry_out(t, &plan);
	policyplan_done(&judged);
}

static void set_trial(struct tree *t, const char *state, const char *boot_id)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "%s:2:t1:%s", state, boot_id);
	(void)unlinkat(t->fd, GEN_FOLDER "/trial", 0);
	assert_int_equal(symlinkat(text, t->fd, GEN_FOLDER "/trial"), 0);
}

static void set_here(struct tree *t, const char *state)
{
	char boot_id[TRIAL_BOOT_SIZE];

	assert_int_equal(trial_boot_id(&t->root, boot_id, NULL), 0);
	set_trial(t, state, boot_id);
}

static int setup(void **state)
{
	struct tree *t;

	assert_int_equal(tree_setup(state), 0);
	t = *state;
	tree_folder(t, "etc/ima");
	tree_folder(t, "usr/bin");
	tree_put(t, "etc/ima/ima-policy", "audit func=BPRM_CHECK\n");
	return 0;
}

static void load(struct tree *t, struct rollout **r)
{
	const struct rollout_ask ask = {.now = 10000};
	struct diag d = {0};

	if (rollout_load(&t->root, &ask, r, &d) < 0)
		fail_msg("%s", d.text);
}

static void assert_state(const struct rollout *r, enum rollout_id id,
			 enum rollout_state state)
{
	if (r->step[id].state != state)
		fail_msg("%s is %s, not %s", rollout_word(id),
			 rollout_state_word(r->step[id].state),
			 rollout_state_word(state));
}

static bool has_fix(const struct rollout *r, enum rollout_id id, const char *fix)
{
	for (size_t i = 0; i < r->step[id].n; i++)
		if (strcmp(r->step[id].of[i].fix, fix) == 0)
			return true;
	return false;
}

/* From here on: nothing but what is before it. */
static void assert_none_behind(const struct rollout *r, enum rollout_id id)
{
	for (unsigned i = id + 1; i < _ROLLOUT_MAX; i++) {
		assert_int_not_equal(r->step[i].state, ROLLOUT_READY);
		assert_int_not_equal(r->step[i].state, ROLLOUT_RUNNING);
	}
}

static bool yes(void *user)
{
	return true;
}

static void test_load__stop(void **state)
{
	struct rollout *r = NULL;
	struct diag d = {0};
	const struct rollout_ask ask = {.stop = yes};

	assert_int_equal(rollout_load(&((struct tree *)*state)->root, &ask, &r, &d),
			 -ECANCELED);
}

static void test_load__nothing(void **state)
{
	_cleanup_(rollout_freep) struct rollout *r = NULL;

	load(*state, &r);
	assert_int_equal(r->number, 0);
	assert_false(r->finished);
	assert_state(r, ROLLOUT_BLESS, ROLLOUT_WAITING);
	assert_true(r->next <= ROLLOUT_POLICY);
	assert_none_behind(r, ROLLOUT_POLICY);
}

/* A policy is chosen: a look at the machine says what is in the way. */
static void test_load__staged(void **state)
{
	_cleanup_(rollout_freep) struct rollout *r = NULL;
	struct tree *t = *state;

	stage(t);
	load(t, &r);
	assert_int_equal(r->number, 2);
	assert_int_equal(r->wish, BOOTMODE_ENFORCE);
	assert_state(r, ROLLOUT_POLICY, ROLLOUT_DONE);
	assert_state(r, ROLLOUT_PREFLIGHT, ROLLOUT_BLOCKED); /* nothing brings it back */
	assert_state(r, ROLLOUT_TRIAL, ROLLOUT_WAITING);
}

static void test_load__skipped(void **state)
{
	_cleanup_plan_ struct plan plan = {0};
	_cleanup_(rollout_freep) struct rollout *r = NULL;
	struct tree *t = *state;

	stage(t);
	assert_int_equal(plan_init(&plan, "test", NULL), 0);
	assert_true(rolloutmemo_skip(&plan, &t->root, 2, ROLLOUT_OBSERVE, "known", NULL) >
		    0);
	carry_out(t, &plan);
	load(t, &r);
	assert_state(r, ROLLOUT_OBSERVE, ROLLOUT_SKIPPED);
	assert_string_equal(r->memo.skip[ROLLOUT_OBSERVE], "known");
}

static void test_load__trial(void **state)
{
	static const struct {
		const char *state;
		bool here;
		enum rollout_state arm, trial, confirm, bless;
	} rows[] = {
		{"running", true, ROLLOUT_DONE, ROLLOUT_RUNNING, ROLLOUT_WAITING,
		 ROLLOUT_WAITING},
		{"running", false, ROLLOUT_DONE, ROLLOUT_BLOCKED, ROLLOUT_WAITING,
		 ROLLOUT_WAITING},
		{"passed", false, ROLLOUT_DONE, ROLLOUT_DONE, ROLLOUT_BLOCKED,
		 ROLLOUT_WAITING},
		{"proving", false, ROLLOUT_DONE, ROLLOUT_DONE, ROLLOUT_DONE,
		 ROLLOUT_BLOCKED},
	};
	struct tree *t = *state;

	stage(t);
	for (size_t i = 0; i < array_size(rows); i++) {
		_cleanup_(rollout_freep) struct rollout *r = NULL;

		if (rows[i].here)
			set_here(t, rows[i].state);
		else
			set_trial(t, rows[i].state,
				  "11111111-2222-3333-4444-555555555555");
		load(t, &r);
		assert_state(r, ROLLOUT_ARM, rows[i].arm);
		assert_state(r, ROLLOUT_TRIAL, rows[i].trial);
		assert_true(has_fix(r, ROLLOUT_TRIAL, "imactl recovery health") ==
			    (rows[i].trial == ROLLOUT_RUNNING));
		assert_state(r, ROLLOUT_CONFIRM, rows[i].confirm);
		assert_state(r, ROLLOUT_BLESS, rows[i].bless);
		/* what it found before the trial is said, and what is next is the trial */
		assert_true(r->step[ROLLOUT_PREFLIGHT].count[ROLLOUT_FAIL] > 0);
		assert_true(r->next > ROLLOUT_ARM);
	}
}

/* One that failed is told, and can be armed again when all else is right. */
static void test_load__failed(void **state)
{
	_cleanup_(rollout_freep) struct rollout *r = NULL;
	struct tree *t = *state;
	bool told = false;

	stage(t);
	(void)unlinkat(t->fd, GEN_FOLDER "/trial", 0);
	assert_int_equal(symlinkat("failed:2:t1:deadline", t->fd, GEN_FOLDER "/trial"),
			 0);
	load(t, &r);
	assert_state(r, ROLLOUT_TRIAL, ROLLOUT_WAITING);
	for (size_t i = 0; i < r->step[ROLLOUT_ARM].n; i++)
		told |= strstr(r->step[ROLLOUT_ARM].of[i].text, "nobody confirmed it") !=
			NULL;
	assert_true(told);
}

/* What cannot be read is no rollout that goes well. */
static void test_load__damaged(void **state)
{
	_cleanup_(rollout_freep) struct rollout *r = NULL;
	struct tree *t = *state;

	stage(t);
	tree_put(t, GEN_FOLDER "/gen/2/ima-policy", "audit\n");
	assert_int_equal(symlinkat("nonsense", t->fd, GEN_FOLDER "/trial"), 0);
	load(t, &r);
	assert_state(r, ROLLOUT_POLICY, ROLLOUT_BLOCKED);
	assert_state(r, ROLLOUT_ARM, ROLLOUT_BLOCKED);
}

static void load_brief(struct tree *t, time_t now, struct rollout **r)
{
	const struct rollout_ask ask = {.brief = true, .notes = true, .now = now};

	assert_int_equal(rollout_load(&t->root, &ask, r, NULL), 0);
}

static void found(struct tree *t, enum rollout_id id, uint64_t when, const char *what)
{
	assert_int_equal(rolloutmemo_found(&t->root, 2, id, when, what, NULL), 0);
}

/* No file is looked at: nothing is known of what nobody has looked at. */
static void test_load__brief(void **state)
{
	_cleanup_(rollout_freep) struct rollout *r = NULL;
	struct tree *t = *state;

	stage(t);
	load_brief(t, 10000, &r);
	assert_state(r, ROLLOUT_POLICY, ROLLOUT_DONE);
	assert_true(r->step[ROLLOUT_LABEL].recalled);
	assert_int_equal(r->step[ROLLOUT_LABEL].found, 0);
	assert_int_equal(r->step[ROLLOUT_LABEL].count[ROLLOUT_FAIL], 0);
	assert_int_equal(r->step[ROLLOUT_PREFLIGHT].count[ROLLOUT_FAIL], 0);
	assert_int_equal(r->memo.found[ROLLOUT_LABEL].when, 0);
}

/* What was found last counts; of the preflight only in the boot that it was found in. */
static void test_load__brief_recalls(void **state)
{
	const time_t now = 4000000000; /* longer than any boot */
	struct tree *t = *state;
	struct rollout *r = NULL;

	stage(t);
	found(t, ROLLOUT_LABEL, 9000, "3 files\x1b");
	found(t, ROLLOUT_PREFLIGHT, 9000, "no hook");
	load_brief(t, now, &r);
	assert_state(r, ROLLOUT_LABEL, ROLLOUT_BLOCKED);
	assert_string_equal(r->step[ROLLOUT_LABEL].of[0].text, "3 files\\x1b");
	assert_int_equal(r->step[ROLLOUT_PREFLIGHT].count[ROLLOUT_FAIL], 0);
	rollout_free(r);
	found(t, ROLLOUT_LABEL, (uint64_t)now - 9, "");
	found(t, ROLLOUT_PREFLIGHT, (uint64_t)now - 9, "no hook");
	load_brief(t, now, &r);
	assert_state(r, ROLLOUT_LABEL, ROLLOUT_DONE);
	assert_state(r, ROLLOUT_PREFLIGHT, ROLLOUT_BLOCKED);
	rollout_free(r);
	set_here(t, "running"); /* then it was right, or nothing would run */
	found(t, ROLLOUT_PREFLIGHT, 9000, "no hook");
	load_brief(t, now, &r);
	assert_state(r, ROLLOUT_PREFLIGHT, ROLLOUT_DONE);
	rollout_free(r);
}

/* For long enough is not enough: somebody must have looked at what would be denied. */
static void test_load__brief_observed(void **state)
{
	const time_t now = 4000000000;
	struct tree *t = *state;
	struct rollout *r = NULL;

	stage(t);
	assert_int_equal(symlinkat("2:60:1", t->fd, GEN_FOLDER "/observe"), 0);
	assert_int_equal(symlinkat("2:1:some-boot:1000", t->fd, GEN_FOLDER "/observed"),
			 0);
	load_brief(t, now, &r);
	assert_state(r, ROLLOUT_LABEL, ROLLOUT_DONE); /* what comes behind was begun */
	assert_state(r, ROLLOUT_OBSERVE, ROLLOUT_RUNNING);
	rollout_free(r);
	found(t, ROLLOUT_OBSERVE, 2000, "");
	load_brief(t, now, &r);
	assert_state(r, ROLLOUT_OBSERVE, ROLLOUT_DONE);
	rollout_free(r);
	found(t, ROLLOUT_OBSERVE, 3000, "one would be denied");
	load_brief(t, now, &r);
	assert_state(r, ROLLOUT_OBSERVE, ROLLOUT_BLOCKED);
	rollout_free(r);
}

/* A look at the files is remembered where that is asked for. */
static void test_load__notes(void **state)
{
	const struct rollout_ask notes = {.notes = true, .now = 20000};
	_cleanup_(rollout_freep) struct rollout *r = NULL;
	struct tree *t = *state;
	struct rolloutmemo m;

	stage(t);
	load(t, &r);
	rolloutmemo_load(&t->root, 2, &m);
	assert_int_equal(m.found[ROLLOUT_PREFLIGHT].when, 0);
	r = rollout_free(r);
	assert_int_equal(rollout_load(&t->root, &notes, &r, NULL), 0);
	rolloutmemo_load(&t->root, 2, &m);
	assert_int_equal(m.found[ROLLOUT_PREFLIGHT].when, 20000);
	assert_true(*m.found[ROLLOUT_PREFLIGHT].what);
}

static void assert_words(const struct rollout *r, time_t now, const char *words,
			 const char *key, const char *command)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	rollout_next_words(r, now, &b);
	assert_string_equal(strbuf_str(&b), words);
	assert_string_equal(rollout_next_key(r), key);
	assert_string_equal(rollout_next_command(r), command);
}

static void test_next(void **state)
{
	struct rollout_finding f = {ROLLOUT_FAIL, "No hook.", "imactl fix", "7 TPM"};
	static struct rollout r = {.next = ROLLOUT_OBSERVE};
	struct rollout_step *s = &r.step[ROLLOUT_OBSERVE];

	s->state = ROLLOUT_READY;
	assert_words(&r, 0,
		     "Observe: log mode: what would be denied is allowed, and recorded.",
		     "a plans it", "imactl rollout observe --begin");
	s->state = ROLLOUT_RUNNING;
	(void)snprintf(s->summary, sizeof(s->summary), "1 of 2 h");
	assert_words(&r, 0, "Observe goes on: 1 of 2 h.", "r looks again",
		     "imactl rollout status");
	s->state = ROLLOUT_BLOCKED;
	s->of = &f;
	s->n = 1;
	s->recalled = true;
	s->found = 100;
	assert_words(&r, 160,
		     "Observe is blocked: No hook. So it was when files were looked at, "
		     "1 min ago.",
		     "7 TPM", "imactl fix");
	s->found = 0;
	*f.fix = '\0';
	assert_words(&r, 160, "Observe is blocked: No hook. No file was looked at yet.",
		     "a plans it", "imactl rollout observe --begin");
	r.next = _ROLLOUT_MAX;
	assert_words(&r, 0, "The rollout has come to its end: nothing is left to do.", "",
		     "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_load__stop, setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_load__nothing, setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_load__staged, setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_load__skipped, setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_load__trial, setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_load__failed, setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_load__brief, setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_load__brief_recalls, setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_load__brief_observed, setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_load__notes, setup, tree_teardown),
		cmocka_unit_test(test_next),
		cmocka_unit_test_setup_teardown(test_load__damaged, setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
