/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test.h"

#include "recovery/guard-decide.h"

static const struct guard_task ordinary,
	trial = {.trial = true, .deadline = 300},
	early = {.trial = true, .early = true, .deadline = 300};

static const struct pid1_seen stopped = {.descriptors = 3,
					 .state = 'S',
					 .comm = "systemd",
					 .program = "systemd",
					 .in_root = true},
			      alive = {.descriptors = 36,
				       .state = 'S',
				       .comm = "systemd",
				       .program = "systemd",
				       .in_root = true},
			      initramfs = {.descriptors = 4,
					   .state = 'S',
					   .comm = "init",
					   .program = "systemd"},
			      leaving = {.descriptors = 9,
					 .state = 'S',
					 .comm = "systemd-shutdow",
					 .in_root = true};

static enum guard_act decide(const struct guard_task *task, struct guard_facts f,
			     struct guard_state *s)
{
	return guard_decide(task, &f, s);
}

/* The last of so many looks that all see the same. */
static enum guard_act after(const struct guard_task *task, int looks,
			    struct guard_facts f)
{
	enum guard_act act = GUARD_WAIT;
	struct guard_state s = {0};

	while (looks--)
		act = decide(task, f, &s);
	return act;
}

/* Neither what is said nor what PID 1 looks like is enough by itself. */
static void test_freeze__needs_both(void **state)
{
	struct guard_facts f = {.now = 10, .pid1 = stopped};

	assert_int_equal(after(&ordinary, 100, f), GUARD_WAIT);
	f.policy_stops = f.stops = true;
	assert_int_equal(after(&ordinary, GUARD_FROZEN_LOOKS - 1, f), GUARD_WAIT);
	assert_int_equal(after(&ordinary, GUARD_FROZEN_LOOKS, f), GUARD_UNDO);
	assert_int_equal(after(&trial, GUARD_FROZEN_LOOKS, f), GUARD_UNDO);
	f.pid1 = alive;
	assert_int_equal(after(&trial, 100, f), GUARD_WAIT);
	assert_int_equal(after(&ordinary, GUARD_LIVE_LOOKS, f), GUARD_END);
	f.pid1 = initramfs; /* it sleeps with few descriptors, too, before switch-root */
	f.pid1.descriptors = 5;
	assert_int_equal(after(&ordinary, 100, f), GUARD_WAIT);
}

/* For a reason that is none of ours nothing is undone on the disk. */
static void test_freeze__other_reason(void **state)
{
	struct guard_facts f = {.now = 10, .pid1 = stopped, .stops = true};

	assert_int_equal(after(&ordinary, 100, f), GUARD_WAIT);
	assert_int_equal(after(&trial, GUARD_FROZEN_LOOKS, f), GUARD_UNDO);
}

static void test_freeze__interrupted(void **state)
{
	struct guard_facts f = {.now = 10,
				.pid1 = stopped,
				.policy_stops = true,
				.stops = true};
	struct guard_state s = {0};

	for (int i = 0; i < 20; i++) {
		f.pid1.state = i % 2 ? 'S' : 'R';
		assert_int_equal(decide(&ordinary, f, &s), GUARD_WAIT);
	}
}

/* Autorelabel, a long fsck, init=/bin/sh: time alone is no reason. */
static void test_ordinary__time_never_acts(void **state)
{
	struct guard_facts f = {.pid1 = initramfs};
	struct guard_state s = {0};

	for (f.now = 0; f.now < 100000; f.now += 10)
		assert_int_equal(decide(&ordinary, f, &s), GUARD_WAIT);
	f.pid1 = (struct pid1_seen){.descriptors = 3,
				    .state = 'S',
				    .comm = "sh",
				    .program = "systemd",
				    .in_root = true};
	assert_int_equal(decide(&ordinary, f, &s), GUARD_WAIT);
	f.now += GUARD_OTHER_INIT;
	assert_int_equal(decide(&ordinary, f, &s), GUARD_END);
}

/* PID 1 was in its root within the first second: virtual machines are. */
static void test_ordinary__quick_start(void **state)
{
	struct pid1_seen starting = {.descriptors = 3,
				     .state = 'R',
				     .comm = "init",
				     .program = "systemd",
				     .in_root = true};

	assert_int_equal(after(&ordinary, 3, (struct guard_facts){.pid1 = starting}),
			 GUARD_WAIT);
}

static void test_ordinary__ends(void **state)
{
	struct guard_facts f = {.now = 10, .pid1 = alive};
	struct guard_state s = {0};

	assert_int_equal(after(&ordinary, GUARD_LIVE_LOOKS - 1, f), GUARD_WAIT);
	assert_int_equal(after(&ordinary, GUARD_LIVE_LOOKS, f), GUARD_END);
	for (int i = 0; i < 10 * GUARD_LIVE_LOOKS;
	     i++) { /* a moment of many descriptors */
		f.pid1 = i % 3 ? alive : stopped;
		assert_int_equal(decide(&ordinary, f, &s), GUARD_WAIT);
	}
	f.pid1 = leaving;
	assert_int_equal(after(&ordinary, 1, f), GUARD_END);
	assert_int_equal(after(&trial, 1, f), GUARD_END);
	f.pid1 = initramfs;
	f.note.healthy = true;
	assert_int_equal(after(&ordinary, 1, f), GUARD_END);
}

