/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told of a trial, below another root. */
#include "tests/unit/test.h"

#include "core/rollout/trialnow.h"
#include "tests/unit/tree.h"

#define NONCE "0123456789abcdef0123456789abcdef"
#define OTHER "11111111-2222-3333-4444-555555555555"
#define LINK  GEN_FOLDER "/" TRIAL_LINK
#define MOTD  "run/motd.d/imactl"

static void set_link(struct tree *t, const char *text)
{
	(void)unlinkat(t->fd, LINK, 0);
	assert_int_equal(symlinkat(text, t->fd, LINK), 0);
}

static void set_here(struct tree *t, const char *state)
{
	char boot_id[TRIAL_BOOT_SIZE], text[128];

	assert_int_equal(trial_boot_id(&t->root, boot_id, NULL), 0);
	(void)snprintf(text, sizeof(text), "%s:2:t1:%s", state, boot_id);
	set_link(t, text);
}

/* A guard that restarts the machine so many seconds from now. */
static void guard_in(struct tree *t, uint64_t seconds)
{
	_cleanup_trialnow_ struct trialnow now = {0};

	assert_int_equal(trialnow_load(&t->root, &now, NULL), 0);
	assert_true(now.uptime > 0);
	assert_int_equal(bootnote_set(&t->root, BOOTNOTE_NONCE, NONCE, NULL), 0);
	assert_int_equal(bootnote_set_number(&t->root, BOOTNOTE_GENERATION, 2, NULL), 0);
	assert_int_equal(bootnote_set_number(&t->root, BOOTNOTE_DEADLINE,
					     now.uptime + seconds, NULL),
			 0);
}

static void told(struct tree *t, struct strbuf *out)
{
	_cleanup_trialnow_ struct trialnow now = {0};

	strbuf_clear(out);
	assert_int_equal(trialnow_load(&t->root, &now, NULL), 0);
	trialnow_format(&now, out);
	strbuf_adds(out, trialnow_next(&now));
}

static void assert_told(struct tree *t, const char *what)
{
	_cleanup_strbuf_ struct strbuf out = {0};

	told(t, &out);
	if (!strstr(strbuf_str(&out), what))
		fail_msg("'%s', not '%s'", strbuf_str(&out), what);
}

static int setup(void **state)
{
	assert_int_equal(tree_setup(state), 0);
	tree_folder(*state, GEN_FOLDER);
	return 0;
}

static void test_format__states(void **state)
{
	struct tree *t = *state;

	assert_told(t, "Trial: none");
	set_link(t, "armed:2:t1:3");
	assert_told(t, "does not start it by itself; after 3 other boots");
	set_link(t, "next:2:t1:1");
	assert_told(t, "systemctl reboot");
	set_link(t, "passed:2:t1:" OTHER);
	assert_told(t, "imactl rollout abort");
	set_here(t, "proving");
	assert_told(t, "written to the disk in this boot");
	set_link(t, "proving:2:t1:" OTHER);
	assert_told(t, "loaded another one");
	set_link(t, "what is this");
	assert_told(t, "is not what imactl writes");
}

static void test_deadline(void **state)
{
	_cleanup_strbuf_ struct strbuf line = {0};
	_cleanup_trialnow_ struct trialnow now = {0};
	struct tree *t = *state;

	set_here(t, "passed");
	assert_told(t, "No guard watches it");
	guard_in(t, 200);
	assert_int_equal(trialnow_load(&t->root, &now, NULL), 0);
	assert_true(now.here && now.guarded && now.left > 190 && now.left <= 200);
	assert_told(t, "with the policy from before, in 3 min");
	assert_told(t, "imactl rollout confirm");
	trialnow_short(&now, &line);
	assert_memory_equal(strbuf_str(&line), "TRIAL 2: 3 min ", 15);
	assert_int_equal(bootnote_set(&t->root, BOOTNOTE_CONFIRMED, NONCE, NULL), 0);
	trialnow_done(&now);
	assert_int_equal(trialnow_load(&t->root, &now, NULL), 0);
	assert_false(now.guarded);
}

/* Of another trial nothing is told; of the same the newest. */
static void test_evidence(void **state)
{
	_cleanup_trialnow_ struct trialnow now = {0};
	struct tree *t = *state;

	set_link(t, "failed:2:t1:freeze");
	assert_told(t, "PID 1 stopped because");
	for (int i = 1; i <= 4; i++) {
		char path[64], text[128];

		(void)snprintf(path, sizeof(path), GEN_FOLDER "/evidence/%d", i);
		tree_folder(t, path);
		(void)snprintf(path, sizeof(path), GEN_FOLDER "/evidence/%d/why", i);
		(void)snprintf(text, sizeof(text),
			       "cause freeze\ntrial %s\nsystemd said %d\x1b[2J\n",
			       i == 4 ? "t1x" : "t1", i);
		tree_put(t, path, text);
	}
	assert_int_equal(trialnow_load(&t->root, &now, NULL), 0);
	assert_int_equal(now.evidence, 3);
	assert_told(t, "systemd said: said 3\\x1b[2J");
	assert_told(t, "/etc/imactl/evidence/3");
}

static void test_motd(void **state)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_trialnow_ struct trialnow now = {0};
	struct tree *t = *state;

	set_here(t, "passed");
	guard_in(t, 200);
	assert_int_equal(trialnow_load(&t->root, &now, NULL), 0);
	assert_int_equal(trialnow_motd(&t->root, &now, NULL), 0);
	assert_int_equal(fs_read_at(t->fd, MOTD, 4096, &text, NULL), 0);
	assert_non_null(strstr(strbuf_str(&text), "imactl rollout confirm"));
	strbuf_clear(&text);
	now.trial.state = TRIAL_RUNNING;
	assert_int_equal(trialnow_motd(&t->root, &now, NULL), 0);
	assert_int_equal(fs_read_at(t->fd, MOTD, 4096, &text, NULL), 0);
	assert_non_null(strstr(strbuf_str(&text), "not found healthy"));
	now.here = false; /* and in other boots there is none */
	assert_int_equal(trialnow_motd(&t->root, &now, NULL), 0);
	assert_int_equal(faccessat(t->fd, MOTD, F_OK, 0), -1);
	assert_int_equal(trialnow_motd(&t->root, &now, NULL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(format__states),
		TEST(deadline),
		TEST(evidence),
		TEST(motd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
