/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Rollout screen in line mode. */
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "tui/plain.h"
#include "tui/walk.h"

static void say_steps(struct walk *w, struct plain *p)
{
	_cleanup_(doc_done) struct doc d = {0};
	_cleanup_strbuf_ struct strbuf title = {0}, next = {0};

	walk_title(w, &title);
	plain_blank(p);
	plain_say(p, "%s", strbuf_str(&title));
	for (unsigned i = 0; i < _ROLLOUT_MAX; i++) {
		_cleanup_strbuf_ struct strbuf line = {0};

		walk_line(w, (enum rollout_id)i, &line);
		plain_say(p, "%s", strbuf_str(&line));
	}
	if (!w->now)
		return;
	if (w->now->next < _ROLLOUT_MAX)
		walk_findings(w, w->now->next, false, &d);
	plain_doc(p, &d);
	rollout_next_words(w->now, w->app->model.wall, &next);
	plain_say(p, "Next: %s", strbuf_str(&next));
}

static void look(struct walk *w, struct plain *p, bool whole)
{
	(void)walk_start(w, &(struct walk_ask){.step = _ROLLOUT_MAX, .whole = whole});
	plain_settle(p);
}

static bool may(struct walk *w, struct plain *p)
{
	_cleanup_strbuf_ struct strbuf why = {0};

	if (planned_may(w->app, "a rollout is made", "what a machine boots with", &why))
		return true;
	plain_say(p, "%s.", strbuf_str(&why));
	return false;
}

static bool plan(struct walk *w, struct plain *p, const struct walk_ask *ask)
{
	(void)walk_start(w, ask);
	plain_settle(p);
	if (planned_in_lines(&w->ready, p))
		look(w, p, false);
	return true;
}

/* Who signs it, and what goes with it. */
static bool ask_signed(struct walk_stage *s, struct plain *p)
{
	const char *answer =
		plain_ask(p, "Private key (PEM, without a passphrase) to sign "
			     "it; empty: as the file is signed:");

	if (!answer)
		return false;
	(void)snprintf(s->key, sizeof(s->key), "%s", answer);
	while (s->n_certs < WALK_CERTS) {
		answer = plain_ask(p, "Certificate to take along; empty: no more:");
		if (!answer)
			return false;
		if (!*answer)
			break;
		(void)snprintf(s->cert[s->n_certs++], PROMPT_MAX, "%s", answer);
	}
	return true;
}

static bool do_policy(struct walk *w, struct plain *p)
{
	const char *answer = plain_ask(p, "Policy file:");
	struct walk_stage *s = &w->stage;

	if (!answer || !*answer)
		return false;
	*s = (struct walk_stage){.n_certs = 0};
	(void)snprintf(s->file, sizeof(s->file), "%s", answer);
	answer = plain_ask(p, "Mode at the end, 1) enforce 2) log:");
	if (!answer || (strcmp(answer, "1") != 0 && strcmp(answer, "2") != 0))
		return false;
	s->mode = *answer == '1' ? BOOTMODE_ENFORCE : BOOTMODE_LOG;
	return ask_signed(s, p) && plan(w, p, &(struct walk_ask){.step = ROLLOUT_POLICY});
}

static bool do_step(struct walk *w, struct plain *p)
{
	enum rollout_id id = w->now ? w->now->next : _ROLLOUT_MAX;

	if (id == _ROLLOUT_MAX) {
		plain_say(p, "Nothing is left to do.");
		return false;
	}
	if (walk_only(w, id)) {
		plain_say(p, "%s.", walk_only(w, id));
		return false;
	}
	if (!may(w, p))
		return false;
	if (id == ROLLOUT_POLICY)
		return do_policy(w, p);
	if (id != ROLLOUT_LABEL)
		return plan(w, p, &(struct walk_ask){.step = id});
	filework_for_candidate(&w->app->model.files);
	app_show(w->app, SCREEN_FILES);
	app_screen(w->app)->plain(app_state(w->app), p);
	app_show(w->app, SCREEN_ROLLOUT);
	look(w, p, false);
	return true;
}

static bool do_look(struct walk *w, struct plain *p)
{
	look(w, p, false);
	return true;
}

static bool do_preflight(struct walk *w, struct plain *p)
{
	_cleanup_(doc_done) struct doc d = {0};

	look(w, p, true);
	if (!w->now)
		return true;
	walk_findings(w, ROLLOUT_PREFLIGHT, false, &d);
	plain_doc(p, &d);
	return false;
}

static bool do_detail(struct walk *w, struct plain *p)
{
	_cleanup_(doc_done) struct doc d = {0};
	const char *answer = plain_ask(p, "Which step (1 to 9):");

	if (!answer || *answer < '1' || *answer > '9' || answer[1]) {
		plain_no_choice(p);
		return false;
	}
	walk_findings(w, (enum rollout_id)(*answer - '1'), true, &d);
	plain_doc(p, &d);
	return false;
}

static bool do_skip(struct walk *w, struct plain *p)
{
	enum rollout_id id = w->now ? w->now->next : _ROLLOUT_MAX;
	const char *answer;

	if (id == _ROLLOUT_MAX || !rollout_may_skip(id)) {
		plain_say(p, "The next step cannot be skipped.");
		return false;
	}
	if (!may(w, p))
		return false;
	answer = plain_ask(p, "Why is it skipped:");
	if (!answer || !*answer || strlen(answer) >= ROLLOUTMEMO_WHY)
		return false;
	return plan(w, p, &(struct walk_ask){.step = id, .why = answer});
}

static bool do_take(struct walk *w, struct plain *p)
{
	const char *answer = plain_ask(p, "Which step (1 to 9):");
	unsigned i =
		answer && *answer && !answer[1] ? (unsigned)*answer - '1' : _ROLLOUT_MAX;

	if (i >= _ROLLOUT_MAX || !w->now || !*w->now->memo.skip[i]) {
		plain_say(p, "That step is not skipped.");
		return false;
	}
	return may(w, p) &&
	       plan(w, p, &(struct walk_ask){.step = (enum rollout_id)i, .why = ""});
}

static bool do_give_up(struct walk *w, struct plain *p)
{
	return may(w, p) &&
	       plan(w, p, &(struct walk_ask){.step = ROLLOUT_ARM, .gives_up = true});
}

static const struct {
	const char *text;
	/* True: the steps are others now, and read out again. */
	bool (*run)(struct walk *w, struct plain *p);
} actions[] = {
	{"do the next step", do_step},
	{"look again", do_look},
	{"preflight, and read the files", do_preflight},
	{"everything about a step", do_detail},
	{"skip the next step, with a reason", do_skip},
	{"take a step after all that was skipped", do_take},
	{"choose another policy", do_policy},
	{"give the trial up", do_give_up},
};

void walk_plain(struct walk *w, struct plain *p)
{
	int i;

	look(w, p, false);
	say_steps(w, p);
	plain_choices(p, PLAIN_CHOICES(actions));
	while ((i = plain_choose(p, "Rollout", PLAIN_CHOICES(actions))) != PLAIN_BACK)
		if (i == PLAIN_AGAIN || actions[i].run(w, p))
			say_steps(w, p);
}
