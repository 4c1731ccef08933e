/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trial from its beginning to its end, below another root: what stands in the plans, and
 * when there is none. That boots do with it what is meant is seen in
 * tests/lab/rollout-trial.scenario. */
#include "tests/unit/test.h"

#include "core/base/bootnote.h"
#include "core/base/change.h"
#include "core/base/hex.h"
#include "core/base/sha256.h"
#include "core/boot/act-boot.h"
#include "core/rollout/trialplan.h"
#include "tests/unit/grub.h"
#include "tests/unit/tree.h"

#define OLD	"audit func=BPRM_CHECK\n"
#define NEW	"measure func=BPRM_CHECK\n"
#define RELEASE "6.1.0-test"
#define NONCE	"0123456789abcdef0123456789abcdef"
#define OTHER	"11111111-2222-3333-4444-555555555555"
#define LINK	GEN_FOLDER "/" TRIAL_LINK

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
	if (r.outcome != CHANGE_DONE)
		fail_msg("%s: %s", change_outcome_name(r.outcome), r.failure.text);
}

static void assert_file(struct tree *t, const char *path, const char *want)
{
	_cleanup_strbuf_ struct strbuf text = {0};

	assert_int_equal(fs_read_at(t->fd, path, 4096, &text, NULL), 0);
	assert_string_equal(strbuf_str(&text), want);
}

static void stage(struct tree *t, const char *text, enum bootmode mode)
{
	_cleanup_plan_ struct plan plan = {0};
	struct policyplan judged = {.root = &t->root, .name = "policy"};
	struct policyinstall in = {.judged = &judged, .release = RELEASE};
	struct policyinstall_said said;
	struct diag d = {0};

	judged.text = span_of(text);
	if (policyplan_look(&judged, &d) < 0 ||
	    trialplan_stage(&in, mode, &plan, &said, &d) < 0)
		fail_msg("%s", d.text);
	carry_out(t, &plan);
	policyplan_done(&judged);
}

static void set_link(struct tree *t, const char *text)
{
	(void)unlinkat(t->fd, LINK, 0);
	assert_int_equal(symlinkat(text, t->fd, LINK), 0);
}

/* What it says, "" where there is none. */
static void get_link(struct tree *t, char ret[128])
{
	ssize_t n = readlinkat(t->fd, LINK, ret, 127);

	ret[n < 0 ? 0 : n] = '\0';
}

/* A state of this boot: "running:2:t1:<boot id>". */
static void set_here(struct tree *t, const char *state)
{
	char boot_id[TRIAL_BOOT_SIZE], text[128];

	assert_int_equal(trial_boot_id(&t->root, boot_id, NULL), 0);
	(void)snprintf(text, sizeof(text), "%s:2:t1:%s", state, boot_id);
	set_link(t, text);
}

/* What the gate and the health check leave. */
static void notes(struct tree *t, unsigned generation, const char *healthy,
		  const char *unhealthy)
{
	assert_int_equal(bootnote_set(&t->root, BOOTNOTE_NONCE, NONCE, NULL), 0);
	assert_int_equal(bootnote_set(&t->root, BOOTNOTE_HEALTHY, healthy, NULL), 0);
	assert_int_equal(bootnote_set(&t->root, BOOTNOTE_UNHEALTHY, unhealthy, NULL), 0);
	assert_int_equal(bootnote_set_number(&t->root, BOOTNOTE_GENERATION, generation,
					     NULL),
			 0);
}

static void note_policy(struct tree *t, const char *text)
{
	char digits[BOOTNOTE_POLICY_SIZE] = "";
	uint8_t hash[SHA256_SIZE];

	sha256_of(span_of(text), hash);
	hex_encode(digits, (struct span){hash, sizeof(hash)});
	assert_int_equal(bootnote_set(&t->root, BOOTNOTE_POLICY, digits, NULL), 0);
}

static int setup(void **state)
{
	struct tree *t;

	assert_int_equal(tree_setup(state), 0);
	t = *state;
	tree_folder(t, "etc/ima");
	tree_put(t, "etc/ima/ima-policy", OLD);
	return 0;
}

