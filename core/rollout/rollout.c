/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/rollout/rollout.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/policy/genfound.h"
#include "core/rollout/rollout-internal.h"
#include "core/rollout/trialplan.h"

enum { FINDINGS_MAX = 64 };

#define rollout_look_ASSESS    rollout_see_assess
#define rollout_look_POLICY    rollout_see_policy
#define rollout_look_LABEL     rollout_see_label
#define rollout_look_OBSERVE   rollout_see_observe
#define rollout_look_PREFLIGHT rollout_see_preflight
#define rollout_look_ARM       rollout_see_arm
#define rollout_look_TRIAL     rollout_see_trial
#define rollout_look_CONFIRM   rollout_see_confirm
#define rollout_look_BLESS     rollout_see_bless

static const struct {
	const char *word, *title, *about, *changes, *undo, *command, *key;
	bool skip;
	void (*look)(struct rollout_work *w);
} steps[_ROLLOUT_MAX] = {
#define ROLLOUT_STEP(id, word, title, skip, about, changes, undo, command, key)          \
	[ROLLOUT_##id] = {word,	   title, about, changes,	   undo,                 \
			  command, key,	  skip,	 rollout_look_##id},
#include "core/rollout/rollout-steps.inc"
#undef ROLLOUT_STEP
};

static const struct {
	const char *word, *mark;
} states[_ROLLOUT_STATE_MAX] = {
	[ROLLOUT_DONE] = {"done", "[x]"},	[ROLLOUT_SKIPPED] = {"skipped", "[s]"},
	[ROLLOUT_READY] = {"ready", "[ ]"},	[ROLLOUT_RUNNING] = {"running", "[.]"},
	[ROLLOUT_BLOCKED] = {"blocked", "[!]"}, [ROLLOUT_WAITING] = {"waiting", "[ ]"},
};

const char *rollout_word(enum rollout_id id)
{
	return steps[id].word;
}

enum rollout_id rollout_from_word(const char *word)
{
	unsigned i = 0;

	while (i < _ROLLOUT_MAX && strcmp(word, steps[i].word) != 0)
		i++;
	return (enum rollout_id)i;
}

bool rollout_may_skip(enum rollout_id id)
{
	return steps[id].skip;
}

const char *rollout_title(enum rollout_id id)
{
	return steps[id].title;
}

const char *rollout_about(enum rollout_id id)
{
	return steps[id].about;
}

const char *rollout_changes(enum rollout_id id)
{
	return steps[id].changes;
}

const char *rollout_undo(enum rollout_id id)
{
	return steps[id].undo;
}

const char *rollout_command(enum rollout_id id)
{
	return steps[id].command;
}

const char *rollout_key(enum rollout_id id)
{
	return steps[id].key;
}

const char *rollout_state_word(enum rollout_state state)
{
	return states[state].word;
}

const char *rollout_state_mark(enum rollout_state state)
{
	return states[state].mark;
}

const char *rollout_mark_word(enum rollout_mark mark)
{
	static const char *const words[] = {"pass", "note", "warn", "fail"};

	return words[mark];
}

const char *rollout_mark_label(enum rollout_mark mark)
{
	static const char *const labels[] = {"pass", "note", "WARN", "FAIL"};

	return labels[mark];
}

void rollout_say(struct rollout_work *w, enum rollout_mark mark, const char *fix,
		 const char *key, const char *fmt, ...)
{
	struct rollout_step *s = w->step;
	struct rollout_finding *f;
	va_list ap;

	if (s->n == s->cap) {
		f = realloc(s->of, (s->cap + 16) * sizeof(*f));
		if (!f || s->n >= FINDINGS_MAX) {
			w->failed |= !f;
			s->of = f ? f : s->of;
			return;
		}
		s->of = f;
		s->cap += 16;
	}
	f = &s->of[s->n++];
	*f = (struct rollout_finding){.mark = mark};
	s->count[mark]++;
	va_start(ap, fmt);
	(void)vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	(void)snprintf(f->fix, sizeof(f->fix), "%s", fix ? fix : "");
	(void)snprintf(f->key, sizeof(f->key), "%s", key ? key : "");
}

void rollout_sum(struct rollout_work *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(w->step->summary, sizeof(w->step->summary), fmt, ap);
	va_end(ap);
}

/* The generation that the disk holds, when it is called good and in force as wished: then
 * there is nothing left to do. */
static void find_finished(struct rollout_work *w)
{
	_cleanup_genfound_ struct genfound found = {0};
	const struct probe_fact *mode = &w->probe->fact[PROBE_APPRAISE_MODE];
	const struct gen_entry *e;
	enum bootmode wish = _BOOTMODE_MAX;

	if (genfound_load(w->root, &found, NULL) < 0 || !found.there)
		return;
	e = gen_find(&w->list, genfound_same(w->root, &w->list, &found));
	if (!e || !e->blessed || e->no_policy ||
	    trialplan_mode(w->root, e->number, &wish, NULL) < 0)
		return;
	if (strcmp(mode->value,
		   bootmode_name(wish < _BOOTMODE_MAX ? wish : BOOTMODE_ENFORCE)) != 0)
		return;
	w->r->number = e->number;
	w->r->finished = true;
}

static void read_policy(struct rollout_work *w)
{
	struct diag d = {0};

	if (gen_read(w->root, w->r->number, GEN_POLICY, &w->text, NULL, &d) < 0)
		return;
	w->judged = (struct policyplan){.root = w->root,
					.name = "the candidate",
					.text = strbuf_span(&w->text)};
	w->has_rules = policyplan_read(&w->judged, &d) >= 0;
}

static int prepare(struct rollout_work *w, struct diag *reterr)
{
	struct rollout *r = w->r;
	int err = probe_run(w->root, (struct span){0}, &w->probe, reterr);

	if (err == 0)
		err = bootloader_look(w->root, &w->loader, reterr);
	if (err == 0)
		err = trialnow_load(w->root, &r->now, reterr);
	if (err < 0)
		return err;
	w->release = w->probe->release;
	if (gen_list_load(w->root, *w->release ? w->release : NULL, &w->list, NULL) < 0)
		return 0; /* none that can be seen */
	r->good = gen_newest_blessed(&w->list, 0);
	r->number = r->now.there && r->now.trial.state != TRIAL_FAILED
			    ? r->now.trial.number
			    : w->list.candidate;
	if (!r->number)
		find_finished(w);
	if (!r->number)
		return 0;
	(void)trialplan_mode(w->root, r->number, &r->wish, NULL);
	rolloutmemo_load(w->root, r->number, &r->memo);
	read_policy(w);
	return 0;
}

static bool is_over(const struct rollout_step *s)
{
	return s->state == ROLLOUT_DONE || s->state == ROLLOUT_SKIPPED;
}

/* A boot that tries it, or has, shows more than what was foretold: what is found missing by then
 * is said, and keeps nobody from confirming. */
static bool is_behind(const struct rollout *r, enum rollout_id id)
{
	enum trial_state state = r->now.trial.state;

	return id < ROLLOUT_ARM && r->now.there &&
	       (state == TRIAL_RUNNING || state == TRIAL_PASSED ||
		state == TRIAL_PROVING);
}

/* Of what somebody skips the findings still stand. */
static void settle(struct rollout *r, enum rollout_id id)
{
	struct rollout_step *s = &r->step[id];
	bool other = r->next != _ROLLOUT_MAX || is_behind(r, id);

	if (*r->memo.skip[id] && s->state != ROLLOUT_DONE)
		s->state = ROLLOUT_SKIPPED;
	if (is_over(s) || other) {
		if (other && s->state == ROLLOUT_READY)
			s->state = ROLLOUT_WAITING;
		return;
	}
	r->next = id;
}

static const struct rollout_finding *first_failure(const struct rollout_step *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->of[i].mark == ROLLOUT_FAIL)
			return &s->of[i];
	return NULL;
}

