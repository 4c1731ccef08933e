/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands in the way of a trial, below another root. An initramfs with the hook, and boot
 * loaders that start an entry once, are seen in tests/lab/rollout-grub.scenario. */
#include "tests/unit/test.h"

#include "core/base/bootnote.h"
#include "core/base/change.h"
#include "core/base/trial.h"
#include "core/boot/act-boot.h"
#include "core/rollout/trialready.h"
#include "tests/unit/tree.h"

#define RELEASE "6.1.0-test"
#define POLICY	"audit func=BPRM_CHECK\n"

static struct trialready ready;

static enum trialready_verdict look_as(struct tree *t, enum trialready_id id,
				       struct trialready_ask ask)
{
	assert_int_equal(trialready_look(&t->root, RELEASE, &ask, &ready, NULL), 0);
	return ready.check[id].verdict;
}

static enum trialready_verdict look(struct tree *t, enum trialready_id id)
{
	return look_as(t, id, (struct trialready_ask){.in_place = false});
}

static void says(enum trialready_id id, const char *what)
{
	if (!strstr(ready.check[id].text, what))
		fail_msg("'%s', not '%s'", ready.check[id].text, what);
}

/* The next boot is given this: its loader is not known here, so it is as this one. */
static void boots_with(struct tree *t, const char *words)
{
	tree_folder(t, "proc");
	tree_put(t, "proc/cmdline", words);
	cleanup_closep(&t->root.dir[ROOT_PROC]);
	t->root.dir[ROOT_PROC] = openat(t->fd, "proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void carry_out(struct tree *t, const struct plan *plan)
{
	struct change_ctx ctx = {.root = &t->root,
				 .place = ROOT_STATE,
				 .actions = &act_boot_rows,
				 .command = "test"};
	uint8_t hash[PLAN_HASH_SIZE];
	struct change_result r;

	plan_hash(plan, hash);
	assert_int_equal(change_run(&ctx, plan, hash, &r, NULL), 0);
	assert_int_equal(r.outcome, CHANGE_DONE);
}

static void add_candidate(struct tree *t, const char *words)
{
	struct gen_file file[] = {{.name = GEN_POLICY}, {.name = GEN_CMDLINE}};
	const struct gen_spec spec = {1, "staged", file, *words ? 2 : 1, false};
	_cleanup_plan_ struct plan plan = {0};

	file[0].content = span_of(POLICY);
	file[1].content = span_of(words);
	tree_folder(t, "etc");
	assert_int_equal(plan_init(&plan, "test", NULL), 0);
	assert_int_equal(gen_begin(&plan, &t->root, NULL), 0);
	assert_true(gen_add(&plan, &t->root, &spec, NULL) >= 0);
	assert_true(gen_set_candidate(&plan, &t->root, 1, NULL) >= 0);
	carry_out(t, &plan);
}

static void test_candidate(void **state)
{
	struct tree *t = *state;

	assert_int_equal(look(t, TRIALREADY_CANDIDATE), TRIALREADY_REFUSED);
	says(TRIALREADY_CANDIDATE, "No policy was staged");
	add_candidate(t, "ima_appraise=log\n");
	assert_int_equal(look(t, TRIALREADY_CANDIDATE), TRIALREADY_GOOD);
	assert_int_equal(ready.number, 1);
	assert_int_equal(ready.mode, BOOTMODE_LOG);
	tree_put(t, GEN_FOLDER "/gen/1/" GEN_POLICY, "audit func=MODULE_CHECK\n");
	assert_int_equal(look(t, TRIALREADY_CANDIDATE), TRIALREADY_REFUSED);
}

static void test_candidate__barred(void **state)
{
	_cleanup_plan_ struct plan plan = {0};
	struct tree *t = *state;

	add_candidate(t, "");
	assert_int_equal(plan_init(&plan, "test", NULL), 0);
	assert_true(gen_set_minimum(&plan, &t->root, 2, NULL) >= 0);
	carry_out(t, &plan);
	assert_int_equal(look(t, TRIALREADY_CANDIDATE), TRIALREADY_REFUSED);
	says(TRIALREADY_CANDIDATE, "below the minimum");
}

static void test_trial(void **state)
{
	static const struct {
		const char *link;
		enum trialready_verdict verdict;
	} rows[] = {
		{"armed:1:t1:3", TRIALREADY_REFUSED},
		{"next:1:t1:1", TRIALREADY_REFUSED},
		{"running:1:t1:x", TRIALREADY_REFUSED},
		{"proving:1:t1:x", TRIALREADY_REFUSED},
		{"nonsense", TRIALREADY_REFUSED},
		{"failed:1:t1:hang", TRIALREADY_TOLD},
	};
	struct tree *t = *state;

	tree_folder(t, GEN_FOLDER);
	assert_int_equal(look(t, TRIALREADY_TRIAL), TRIALREADY_GOOD);
	for (size_t i = 0; i < array_size(rows); i++) {
		(void)unlinkat(t->fd, GEN_FOLDER "/" TRIAL_LINK, 0);
		assert_int_equal(symlinkat(rows[i].link, t->fd,
					   GEN_FOLDER "/" TRIAL_LINK),
				 0);
		assert_int_equal(look(t, TRIALREADY_TRIAL), rows[i].verdict);
	}
	says(TRIALREADY_TRIAL, "it was not found healthy in time");
}

/* That the hook ran in this boot is not that it will. */
static void test_hook(void **state)
{
	struct tree *t = *state;

	assert_int_equal(look(t, TRIALREADY_HOOK), TRIALREADY_REFUSED);
	assert_int_equal(bootnote_set(&t->root, BOOTNOTE_NONCE,
				      "0123456789abcdef0123456789abcdef", NULL),
			 0);
	assert_int_equal(look(t, TRIALREADY_HOOK), TRIALREADY_TOLD);
	tree_folder(t, "boot");
	tree_put(t, "boot/initrd.img-" RELEASE, "no image");
	assert_int_equal(look(t, TRIALREADY_HOOK), TRIALREADY_TOLD);
}

static void test_entry(void **state)
{
	struct tree *t = *state;

	assert_int_equal(look(t, TRIALREADY_ENTRY), TRIALREADY_REFUSED);
	assert_int_equal(look_as(t, TRIALREADY_ENTRY,
				 (struct trialready_ask){.in_place = true}),
			 TRIALREADY_TOLD);
	says(TRIALREADY_ENTRY, "riskier");
}

/* In place nothing is given to the kernel, so the mode is what it is. */
static void test_mode__in_place(void **state)
{
	const struct trialready_ask in_place = {.in_place = true};
	struct tree *t = *state;

	add_candidate(t, "ima_appraise=enforce\n");
	boots_with(t, "quiet ima_appraise=log\n");
	assert_int_equal(look(t, TRIALREADY_MODE), TRIALREADY_GOOD);
	(void)look_as(t, TRIALREADY_MODE, in_place);
	/* a kernel without the word has one mode, and no other can be next */
	if (ready.check[TRIALREADY_MODE].verdict == TRIALREADY_REFUSED)
		says(TRIALREADY_MODE, "in the mode log, not enforce");
	boots_with(t, "quiet ima_appraise=enforce\n");
	assert_int_not_equal(look_as(t, TRIALREADY_MODE, in_place), TRIALREADY_REFUSED);
}

/* What an observation leaves there: gone back to, it would be enforced, too. */
static void test_disk(void **state)
{
	const struct trialready_ask in_place = {.in_place = true};
	struct tree *t = *state;

	add_candidate(t, "ima_appraise=enforce\n");
	boots_with(t, "quiet ima_appraise=enforce\n");
	assert_int_equal(look_as(t, TRIALREADY_DISK, in_place), TRIALREADY_GOOD);
	tree_folder(t, "etc/ima");
	tree_put(t, "etc/ima/ima-policy", "audit func=MMAP_CHECK\n");
	assert_int_equal(look_as(t, TRIALREADY_DISK, in_place), TRIALREADY_GOOD);
	tree_put(t, "etc/ima/ima-policy", POLICY);
	assert_int_equal(look_as(t, TRIALREADY_DISK, in_place), TRIALREADY_REFUSED);
	says(TRIALREADY_DISK, "also one after a trial that failed");
	boots_with(t, "quiet ima_appraise=log\n");
	/* the trial's mode will be that of every start */
	assert_int_equal(look_as(t, TRIALREADY_DISK, in_place), TRIALREADY_REFUSED);
	/* a kernel without the word has one mode */
	if (look(t, TRIALREADY_DISK) != TRIALREADY_REFUSED)
		says(TRIALREADY_DISK, "nothing is denied");
}

static void test_boot__words(void **state)
{
	static const char *const odd[] = {"init=/bin/sh",  "fsck.mode=force",
					  "single",	   "systemd.unit=rescue.target",
					  "autorelabel=1", "rd.break"};
	struct tree *t = *state;

	boots_with(t, "quiet fsck.mode=skip\n");
	assert_int_equal(look(t, TRIALREADY_BOOT), TRIALREADY_GOOD);
	for (size_t i = 0; i < array_size(odd); i++) {
		boots_with(t, odd[i]);
		if (look(t, TRIALREADY_BOOT) != TRIALREADY_REFUSED)
			fail_msg("%s", odd[i]);
	}
}

static void test_boot__files(void **state)
{
	static const char *const paths[] = {".autorelabel", "forcefsck", "system-update"};
	struct tree *t = *state;

	for (size_t i = 0; i < array_size(paths); i++) {
		assert_int_equal(symlinkat("nowhere", t->fd, paths[i]), 0);
		assert_int_equal(look(t, TRIALREADY_BOOT), TRIALREADY_REFUSED);
		says(TRIALREADY_BOOT, paths[i]);
		assert_int_equal(unlinkat(t->fd, paths[i], 0), 0);
	}
	assert_int_equal(look(t, TRIALREADY_BOOT), TRIALREADY_GOOD);
}

static void test_room(void **state)
{
	struct tree *t = *state;

	assert_int_equal(look(t, TRIALREADY_ROOM), TRIALREADY_GOOD);
	cleanup_closep(&t->root.dir[ROOT_TARGET]); /* one that nobody can write to */
	t->root.dir[ROOT_TARGET] = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(look(t, TRIALREADY_ROOM), TRIALREADY_REFUSED);
	says(TRIALREADY_ROOM, "full: 0 KiB");
}

static void test_sealed(void **state)
{
	struct tree *t = *state;

	tree_folder(t, "etc");
	tree_put(t, "etc/crypttab", "root UUID=1 none luks,discard\n");
	assert_int_equal(look(t, TRIALREADY_SEALED), TRIALREADY_GOOD);
	tree_put(t, "etc/crypttab", "root UUID=1 none tpm2-device=auto,discard\n");
	assert_int_equal(look(t, TRIALREADY_SEALED), TRIALREADY_REFUSED);
	assert_int_equal(look_as(t, TRIALREADY_SEALED,
				 (struct trialready_ask){.passphrase = true}),
			 TRIALREADY_TOLD);
	assert_int_equal(look_as(t, TRIALREADY_SEALED,
				 (struct trialready_ask){.in_place = true}),
			 TRIALREADY_GOOD);
	tree_put(t, "etc/crypttab", "# tpm2-device=auto\nroot UUID=1 none luks\n");
	assert_int_equal(look(t, TRIALREADY_SEALED), TRIALREADY_GOOD);
	boots_with(t, "rd.luks.options=tpm2-device=auto\n");
	assert_int_equal(look(t, TRIALREADY_SEALED), TRIALREADY_REFUSED);
}

/* The first in the table is the one that is told. */
static void test_refuse(void **state)
{
	struct diag d = {0};

	ready = (struct trialready){.number = 1};
	assert_int_equal(trialready_refuse(&ready, &d), 0);
	ready.check[TRIALREADY_ROOM].verdict = TRIALREADY_TOLD;
	assert_int_equal(trialready_refuse(&ready, &d), 0);
	ready.check[TRIALREADY_SEALED].verdict = TRIALREADY_REFUSED;
	assert_int_equal(trialready_refuse(&ready, &d), -EPERM);
	assert_int_equal(d.id, DIAG_TRIAL_SEALED);
	ready.check[TRIALREADY_HOOK].verdict = TRIALREADY_REFUSED;
	assert_int_equal(trialready_refuse(&ready, &d), -EPERM);
	assert_int_equal(d.id, DIAG_TRIAL_NO_HOOK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(candidate),   TEST(candidate__barred),
		TEST(trial),	   TEST(hook),
		TEST(entry),	   TEST(mode__in_place),
		TEST(disk),	   TEST(boot__words),
		TEST(boot__files), TEST(room),
		TEST(sealed),	   TEST(refuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