/* Nothing that a boot would load has changed, and the candidate knows its mode. */
static void test_stage(void **state)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	struct tree *t = *state;
	enum bootmode mode;

	stage(t, NEW, BOOTMODE_ENFORCE);
	assert_file(t, "etc/ima/ima-policy", OLD);
	assert_file(t, GEN_FOLDER "/gen/1/ima-policy", OLD);
	assert_file(t, GEN_FOLDER "/gen/2/ima-policy", NEW);
	assert_file(t, GEN_FOLDER "/gen/2/cmdline.add", "ima_appraise=enforce\n");
	assert_int_equal(gen_list_load(&t->root, RELEASE, &list, NULL), 0);
	assert_int_equal(list.candidate, 2);
	assert_false(gen_find(&list, 2)->blessed);
	assert_int_equal(trialplan_mode(&t->root, 2, &mode, NULL), 0);
	assert_int_equal(mode, BOOTMODE_ENFORCE);
	assert_int_equal(trialplan_mode(&t->root, 1, &mode, NULL), 0);
	assert_int_equal(mode, _BOOTMODE_MAX);
}

/* The same policy with another mode is another generation; with the same one it is not. */
static void test_stage__again(void **state)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	struct tree *t = *state;

	stage(t, NEW, BOOTMODE_ENFORCE);
	stage(t, NEW, BOOTMODE_LOG);
	stage(t, NEW, _BOOTMODE_MAX);
	stage(t, NEW, BOOTMODE_ENFORCE);
	assert_int_equal(gen_list_load(&t->root, RELEASE, &list, NULL), 0);
	assert_int_equal(list.n, 4);
	assert_int_equal(list.candidate, 2);
}

static int arm(struct tree *t, struct trialready *ready, struct plan *plan,
	       struct trialplan_armed *armed, struct diag *d)
{
	const struct trialplan_arm in = {.ready = ready};

	*armed = (struct trialplan_armed){0};
	return trialplan_arm(&t->root, &in, plan, armed, d);
}

static void test_arm__refused(void **state)
{
	static const enum diag_id ids[_TRIALREADY_MAX] = {
#define TRIALREADY(id, diag, word, title) DIAG_##diag,
#include "core/rollout/trialready-checks.inc"
#undef TRIALREADY
	};
	static struct trialready ready;
	struct tree *t = *state;

	for (unsigned i = 0; i < _TRIALREADY_MAX; i++) {
		_cleanup_plan_ struct plan plan = {0};
		struct trialplan_armed armed;
		struct diag d = {0};

		ready = (struct trialready){.number = 2, .ask.in_place = true};
		ready.check[i].verdict = TRIALREADY_REFUSED;
		assert_int_equal(arm(t, &ready, &plan, &armed, &d), -EPERM);
		assert_int_equal(d.id, ids[i]);
	}
}

static void test_arm__in_place(void **state)
{
	struct trialready ready = {.number = 2,
				   .mode = _BOOTMODE_MAX,
				   .ask.in_place = true};
	_cleanup_plan_ struct plan plan = {0}, again = {0};
	uint8_t a[PLAN_HASH_SIZE], b[PLAN_HASH_SIZE];
	struct trialplan_armed armed;
	struct tree *t = *state;
	char text[128], want[128];

	stage(t, NEW, _BOOTMODE_MAX);
	assert_int_equal(arm(t, &ready, &plan, &armed, NULL), 0);
	assert_int_equal(plan_danger(&plan), PLAN_BOOT);
	assert_int_equal(arm(t, &ready, &again, &armed, NULL), 0);
	plan_hash(&plan, a);
	plan_hash(&again, b);
	assert_memory_equal(a, b, sizeof(a));
	carry_out(t, &plan);
	get_link(t, text);
	(void)snprintf(want, sizeof(want), "next:2:%s:1", armed.id);
	assert_string_equal(text, want);
	assert_int_equal(armed.deadline, TRIAL_DEADLINE);
}

static void put_grubenv(struct tree *t)
{
	char env[1025];

	memset(env, '#', sizeof(env));
	memcpy(env, "# GRUB Environment Block\n", 25);
	env[1024] = '\0';
	tree_put(t, "boot/grub/grubenv", env);
}

