/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last four steps: what trialnow.h knows, as steps. */
#include <string.h>

#include "core/base/cleanup.h"
#include "core/rollout/rollout-internal.h"

/* Which of the steps are behind a trial in that state. */
static bool is_past(const struct rollout_work *w, enum rollout_id id)
{
	static const enum rollout_id reached[_TRIAL_STATE_MAX] = {
		[TRIAL_ARMED] = ROLLOUT_TRIAL,	 [TRIAL_NEXT] = ROLLOUT_TRIAL,
		[TRIAL_RUNNING] = ROLLOUT_TRIAL, [TRIAL_PASSED] = ROLLOUT_CONFIRM,
		[TRIAL_PROVING] = ROLLOUT_BLESS, [TRIAL_FAILED] = ROLLOUT_ARM,
	};

	return w->r->finished || (w->r->now.there && id < reached[w->r->now.trial.state]);
}

static bool is_at(const struct rollout_work *w, enum trial_state state)
{
	return w->r->now.there && w->r->now.trial.state == state;
}

/* The state of a step that is done, or not reached. True: it is neither. */
static bool begin(struct rollout_work *w, enum rollout_id id)
{
	w->step->state = is_past(w, id) ? ROLLOUT_DONE : ROLLOUT_WAITING;
	if (w->r->now.unknown.id) {
		rollout_say(w, ROLLOUT_FAIL, "imactl rollout status", NULL, "%s",
			    w->r->now.unknown.text);
		w->step->state = ROLLOUT_BLOCKED;
		return false;
	}
	return w->step->state != ROLLOUT_DONE && w->r->number &&
	       !root_is_recorded(w->root);
}

static void say_failure(struct rollout_work *w)
{
	const struct trialnow *now = &w->r->now;
	char q[120];

	rollout_say(w, ROLLOUT_WARN, "imactl rollout status", "3 Denials",
		    "The last trial, of generation %u, failed: %s.", now->trial.number,
		    trial_cause_text(now->trial.cause));
	if (now->systemd.len)
		rollout_say(w, ROLLOUT_NOTE, NULL, NULL, "systemd said: %s",
			    str_quote(q, sizeof(q), strbuf_span(&now->systemd)));
	if (now->kernel.len)
		rollout_say(w, ROLLOUT_NOTE, NULL, NULL, "The kernel said: %s",
			    str_quote(q, sizeof(q), strbuf_span(&now->kernel)));
	if (now->evidence)
		rollout_say(w, ROLLOUT_NOTE, NULL, NULL,
			    "What was kept of it lies in /etc/imactl/evidence/%u.",
			    now->evidence);
}

void rollout_see_arm(struct rollout_work *w)
{
	if (is_at(w, TRIAL_FAILED))
		say_failure(w);
	if (!begin(w, ROLLOUT_ARM))
		return;
	w->step->state = ROLLOUT_READY;
	rollout_sum(w, "no effect before the next boot");
}

void rollout_see_trial(struct rollout_work *w)
{
	const struct trialnow *now = &w->r->now;

	if (!begin(w, ROLLOUT_TRIAL))
		return;
	if (is_at(w, TRIAL_RUNNING) && !now->here) {
		w->step->state = ROLLOUT_BLOCKED;
		rollout_say(w, ROLLOUT_FAIL, "imactl rollout abort", "A gives it up",
			    "It was tried in another boot, which is over.");
	} else if (is_at(w, TRIAL_RUNNING)) {
		w->step->state = now->note.unhealthy ? ROLLOUT_BLOCKED : ROLLOUT_RUNNING;
		if (now->note.unhealthy)
			rollout_say(w, ROLLOUT_FAIL, "imactl recovery health", NULL,
				    "The health check failed: the guard goes back.");
		else
			rollout_say(w, ROLLOUT_NOTE, "imactl recovery health", NULL,
				    "Where imactl-health.service does not run it, the "
				    "health check is yours to run.");
		rollout_sum(w, "this boot; the health check has not passed yet");
	} else if (is_at(w, TRIAL_ARMED) || is_at(w, TRIAL_NEXT)) {
		w->step->state = ROLLOUT_READY;
		rollout_sum(w, "restart the machine; %u other boots before it expires",
			    now->trial.boots_left);
	}
}

void rollout_see_confirm(struct rollout_work *w)
{
	const struct trialnow *now = &w->r->now;

	if (!begin(w, ROLLOUT_CONFIRM) || !is_at(w, TRIAL_PASSED))
		return;
	w->step->state = now->here ? ROLLOUT_READY : ROLLOUT_BLOCKED;
	if (!now->here)
		rollout_say(w, ROLLOUT_FAIL, "imactl rollout abort", "A gives it up",
			    "It passed in another boot, and nobody confirmed it there.");
	else if (now->guarded)
		rollout_sum(w, "healthy; %llu min %02llu s are left",
			    (unsigned long long)now->left / 60,
			    (unsigned long long)now->left % 60);
	else
		rollout_sum(w, "healthy; no guard counts");
}

void rollout_see_bless(struct rollout_work *w)
{
	const struct trialnow *now = &w->r->now;

	if (w->r->finished)
		rollout_sum(w, "generation %u is in force and called good", w->r->number);
	if (!begin(w, ROLLOUT_BLESS) || !is_at(w, TRIAL_PROVING))
		return;
	w->step->state = !now->rebooted ? ROLLOUT_READY
			 : now->on_disk ? ROLLOUT_RUNNING
					: ROLLOUT_BLOCKED;
	if (now->rebooted && !now->on_disk)
		rollout_say(
			w, ROLLOUT_FAIL, "imactl change list", NULL,
			"This boot loaded another policy: what lies in /etc/ima is not "
			"generation %u's.",
			w->r->number);
	else if (now->rebooted)
		rollout_say(w, ROLLOUT_NOTE, "imactl recovery health", NULL,
			    "The health check says whether it is good.");
	else
		rollout_sum(w, "restart the machine: the policy must load from the disk");
}