void rollout_recall(struct rollout_work *w, enum rollout_id id, bool begun,
		    const char *fix)
{
	const struct rolloutmemo_found *f = &w->r->memo.found[id];
	const struct trialnow *now = &w->r->now;
	char q[ROLLOUTMEMO_WHAT];

	begun |= w->r->finished || (now->there && now->trial.state != TRIAL_FAILED);
	w->step->recalled = true;
	w->step->found = f->when;
	rollout_sum(w, "%s", f->when ? "as it was found last" : "no file was looked at");
	if (f->when && *f->what)
		rollout_say(w, ROLLOUT_FAIL, fix, "r looks again", "%s",
			    str_quote(q, sizeof(q), span_of(f->what)));
	w->step->state = w->step->count[ROLLOUT_FAIL] ? ROLLOUT_BLOCKED
			 : f->when || begun	      ? ROLLOUT_DONE
						      : ROLLOUT_READY;
}

void rollout_forget(struct rollout_work *w, enum rollout_id id)
{
	struct rolloutmemo_found *f = &w->r->memo.found[id];

	if (f->when + w->r->now.uptime < (uint64_t)w->ask->now)
		*f = (struct rolloutmemo_found){0};
}

static void remember(struct rollout_work *w, enum rollout_id id)
{
	const struct rollout_finding *f = first_failure(w->step);

	if (w->ask->notes && w->looked && w->r->number)
		(void)rolloutmemo_found(w->root, w->r->number, id, (uint64_t)w->ask->now,
					f ? f->text : "", NULL);
}