static void test_arm__once(void **state)
{
	static struct trialready ready = {.number = 2,
					  .mode = BOOTMODE_ENFORCE,
					  .loader.kind = BOOTLOADER_GRUB};
	_cleanup_strbuf_ struct strbuf custom = {0};
	_cleanup_plan_ struct plan plan = {0};
	struct trialplan_armed armed;
	struct tree *t = *state;
	char text[128], want[200];
	struct diag d = {0};

	stage(t, NEW, BOOTMODE_ENFORCE);
	tree_folder(t, "boot/grub");
	tree_put(t, "boot/grub/grub.cfg", GRUB_CFG);
	put_grubenv(t);
	if (arm(t, &ready, &plan, &armed, &d) < 0)
		fail_msg("%s", d.text);
	carry_out(t, &plan);
	get_link(t, text);
	(void)snprintf(want, sizeof(want), "armed:2:%s:%d", armed.id, TRIALPLAN_BOOTS);
	assert_string_equal(text, want);
	(void)snprintf(want, sizeof(want),
		       "ima_appraise=enforce panic=30 imactl.trial=%s "
		       "imactl.deadline=%d",
		       armed.id, TRIALPLAN_DEADLINE);
	assert_string_equal(strbuf_str(&armed.words), want);
	assert_int_equal(fs_read_at(t->fd, "boot/grub/custom.cfg", 65536, &custom, NULL),
			 0);
	if (!strstr(strbuf_str(&custom), want))
		fail_msg("%s", strbuf_str(&custom));
	trialplan_armed_done(&armed);
}

static void test_arm__numbers(void **state)
{
	struct trialready ready = {.number = 2, .mode = _BOOTMODE_MAX};
	struct trialplan_arm in = {&ready, 0, TRIALPLAN_DEADLINE_MIN - 1};
	_cleanup_plan_ struct plan plan = {0}, more = {0};
	struct trialplan_armed armed;
	struct tree *t = *state;
	struct diag d = {0};

	assert_int_equal(trialplan_arm(&t->root, &in, &plan, &armed, &d), -EINVAL);
	assert_int_equal(d.id, DIAG_VALUE);
	in = (struct trialplan_arm){&ready, TRIAL_BOOTS_MAX + 1, 0};
	assert_int_equal(trialplan_arm(&t->root, &in, &more, &armed, NULL), -EINVAL);
}

static int confirm(struct tree *t, struct plan *plan, struct diag *d)
{
	struct trialplan_confirmed said;
	int r = trialplan_confirm(&t->root, RELEASE, plan, &said, d);

	trialplan_confirmed_done(&said);
	return r;
}

static void refuses(struct tree *t, const char *why)
{
	_cleanup_plan_ struct plan plan = {0};
	struct diag d = {0};

	assert_int_equal(confirm(t, &plan, &d), -EPERM);
	assert_int_equal(d.id, DIAG_TRIAL_NOT_READY);
	if (!strstr(d.text, why))
		fail_msg("'%s', not '%s'", d.text, why);
}

static void test_confirm__refused(void **state)
{
	struct tree *t = *state;

	stage(t, NEW, _BOOTMODE_MAX);
	refuses(t, "there is no trial");
	set_link(t, "armed:2:t1:3");
	refuses(t, "waits for the boot");
	set_link(t, "failed:2:t1:hang");
	refuses(t, "failed");
	set_link(t, "passed:2:t1:" OTHER);
	refuses(t, "another boot");
	set_here(t, "passed");
	refuses(t, "another boot"); /* without a gate in this one */
	notes(t, 2, "none", "none");
	refuses(t, "has not passed yet");
	set_here(t, "running");
	notes(t, 2, NONCE, "none");
	refuses(t, "has not passed yet");
	set_here(t, "passed");
	notes(t, 2, NONCE, NONCE);
	refuses(t, "failed in this boot");
	notes(t, 1, NONCE, "none");
	refuses(t, "another boot");
	assert_file(t, "etc/ima/ima-policy", OLD);
}

static void test_confirm(void **state)
{
	_cleanup_plan_ struct plan plan = {0};
	struct bootnote n;
	struct tree *t = *state;
	char boot_id[TRIAL_BOOT_SIZE], text[128], want[128];
	struct diag d = {0};

	stage(t, NEW, _BOOTMODE_MAX);
	set_here(t, "passed");
	notes(t, 2, NONCE, "none");
	if (confirm(t, &plan, &d) < 0)
		fail_msg("%s", d.text);
	assert_int_equal(plan_danger(&plan), PLAN_BOOT);
	assert_int_equal(trialplan_hold(&t->root, NULL), 0);
	carry_out(t, &plan);
	assert_int_equal(trialplan_release(&t->root, NULL), 0);
	bootnote_load(&t->root, &n);
	assert_true(n.confirmed && n.hold);
	assert_file(t, "etc/ima/ima-policy", NEW);
	assert_int_equal(trial_boot_id(&t->root, boot_id, NULL), 0);
	get_link(t, text);
	(void)snprintf(want, sizeof(want), "proving:2:t1:%s", boot_id);
	assert_string_equal(text, want);
	refuses(t, "was confirmed");
}

