/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a trial as a boot finds it. ARMED becomes RUNNING once, and is on the disk
 * before anything of the trial has an effect: the same words on the command line do nothing a
 * second time (recovery.md, rule 10). Boots are counted, no clock is read (rule 13).
 */
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/remount.h"
#include "recovery/evidence.h"
#include "recovery/gate-internal.h"
#include "recovery/kernelfs.h"
#include "recovery/say.h"

static void write_state(struct gate *g, const struct trial *t)
{
	struct diag d = {0};

	if (trial_write(&g->target, t, &d) < 0)
		say_diag(&d); /* told again by the next boot */
}

static void fail(struct gate *g, struct trial *t, enum trial_cause cause)
{
	t->state = TRIAL_FAILED;
	t->cause = cause;
	write_state(g, t);
	say("The trial of generation %u has ended: %s.", t->number,
	    trial_cause_text(cause));
}

/* Another boot than the trial's. */
static void count(struct gate *g, struct trial *t)
{
	struct diag d = {0};

	if (t->boots_left > 1) {
		t->boots_left--;
		write_state(g, t);
	} else if (trial_remove(&g->target, &d) < 0)
		say_diag(&d);
	else
		say("The trial of generation %u was never booted and has expired.",
		    t->number);
}

/* Nothing of it is tried where that cannot be written down first. */
static bool consume(struct gate *g, struct trial *t)
{
	struct diag d = {0};

	t->state = TRIAL_RUNNING;
	memcpy(t->boot_id, g->boot_id, sizeof(t->boot_id));
	if (trial_write(&g->target, t, &d) == 0)
		return true;
	say_diag(&d);
	strbuf_addf(&g->why, "Generation %u is not tried: %s ", t->number, d.text);
	return false;
}

/* For people, who read it in a boot whose /run says nothing of it. */
static void keep_why(struct gate *g, const struct trial *t)
{
	_cleanup_strbuf_ struct strbuf why = {0};
	_cleanup_close_ int fd = -1;
	struct remount m;

	strbuf_addf(&why, "cause %s\nboot %s\ntrial %s\ngeneration %u\ngate %s\n",
		    trial_cause_word(t->cause), g->boot_id, t->id, t->number,
		    strbuf_str(&g->why));
	if (remount_writable(g->target.dir[ROOT_TARGET], &m) < 0)
		return;
	fd = evidence_new(g->target.dir[ROOT_TARGET], NULL);
	evidence_put(fd, "why", &why);
	cleanup_closep(&fd); /* nothing is open when it is read-only again */
	(void)remount_back(&m);
}

static bool run(struct gate *g, struct trial *t)
{
	struct diag d = {0};

	if (!consume(g, t))
		return false;
	if (!gate_accepts(g, t->number, &d)) {
		keyload_keep_only(&g->keys, 0);
		strbuf_addf(&g->why, "The trial was given up. %s ", d.text);
		fail(g, t,
		     d.id == DIAG_KEY_REFUSED	? TRIAL_CAUSE_KEYS
		     : d.id == DIAG_GEN_UNKNOWN ? TRIAL_CAUSE_DENIED
						: TRIAL_CAUSE_REFUSED);
		keep_why(g, t);
		return false;
	}
	gate_start_guard(g, true);
	if (gate_bind(g, t->number, &d) < 0) {
		strbuf_addf(&g->why, "The trial was given up. %s ", d.text);
		fail(g, t, TRIAL_CAUSE_REFUSED);
		keep_why(g, t);
		return false;
	}
	g->verdict = BOOTNOTE_VERDICT_TRIAL;
	strbuf_addf(&g->why, "This boot tries generation %u.", t->number);
	return true;
}

/* It was running, or waiting for its confirmation, when the machine went down. */
static void ended(struct gate *g, struct trial *t)
{
	if (strcmp(t->boot_id, g->boot_id) != 0)
		fail(g, t,
		     t->state == TRIAL_PASSED ? TRIAL_CAUSE_DEADLINE : TRIAL_CAUSE_POWER);
}

/* Of a kernel that saves another's memory nobody learns anything. */
static bool is_meant(const struct gate *g, const struct trial *t)
{
	if (kernelfs_saves_dump(&g->here))
		return false;
	return t->state == TRIAL_NEXT || (t->state == TRIAL_ARMED && *g->trial_word &&
					  strcmp(g->trial_word, t->id) == 0);
}

bool gate_trial(struct gate *g)
{
	struct diag d = {0};
	struct trial t;
	int r = trial_read(&g->target, &t, &d);

	if (r < 0)
		say_diag(&d);
	if (r <= 0 || g->off)
		return false;
	if (is_meant(g, &t))
		return run(g, &t);
	if (t.state == TRIAL_ARMED)
		count(g, &t);
	else if (t.state == TRIAL_RUNNING || t.state == TRIAL_PASSED)
		ended(g, &t);
	return false;
}

void gate_trial_disk(struct gate *g)
{
	struct trial t;

	if (g->verdict != BOOTNOTE_VERDICT_REPLACED &&
	    g->verdict != BOOTNOTE_VERDICT_REFUSED)
		return;
	if (trial_read(&g->target, &t, NULL) > 0 && t.state == TRIAL_PROVING)
		fail(g, &t, TRIAL_CAUSE_REFUSED);
}