static bool is_stopped(const struct rollout_work *w)
{
	return w->ask->stop && w->ask->stop(w->ask->user);
}

static void work_done(struct rollout_work *w)
{
	probe_free(w->probe);
	gen_list_done(&w->list);
	policyplan_done(&w->judged);
	strbuf_done(&w->text);
	bootset_free(w->set);
	pkgdb_free(w->packages);
	simulate_done(&w->result);
}

static int look(struct rollout_work *w, struct diag *reterr)
{
	int r = prepare(w, reterr);

	for (unsigned i = 0; r == 0 && i < _ROLLOUT_MAX; i++) {
		w->step = &w->r->step[i];
		w->looked = false;
		steps[i].look(w);
		remember(w, (enum rollout_id)i);
		settle(w->r, (enum rollout_id)i);
		if (w->failed)
			r = diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
		else if (is_stopped(w))
			r = -ECANCELED;
	}
	return r;
}

int rollout_load(const struct root *root, const struct rollout_ask *ask,
		 struct rollout **ret, struct diag *reterr)
{
	_cleanup_(rollout_freep) struct rollout *new = calloc(1, sizeof(*new));
	struct rollout_work w = {.root = root, .ask = ask, .r = new, .release = ""};
	int r;

	if (!new)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	new->wish = _BOOTMODE_MAX;
	new->next = _ROLLOUT_MAX;
	r = look(&w, reterr);
	work_done(&w);
	if (r == 0)
		*ret = take_ptr(new);
	return r;
}

struct rollout *rollout_free(struct rollout *r)
{
	if (!r)
		return NULL;
	for (unsigned i = 0; i < _ROLLOUT_MAX; i++)
		free(r->step[i].of);
	trialnow_done(&r->now);
	free(r);
	return NULL;
}

/* What blocks it first, where there is a command against that. */
static const struct rollout_finding *obstacle(const struct rollout *r)
{
	return r->next == _ROLLOUT_MAX ? NULL : first_failure(&r->step[r->next]);
}

static bool is_running(const struct rollout *r)
{
	return r->next != _ROLLOUT_MAX && r->step[r->next].state == ROLLOUT_RUNNING;
}

const char *rollout_next_command(const struct rollout *r)
{
	const struct rollout_finding *f = obstacle(r);

	if (r->next == _ROLLOUT_MAX)
		return "";
	if (f && *f->fix)
		return f->fix;
	return is_running(r) ? "imactl rollout status" : rollout_command(r->next);
}

const char *rollout_next_key(const struct rollout *r)
{
	const struct rollout_finding *f = obstacle(r);

	if (r->next == _ROLLOUT_MAX)
		return "";
	if (f && *f->fix)
		return f->key;
	return is_running(r) ? "r looks again" : rollout_key(r->next);
}

static void add_recalled(const struct rollout_step *s, time_t now, struct strbuf *out)
{
	uint64_t at = now > 0 ? (uint64_t)now : 0,
		 min = at > s->found ? (at - s->found) / 60 : 0;

	if (!s->recalled)
		return;
	if (s->found)
		strbuf_addf(out, " So it was when files were looked at, %llu %s ago.",
			    (unsigned long long)(min < 120 ? min : min / 60),
			    min < 120 ? "min" : "h");
	else
		strbuf_adds(out, " No file was looked at yet.");
}

void rollout_next_words(const struct rollout *r, time_t now, struct strbuf *out)
{
	const struct rollout_finding *f = obstacle(r);
	const struct rollout_step *s;

	if (r->next == _ROLLOUT_MAX) {
		strbuf_adds(out,
			    "The rollout has come to its end: nothing is left to do.");
		return;
	}
	s = &r->step[r->next];
	if (f)
		strbuf_addf(out, "%s is blocked: %s", rollout_title(r->next), f->text);
	else if (is_running(r) && *s->summary)
		strbuf_addf(out, "%s goes on: %s.", rollout_title(r->next), s->summary);
	else
		strbuf_addf(out, "%s: %s.", rollout_title(r->next),
			    rollout_about(r->next));
	add_recalled(s, now, out);
}
