/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/guard-decide.h"

/* Whoever types gets time; who has left does not hold the machine for ever (recovery.md, rule
 * 16). */
static bool held(const struct guard_facts *f)
{
	return f->note.hold && f->note.hold <= f->now &&
	       f->now - f->note.hold < BOOTNOTE_HOLD_MAX;
}

static bool frozen(const struct guard_task *task, const struct guard_facts *f,
		   struct guard_state *s)
{
	bool said = task->trial ? f->stops : f->policy_stops;

	s->frozen = said && !task->early && pid1_frozen(&f->pid1) ? s->frozen + 1 : 0;
	return s->frozen >= GUARD_FROZEN_LOOKS;
}

/* An ordinary boot: a policy can no longer stop it. */
static bool is_past(const struct guard_facts *f, struct guard_state *s)
{
	bool lives;

	s->lives = pid1_lives(&f->pid1) ? s->lives + 1 : 0;
	lives = s->lives >= GUARD_LIVE_LOOKS;
	if (f->pid1.in_root && !s->in_root)
		s->in_root = f->now ? f->now : 1;
	if (f->policy_stops)
		return lives; /* somebody made that up */
	return f->note.healthy || lives ||
	       (s->in_root && f->now >= s->in_root + GUARD_OTHER_INIT);
}

/* Is the trial of this boot over, or none? */
static bool is_over(const struct guard_task *task, const struct guard_facts *f)
{
	return f->note.confirmed ||
	       (task->early && f->note.verdict != BOOTNOTE_VERDICT_NOT_RUN &&
		f->note.verdict != BOOTNOTE_VERDICT_TRIAL);
}

static bool wants_restart(const struct guard_task *task, const struct guard_facts *f,
			  enum trial_cause *ret)
{
	bool other = task->early && f->note.guard; /* it is for that one to act */
	uint64_t deadline = task->deadline + (other ? GUARD_EARLY_GRACE : 0);

	*ret = f->note.healthy ? TRIAL_CAUSE_DEADLINE : TRIAL_CAUSE_HANG;
	if (f->now + GUARD_NOTICE >= deadline)
		return true;
	*ret = TRIAL_CAUSE_HEALTH;
	return f->note.unhealthy && !f->note.healthy && !task->early;
}

static enum guard_act watch_trial(const struct guard_task *task,
				  const struct guard_facts *f, struct guard_state *s)
{
	enum trial_cause cause;
	bool wants = wants_restart(task, f, &cause) && !held(f);

	if (is_over(task, f))
		return GUARD_END;
	if (!wants) {
		bool was = s->announced, tell = f->note.healthy && !s->told;

		s->announced = false;
		s->told = s->told || (tell && !was);
		return was		      ? GUARD_RECALL
		       : tell && !task->early ? GUARD_TELL
					      : GUARD_WAIT;
	}
	s->cause = cause;
	if (!s->announced) {
		s->announced = true;
		s->due = f->now + GUARD_NOTICE;
		return GUARD_ANNOUNCE;
	}
	return f->now >= s->due ? GUARD_UNDO : GUARD_WAIT;
}

enum guard_act guard_decide(const struct guard_task *task, const struct guard_facts *f,
			    struct guard_state *s)
{
	if (pid1_leaving(&f->pid1))
		return GUARD_END;
	if (frozen(task, f, s)) {
		s->cause = TRIAL_CAUSE_FREEZE;
		return GUARD_UNDO;
	}
	if (task->trial)
		return watch_trial(task, f, s);
	return is_past(f, s) ? GUARD_END : GUARD_WAIT;
}