/* What lies in /etc/ima then is the generation that was tried, words or not. */
static void test_confirm__is_the_generation(void **state)
{
	_cleanup_genfound_ struct genfound f = {0};
	_cleanup_gen_list_ struct gen_list list = {0};
	_cleanup_plan_ struct plan plan = {0};
	struct tree *t = *state;

	stage(t, NEW, BOOTMODE_LOG);
	set_here(t, "passed");
	notes(t, 2, NONCE, "none");
	assert_int_equal(confirm(t, &plan, NULL), 0);
	carry_out(t, &plan);
	assert_int_equal(genfound_load(&t->root, &f, NULL), 0);
	assert_int_equal(gen_list_load(&t->root, RELEASE, &list, NULL), 0);
	assert_int_equal(genfound_same(&t->root, &list, &f), 2);
	assert_int_equal(list.n, 2);
}

static int prove(struct tree *t)
{
	_cleanup_plan_ struct plan plan = {0};
	struct diag d = {0};
	int r = trialplan_prove(&t->root, RELEASE, &plan, &d);

	if (r < 0)
		fail_msg("%s", d.text);
	if (r > 0)
		carry_out(t, &plan);
	return r;
}

static void test_prove(void **state)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	struct tree *t = *state;
	char text[128];

	stage(t, NEW, _BOOTMODE_MAX);
	assert_int_equal(prove(t), 0); /* no trial */
	set_here(t, "proving");
	notes(t, 0, NONCE, "none");
	note_policy(t, NEW);
	assert_int_equal(prove(t), 0); /* the boot that confirmed it */
	set_link(t, "proving:2:t1:" OTHER);
	note_policy(t, OLD);
	assert_int_equal(prove(t), 0); /* another policy was loaded */
	note_policy(t, NEW);
	notes(t, 2, NONCE, "none");
	assert_int_equal(prove(t), 0); /* it was bound, not loaded from the disk */
	notes(t, 0, "none", "none");
	assert_int_equal(prove(t), 0); /* nobody found it healthy */
	notes(t, 0, NONCE, "none");
	assert_int_equal(prove(t), 1);
	get_link(t, text);
	assert_string_equal(text, "");
	assert_int_equal(gen_list_load(&t->root, RELEASE, &list, NULL), 0);
	assert_true(gen_find(&list, 2)->blessed);
	assert_int_equal(list.candidate, 0);
	assert_int_equal(prove(t), 0);
}

static int give_up(struct tree *t, bool *running, struct diag *d)
{
	_cleanup_plan_ struct plan plan = {0};
	int r = trialplan_abort(&t->root, &plan, running, d);

	if (r == 0 && plan.n)
		carry_out(t, &plan);
	return r;
}

static void test_abort(void **state)
{
	static const char *const gone[] = {"armed:2:t1:3", "next:2:t1:1",
					   "failed:2:t1:hang", "running:2:t1:" OTHER};
	_cleanup_gen_list_ struct gen_list list = {0};
	struct tree *t = *state;
	char text[128];
	bool running;

	stage(t, NEW, _BOOTMODE_MAX);
	assert_int_equal(give_up(t, &running, NULL), 0); /* there is none */
	for (size_t i = 0; i < array_size(gone); i++) {
		set_link(t, gone[i]);
		assert_int_equal(give_up(t, &running, NULL), 0);
		assert_false(running);
		get_link(t, text);
		assert_string_equal(text, "");
	}
	set_here(t, "passed");
	assert_int_equal(give_up(t, &running, NULL), 0);
	assert_true(running);
	get_link(t, text);
	assert_string_equal(text, "failed:2:t1:abort");
	assert_int_equal(gen_list_load(&t->root, RELEASE, &list, NULL), 0);
	assert_int_equal(list.candidate, 2);
}

static void test_abort__confirmed(void **state)
{
	struct tree *t = *state;
	struct diag d = {0};
	bool running;

	stage(t, NEW, _BOOTMODE_MAX);
	set_here(t, "proving");
	assert_int_equal(give_up(t, &running, &d), -EPERM);
	assert_int_equal(d.id, DIAG_TRIAL_CONFIRMED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(stage),
		TEST(stage__again),
		TEST(arm__refused),
		TEST(arm__in_place),
		TEST(arm__once),
		TEST(arm__numbers),
		TEST(confirm__refused),
		TEST(confirm),
		TEST(confirm__is_the_generation),
		TEST(prove),
		TEST(abort),
		TEST(abort__confirmed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
