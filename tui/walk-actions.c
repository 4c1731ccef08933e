/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the keys of the Rollout screen do: the step's action, or why there is none here. */
#include <stdio.h>
#include <string.h>

#include "tui/walk.h"

static void busy(struct walk *w)
{
	app_note(w->app, STYLE_WARN, "Something is on its way; Esc stops it");
}

static bool may(struct walk *w)
{
	_cleanup_strbuf_ struct strbuf why = {0};

	if (planned_may(w->app, "a rollout is made", "what a machine boots with", &why))
		return true;
	app_note(w->app, STYLE_WARN, "%s", strbuf_str(&why));
	return false;
}

static void start(struct walk *w, const struct walk_ask *ask)
{
	if (!walk_start(w, ask))
		busy(w);
}

/* A policy: file, mode, who signs it and what goes with it */

enum { STAGE_GO, STAGE_KEY, STAGE_CERT };

static void ask_signed(struct walk *w);

static void with_key(void *user, enum prompt_event event, const char *text)
{
	struct walk *w = user;

	if (event == PROMPT_DONE)
		(void)snprintf(w->stage.key, sizeof(w->stage.key), "%s", text);
	if (event == PROMPT_DONE || event == PROMPT_CANCEL)
		ask_signed(w);
}

static void with_cert(void *user, enum prompt_event event, const char *text)
{
	struct walk *w = user;
	struct walk_stage *s = &w->stage;

	if (event == PROMPT_DONE && *text && s->n_certs < WALK_CERTS)
		(void)snprintf(s->cert[s->n_certs++], PROMPT_MAX, "%s", text);
	if (event == PROMPT_DONE || event == PROMPT_CANCEL)
		ask_signed(w);
}

static void with_signed(void *user, int choice)
{
	struct walk *w = user;

	if (choice == STAGE_KEY)
		app_ask(w->app, "Private key (PEM, without a passphrase)", &w->keys, NULL,
			with_key, w);
	else if (choice == STAGE_CERT)
		app_ask(w->app, "Certificate", &w->certs, NULL, with_cert, w);
	else
		start(w, &(struct walk_ask){.step = ROLLOUT_POLICY});
}

static void ask_signed(struct walk *w)
{
	const struct walk_stage *s = &w->stage;
	char n[32];

	(void)snprintf(w->go_on, sizeof(w->go_on), "go on  %s, %s",
		       *s->key ? "signed by that key" : "as the file is signed",
		       s->n_certs ? str_counted(n, sizeof(n), s->n_certs, "certificate",
						"certificates")
				  : "no certificate");
	pick_start(&w->app->pick, "Who signs it, and what goes with it");
	pick_add(&w->app->pick, STAGE_GO, NULL, w->go_on);
	pick_add(&w->app->pick, STAGE_KEY, NULL, "sign it  with a private key");
	pick_add(&w->app->pick, STAGE_CERT, NULL,
		 "take along  a certificate: the key's, or one that files need");
	app_choose(w->app, with_signed, w);
}

static void with_mode(void *user, int mode)
{
	struct walk *w = user;

	w->stage.mode = (enum bootmode)mode;
	ask_signed(w);
}

static void with_file(void *user, enum prompt_event event, const char *text)
{
	struct walk *w = user;

	if (event != PROMPT_DONE || !*text)
		return;
	w->stage = (struct walk_stage){.n_certs = 0};
	(void)snprintf(w->stage.file, sizeof(w->stage.file), "%s", text);
	pick_start(&w->app->pick, "Which mode is it to be in at the end");
	pick_add(&w->app->pick, BOOTMODE_ENFORCE, NULL,
		 "enforce  what has no right label is denied");
	pick_add(&w->app->pick, BOOTMODE_LOG, NULL, "log  it is recorded, and allowed");
	app_choose(w->app, with_mode, w);
}

static void with_reason(void *user, enum prompt_event event, const char *text)
{
	struct walk *w = user;

	if (event != PROMPT_DONE || !*text)
		return;
	if (strlen(text) >= ROLLOUTMEMO_WHY)
		app_note(w->app, STYLE_WARN, "A reason is at most %d bytes long",
			 ROLLOUTMEMO_WHY - 1);
	else
		start(w, &(struct walk_ask){.step = w->skip, .why = text});
}

const char *walk_only(const struct walk *w, enum rollout_id id)
{
	switch (id) {
	case ROLLOUT_ASSESS:
		return "Nothing is to be done: r looks at the machine again";
	case ROLLOUT_PREFLIGHT:
		return w->now && w->now->goes_back
			       ? NULL
			       : "Nothing is to be done: r looks again, and reads the files";
	case ROLLOUT_TRIAL:
	case ROLLOUT_BLESS:
		return "Restart the machine: leave with q, then systemctl reboot";
	default:
		return NULL;
	}
}

static void act(struct walk *w)
{
	enum rollout_id id = walk_selected(w);

	if (walk_only(w, id)) {
		app_note(w->app, STYLE_NORMAL, "%s", walk_only(w, id));
		return;
	}
	if (!may(w))
		return;
	if (!w->now)
		busy(w);
	else if (id == ROLLOUT_POLICY)
		app_ask(w->app, "Policy file", &w->files, NULL, with_file, w);
	else if (id == ROLLOUT_LABEL) {
		filework_for_candidate(&w->app->model.files);
		app_show(w->app, SCREEN_FILES);
		app_request(w->app, REQ_LABEL);
	} else
		start(w, &(struct walk_ask){.step = id});
}

static void skip(struct walk *w)
{
	enum rollout_id id = walk_selected(w);

	if (!rollout_may_skip(id))
		app_note(w->app, STYLE_WARN,
			 "%s cannot be skipped: Label and Observe can",
			 rollout_title(id));
	else if (!w->now || !w->now->number)
		app_note(w->app, STYLE_WARN, "No policy is chosen yet");
	else if (!may(w))
		return;
	else if (*w->now->memo.skip[id])
		start(w, &(struct walk_ask){.step = id, .why = ""});
	else {
		w->skip = id;
		app_ask(w->app, "Why is it skipped", &w->reasons, NULL, with_reason, w);
	}
}

static void read_step(struct walk *w, bool changes)
{
	struct doc *d = &w->app->pager.doc;
	enum rollout_id id = walk_selected(w);

	doc_clear(d);
	d->label_w = 10;
	if (changes)
		walk_changes(w, id, d);
	else
		walk_findings(w, id, true, d);
	app_read(w->app, rollout_title(id));
}

static void look_again(struct walk *w)
{
	start(w, &(struct walk_ask){.step = _ROLLOUT_MAX,
				    .whole = walk_selected(w) == ROLLOUT_PREFLIGHT});
}

bool walk_action(struct walk *w, enum request r)
{
	switch ((int)r) {
	case REQ_STEP:
		act(w);
		return true;
	case REQ_LOOK_AGAIN:
	case REQ_REFRESH:
		look_again(w);
		return true;
	case REQ_SKIP:
		skip(w);
		return true;
	case REQ_GIVE_UP:
		if (may(w))
			start(w,
			      &(struct walk_ask){.step = ROLLOUT_ARM, .gives_up = true});
		return true;
	case REQ_DETAIL:
		read_step(w, false);
		return true;
	case REQ_CHANGES:
		read_step(w, true);
		return true;
	default:
		return false;
	}
}