static void test_trial__deadline(void **state)
{
	struct guard_facts f = {.now = 239, .pid1 = alive};
	struct guard_state s = {0};

	assert_int_equal(decide(&trial, f, &s), GUARD_WAIT);
	f.now = 240;
	assert_int_equal(decide(&trial, f, &s), GUARD_ANNOUNCE);
	assert_int_equal(s.cause, TRIAL_CAUSE_HANG);
	f.note.healthy = true;
	f.now = 299;
	assert_int_equal(decide(&trial, f, &s), GUARD_WAIT);
	f.now = 300;
	assert_int_equal(decide(&trial, f, &s), GUARD_UNDO);
	assert_int_equal(s.cause, TRIAL_CAUSE_DEADLINE);
}

/* Once, and by the one that has somebody to tell. */
static void test_trial__tells(void **state)
{
	struct guard_facts f = {.now = 30, .pid1 = alive};
	struct guard_state s = {0}, e = {0};

	assert_int_equal(decide(&trial, f, &s), GUARD_WAIT);
	f.note.healthy = true;
	assert_int_equal(decide(&early, f, &e), GUARD_WAIT);
	assert_int_equal(decide(&trial, f, &s), GUARD_TELL);
	assert_int_equal(decide(&trial, f, &s), GUARD_WAIT);
	f.note.confirmed = true;
	assert_int_equal(decide(&trial, f, &s), GUARD_END);
}

static void test_trial__confirmed(void **state)
{
	struct guard_facts f = {.now = 299, .pid1 = alive, .note.healthy = true};
	struct guard_state s = {0};

	assert_int_equal(decide(&trial, f, &s), GUARD_ANNOUNCE);
	f.note.confirmed = true;
	assert_int_equal(decide(&trial, f, &s), GUARD_END);
}

static void test_trial__failed_health(void **state)
{
	struct guard_facts f = {.now = 20, .pid1 = alive, .note.unhealthy = true};
	struct guard_state s = {0};

	assert_int_equal(decide(&trial, f, &s), GUARD_ANNOUNCE);
	assert_int_equal(s.cause, TRIAL_CAUSE_HEALTH);
	f.now = 79;
	assert_int_equal(decide(&trial, f, &s), GUARD_WAIT);
	f.note.healthy = true; /* somebody mended it, and checked again */
	assert_int_equal(decide(&trial, f, &s), GUARD_RECALL);
	assert_int_equal(decide(&trial, f, &s), GUARD_TELL);
	assert_int_equal(decide(&trial, f, &s), GUARD_WAIT);
	f.note.healthy = false;
	assert_int_equal(decide(&trial, f, &s), GUARD_ANNOUNCE);
	f.now += GUARD_NOTICE;
	assert_int_equal(decide(&trial, f, &s), GUARD_UNDO);
}

/* Who types is given time, who has left is not waited for. */
static void test_trial__held(void **state)
{
	struct guard_facts f = {.now = 400, .pid1 = alive, .note.hold = 395};
	struct guard_state s = {0};

	assert_int_equal(decide(&trial, f, &s), GUARD_WAIT);
	f.now = 395 + BOOTNOTE_HOLD_MAX;
	assert_int_equal(decide(&trial, f, &s), GUARD_ANNOUNCE);
	f.note.hold = f.now;
	f.now++;
	assert_int_equal(decide(&trial, f, &s), GUARD_RECALL);
	f.note.hold = f.now + 1000; /* of no clock of this boot */
	assert_int_equal(decide(&trial, f, &s), GUARD_ANNOUNCE);
}

static void test_early(void **state)
{
	struct guard_facts f = {.now = 239, .pid1 = initramfs};
	struct guard_state s = {0};

	assert_int_equal(decide(&early, f, &s), GUARD_WAIT);
	f.now = 240; /* no root was found, so nobody else is there to act */
	assert_int_equal(decide(&early, f, &s), GUARD_ANNOUNCE);
	f.note.guard = 99;
	assert_int_equal(decide(&early, f, &s), GUARD_RECALL);
	f.now = 300;
	assert_int_equal(decide(&early, f, &s), GUARD_WAIT);
	f.now = 300 + GUARD_EARLY_GRACE - GUARD_NOTICE;
	assert_int_equal(decide(&early, f, &s), GUARD_ANNOUNCE);
	f.now += GUARD_NOTICE;
	assert_int_equal(decide(&early, f, &s), GUARD_UNDO);
	f.note.verdict = BOOTNOTE_VERDICT_TRIAL;
	assert_int_equal(decide(&early, f, &s), GUARD_UNDO);
	f.note.verdict = BOOTNOTE_VERDICT_ACCEPTED; /* kexec with the words of a trial */
	assert_int_equal(decide(&early, f, &s), GUARD_END);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_freeze__needs_both),
		cmocka_unit_test(test_freeze__other_reason),
		cmocka_unit_test(test_freeze__interrupted),
		cmocka_unit_test(test_ordinary__time_never_acts),
		cmocka_unit_test(test_ordinary__quick_start),
		cmocka_unit_test(test_ordinary__ends),
		cmocka_unit_test(test_trial__deadline),
		cmocka_unit_test(test_trial__tells),
		cmocka_unit_test(test_trial__confirmed),
		cmocka_unit_test(test_trial__failed_health),
		cmocka_unit_test(test_trial__held),
		cmocka_unit_test(test_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
