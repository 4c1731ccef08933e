/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long the policy was observed, and what it would have denied. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/rollout/rollout-internal.h"
#include "core/rollout/rolloutobserve.h"
#include "core/triage/denials.h"
#include "core/triage/trail.h"

enum { PATHS_MAX = 512, SHOWN = 5 };

struct seen {
	struct denials *denials;
	uint64_t since_ms;
	struct trail_state state;
};

static int add(void *user, const struct denial *d)
{
	struct seen *s = user;

	if (d->kind != DENIAL_ACCESS || (d->time_ms && d->time_ms < s->since_ms))
		return 0;
	return denials_add(s->denials, d);
}

/* What the audit trail has of that time. */
static int read_trail(struct rollout_work *w, struct seen *s, struct diag *reterr)
{
	const struct trail_options how = {.fd = -1};
	_cleanup_(trail_freep) struct trail *t = NULL;
	int r = denials_new(&s->denials, reterr);

	if (r == 0)
		r = trail_open(w->root, &how, add, s, &t, reterr);
	while (r >= 0 && (r = trail_read(t, reterr)) > 0)
		;
	if (r >= 0)
		trail_state(t, &s->state);
	return r;
}

/* Of the files that would have been denied, those that would be still: what was put right
 * since is nothing in the way. */
static int still_denied(struct rollout_work *w, const struct seen *s,
			struct simulate *ret)
{
	_cleanup_(bootset_freep) struct bootset *set = NULL;
	_cleanup_(pkgdb_freep) struct pkgdb *packages = NULL;
	struct simulate_opts opts = {.probe = w->probe, .rules = &w->judged.rules};
	_cleanup_strbuf_ struct strbuf path = {0};
	size_t named = 0;

	if (bootset_new(w->root, &set, NULL) < 0 || pkgdb_new(&packages, NULL) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < denials_rows(s->denials) && named < PATHS_MAX; i++) {
		const struct denial *d = &denials_row(s->denials, i)->last;

		if (d->path.len < 2 || d->path.ptr[0] != '/')
			continue;
		strbuf_clear(&path);
		strbuf_add(&path, d->path.ptr + 1, d->path.len - 1);
		named += bootset_add_path(set, strbuf_str(&path), NULL) >= 0;
	}
	if (!named)
		return 0;
	bootset_sort(set);
	opts.set = set;
	opts.packages = packages;
	return simulate_run(w->root, &opts, NULL, ret, NULL);
}

static void say_still(struct rollout_work *w, const struct simulate *sim)
{
	size_t shown = 0;

	for (size_t i = 0; i < sim->n_rows && shown < SHOWN; i++) {
		const struct simulate_row *row = &sim->row[i];
		char q[160];

		if (row->unsure)
			continue;
		shown++;
		(void)str_quote(q, sizeof(q), span_of(simulate_name(sim, row)));
		rollout_say(w, ROLLOUT_FAIL, "imactl denials; imactl explain PATH --fix",
			    "3 Denials", "/%s would be denied: %s.", q,
			    simulate_cause(row));
	}
	if (sim->denied > shown)
		rollout_say(w, ROLLOUT_WARN, "imactl denials", "3 Denials",
			    "And %llu files more.",
			    (unsigned long long)(sim->denied - shown));
}

static void count(struct rollout_work *w, uint64_t *ret_events)
{
	_cleanup_simulate_ struct simulate sim = {0};
	struct seen s = {.since_ms = w->r->memo.since * 1000};
	struct denials_totals all = {0};
	struct diag d = {0};

	if (read_trail(w, &s, &d) < 0) {
		rollout_say(w, ROLLOUT_FAIL, "imactl doctor", "3 Denials",
			    "What would have been denied is not known: %s", d.text);
		denials_free(s.denials);
		return;
	}
	w->looked = true;
	denials_totals(s.denials, &all);
	*ret_events = all.events;
	if (s.state.no_log.id)
		rollout_say(w, ROLLOUT_WARN, NULL, NULL,
			    "No audit log is kept, so only this boot's records count.");
	if (s.state.lost)
		rollout_say(w, ROLLOUT_WARN, NULL, NULL, "%llu records were lost.",
			    (unsigned long long)s.state.lost);
	if (all.events && still_denied(w, &s, &sim) >= 0)
		say_still(w, &sim);
	rollout_say(
		w, ROLLOUT_PASS, NULL, NULL,
		"%llu times something would have been denied; %llu files would be still.",
		(unsigned long long)all.events, (unsigned long long)sim.denied);
	denials_free(s.denials);
}

static void not_begun(struct rollout_work *w)
{
	const char *ignored = bootmode_ignored(w->probe, BOOTMODE_LOG);

	rollout_sum(w, "not begun");
	w->step->state = ROLLOUT_READY;
	if (!ignored)
		return;
	rollout_say(
		w, ROLLOUT_FAIL,
		"imactl rollout plan --skip=observe --reason='no log mode here'",
		"F6 skips it",
		"There is no log mode here: %s. What would be denied only the preflight "
		"foretells.",
		ignored);
	w->step->state = ROLLOUT_BLOCKED;
}

static uint64_t hours(uint64_t seconds)
{
	return seconds / 3600;
}

/* While it is observed each boot brings what nobody has looked at. False: so it is. */
static bool recall(struct rollout_work *w, bool on)
{
	if (on)
		rollout_forget(w, ROLLOUT_OBSERVE);
	rollout_recall(w, ROLLOUT_OBSERVE, false, "imactl rollout observe");
	return w->step->state == ROLLOUT_DONE;
}

static void observed(struct rollout_work *w)
{
	const struct rolloutmemo *m = &w->r->memo;
	uint64_t now = (uint64_t)w->ask->now, took, events = 0;
	bool on = rolloutobserve_is_on(w->root, w->probe, w->r->number);
	bool recalled = true;
	char denied[40] = "";

	took = m->since && now > m->since ? now - m->since : 0;
	if (!m->since)
		rollout_say(
			w, ROLLOUT_NOTE,
			on ? "imactl rollout observe" : "systemctl reboot", NULL,
			on ? "This boot counts once the health check or 'imactl rollout "
			     "observe' was run."
			   : "The policy is in force in log mode from the next boot on: "
			     "restart the machine.");
	else if (!on)
		rollout_say(w, ROLLOUT_NOTE, NULL, NULL,
			    "This boot is not in log mode with that policy.");
	if (w->ask->brief)
		recalled = recall(w, on);
	else if (m->since)
		count(w, &events);
	w->step->state =
		w->step->count[ROLLOUT_FAIL] ? ROLLOUT_BLOCKED
		: m->boots >= m->need_boots && m->since && took >= m->need_s && recalled
			? ROLLOUT_DONE
			: ROLLOUT_RUNNING;
	if (!w->ask->brief)
		(void)snprintf(denied, sizeof(denied), ", %llu would-deny",
			       (unsigned long long)events);
	rollout_sum(w, "log mode %llu of %llu h (%llu min), %u of %u boots%s",
		    (unsigned long long)hours(took), (unsigned long long)hours(m->need_s),
		    (unsigned long long)took / 60, m->boots, m->need_boots, denied);
}

void rollout_see_observe(struct rollout_work *w)
{
	w->step->state = ROLLOUT_WAITING;
	if (w->r->finished)
		w->step->state = ROLLOUT_DONE;
	else if (w->has_rules && !root_is_recorded(w->root))
		w->r->memo.observe ? observed(w) : not_begun(w);
}
