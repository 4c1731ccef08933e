/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A denial explained, put right, proved and denied again, from the Denials screen. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "tui/deniallist.h"

bool deniallist_may_fix(const struct deniallist *l, struct strbuf *why)
{
	return planned_may(l->app, "denials are put right", "what is denied", why);
}

void deniallist_end(struct deniallist *l)
{
	while (l->atwork)
		pool_drain(l->app->model.pool);
}

/* What came of a look */

static void explain(struct deniallist *l, const struct denialcase *c)
{
	struct doc *d = &l->app->pager.doc;

	if (!app_is_looked_at(l->app, SCREEN_DENIALS))
		return;
	doc_clear(d);
	deniallist_case(c, l->app->ascii, d);
	app_read(l->app, "Denial");
}

static void offer(struct deniallist *l)
{
	const struct triage_found *f = &l->asked->found;
	struct pick *p = &l->app->pick;

	if (!f->n_remedies) {
		app_note(l->app, STYLE_NORMAL,
			 "Nothing is known that helps: Enter says "
			 "what was found");
		return;
	}
	pick_start(p, "Fix");
	for (size_t i = 0; i < f->n_remedies; i++) {
		strbuf_clear(&l->offers[i]);
		deniallist_offer(&f->remedy[i], l->app->ascii, &l->offers[i]);
		pick_add(p, (int)i, NULL, strbuf_str(&l->offers[i]));
	}
	app_choose(l->app, deniallist_chosen, l);
}

static void looked(struct deniallist *l, struct denialcase *c)
{
	const struct triage_remedy *r;
	struct diag d = {0};

	if (!l->to_fix && !l->app->plain) {
		explain(l, c);
		denialcase_free(c);
		return;
	}
	denialcase_free(l->asked);
	l->asked = c;
	if (l->wanted < 0) {
		if (app_is_looked_at(l->app, SCREEN_DENIALS) && !l->app->plain)
			offer(l);
		return;
	}
	r = triage_remedy(&c->found, span_of(remedy_of(l->wanted)->word));
	if (!r || !r->possible)
		app_note(l->app, STYLE_WARN, "%s is not possible: %s",
			 remedy_of(l->wanted)->word, r ? r->why : "it passes now");
	else if (!l->app->plain && !deniallist_plan(l, l->wanted, &d))
		app_note_diag(l->app, &d);
}

static void wait_for_yes(struct deniallist *l, struct denialcase *c)
{
	_cleanup_strbuf_ struct strbuf said = {0};
	struct bytes in = bytes_of(strbuf_str(&c->plan.said), c->plan.said.len);
	struct span line;

	planned_drop(&l->ready);
	l->ready.plan = c->plan.plan;
	c->plan.plan = (struct plan){0};
	while (bytes_until(&in, '\n', &line)) {
		str_escape(&said, line, l->app->ascii);
		strbuf_addc(&said, '\n');
	}
	doc_lines(&l->ready.doc, STYLE_DIALOG, &said);
	l->ready.command = "explain";
	l->ready.title = "Fix what is denied";
	l->ready.action = "Fix";
	planned_ready(&l->ready, SCREEN_DENIALS,
		      "The plan to fix a denial was made when nobody looked: F9 again");
}

static void proved(struct deniallist *l, const struct denialcase *c)
{
	struct deniallist_fix *f = l->n_fixes ? &l->fixes[l->n_fixes - 1] : NULL;

	if (!f || f->row != c->row)
		return;
	if (!c->tried) {
		app_note(l->app, STYLE_GOOD, "Fixed by %s; it cannot be tried from here",
			 remedy_of(f->remedy)->word);
		return;
	}
	f->state = c->proof < 0 ? DENIALLIST_FAILS : DENIALLIST_PASSES;
	if (c->proof < 0)
		app_note(l->app, STYLE_BAD, "Fixed by %s, re-test: still denied: %s: %s",
			 remedy_of(f->remedy)->word, c->op, diag_errno(-c->proof));
	else
		app_note(l->app, STYLE_GOOD,
			 "Fixed by %s, re-test: ok: %s was tried, and the kernel let it "
			 "pass; F7 takes it back",
			 remedy_of(f->remedy)->word, c->op);
}

static void finished(struct pool_job *job)
{
	struct denialcase *c = (struct denialcase *)job;
	struct deniallist *l = c->user;

	model_worked(&l->app->model);
	l->atwork = NULL;
	l->answered = true;
	l->app->dirty = true;
	if (c->err < 0) {
		app_note_diag(l->app, &c->why);
		if (c != l->asked)
			denialcase_free(c);
	} else if (c->what == DENIALCASE_LOOK) {
		looked(l, c);
	} else if (c->what == DENIALCASE_PLAN) {
		wait_for_yes(l, c);
	} else {
		proved(l, c);
	}
}

/* Starting */

static void submit(struct deniallist *l, struct denialcase *c, enum denialcase_what what)
{
	c->what = what;
	c->user = l;
	c->job.done = finished;
	l->atwork = c;
	l->answered = false;
	model_work(&l->app->model, &c->job);
}

static bool is_free(const struct deniallist *l, struct diag *ret)
{
	if (!l->atwork)
		return true;
	(void)diag_set(ret, DIAG_BUSY, EBUSY,
		       "The last denial is still being looked at.");
	return false;
}

bool deniallist_look(struct deniallist *l, bool to_fix, struct diag *ret)
{
	const struct deniallist_row *at = deniallist_selected(l);
	const struct denials_row *row;
	struct denialcase *c;
	uint32_t i;

	row = at ? deniallist_store_row(l, at, &i) : NULL;
	if (!row) {
		(void)diag_set(
			ret, DIAG_VALUE, EINVAL,
			at ? "A group: Enter opens it, one of its rows is looked at."
			   : "There is no denial to look at.");
		return false;
	}
	if (!is_free(l, ret))
		return false;
	c = denialcase_new(l->app->model.root, &row->last, i);
	if (!c) {
		(void)diag_set(ret, DIAG_MEMORY, ENOMEM, "Out of memory.");
		return false;
	}
	l->to_fix = to_fix;
	l->wanted = _REMEDY_INVALID;
	submit(l, c, DENIALCASE_LOOK);
	return true;
}

/* What was named before stays named. */
static char *copy_name(const char *name, const char *before)
{
	return name ? strdup(name) : before ? strdup(before) : NULL;
}

bool deniallist_look_again(struct deniallist *l, const char *key, const char *cert,
			   enum remedy_id id, struct diag *ret)
{
	const struct denialcase *was = l->asked;
	struct denialcase *c;

	if (!was || !is_free(l, ret))
		return false;
	c = denialcase_new(l->app->model.root, &was->d, was->row);
	if (!c) {
		(void)diag_set(ret, DIAG_MEMORY, ENOMEM, "Out of memory.");
		return false;
	}
	c->key_file = copy_name(key, was->key_file);
	c->cert_file = copy_name(cert, was->cert_file);
	l->to_fix = true;
	l->wanted = id;
	submit(l, c, DENIALCASE_LOOK);
	return true;
}

const char *deniallist_lacks(const struct deniallist *l, const struct triage_remedy *r)
{
	bool signs = r->id == REMEDY_SIGN || r->id == REMEDY_SIGN_3 ||
		     r->id == REMEDY_SIGN_EVM;

	if (r->possible || l->app->model.recorded)
		return NULL;
	if (signs && !l->asked->key && l->asked->found.is_file)
		return "Private key (PEM, without a passphrase)";
	return r->id == REMEDY_LOAD_KEY && !l->asked->found.cert &&
			       (l->asked->found.seen.ima.is ||
				l->asked->found.seen.evm.is)
		       ? "Certificate of the key"
		       : NULL;
}

bool deniallist_plan(struct deniallist *l, enum remedy_id id, struct diag *ret)
{
	if (!l->asked || !is_free(l, ret))
		return false;
	l->asked->remedy = id;
	remedyplan_done(&l->asked->plan);
	l->asked->plan = (struct remedyplan){0};
	submit(l, l->asked, DENIALCASE_PLAN);
	return true;
}

static void named(void *user, enum prompt_event event, const char *text)
{
	struct deniallist *l = user;
	bool cert = l->wanted == REMEDY_LOAD_KEY;
	struct diag d = {0};

	if (event == PROMPT_DONE && *text &&
	    !deniallist_look_again(l, cert ? NULL : text, cert ? text : NULL, l->wanted,
				   &d))
		app_note_diag(l->app, &d);
}

/* A command that somebody else has to run, or what no command does. */
static void show(struct deniallist *l, const struct triage_remedy *r)
{
	struct doc *d = &l->app->pager.doc;
	_cleanup_strbuf_ struct strbuf command = {0};

	doc_clear(d);
	doc_title(d, remedy_of(r->id)->title);
	str_escape(&command, strbuf_span(&r->command), l->app->ascii);
	if (command.len) {
		doc_text(d, STYLE_NORMAL,
			 "imactl does not do that itself. The command is:");
		doc_blank(d);
		doc_text(d, STYLE_TITLE, "%s", strbuf_str(&command));
	}
	if (*remedy_of(r->id)->trusts) {
		doc_blank(d);
		doc_text(d, STYLE_NORMAL, "It trusts %s. Undone: %s.",
			 remedy_of(r->id)->trusts, remedy_of(r->id)->undo);
	}
	app_read(l->app, "Remedy");
}

void deniallist_chosen(void *user, int i)
{
	struct deniallist *l = user;
	const struct triage_remedy *r = &l->asked->found.remedy[i];
	const char *question = deniallist_lacks(l, r);
	_cleanup_strbuf_ struct strbuf why = {0};
	struct diag d = {0};

	if (remedy_of(r->id)->kind != REMEDY_KIND_PLAN && r->possible)
		show(l, r);
	else if (!r->possible && !question)
		app_note(l->app, STYLE_WARN, "%s is not possible: %s",
			 remedy_of(r->id)->word, r->why);
	else if (!deniallist_may_fix(l, &why))
		app_note(l->app, STYLE_WARN, "%s", strbuf_str(&why));
	else if (question) {
		l->wanted = r->id;
		app_ask(l->app, question, r->id == REMEDY_LOAD_KEY ? &l->certs : &l->keys,
			NULL, named, l);
	} else if (!deniallist_plan(l, r->id, &d))
		app_note_diag(l->app, &d);
}

/* What was done */

static void remember(struct deniallist *l)
{
	struct deniallist_fix f = {.row = l->asked->row,
				   .remedy = l->asked->remedy,
				   .change = l->ready.change,
				   .state = l->asked->remedy == REMEDY_EXEMPT
						    ? DENIALLIST_NEXT_BOOT
						    : DENIALLIST_APPLIED};

	if (l->n_fixes == DENIALLIST_FIXES)
		memmove(l->fixes, l->fixes + 1, --l->n_fixes * sizeof(l->fixes[0]));
	l->fixes[l->n_fixes++] = f;
	if (f.state == DENIALLIST_APPLIED)
		submit(l, l->asked, DENIALCASE_PROVE);
}

void deniallist_changed(void *user)
{
	struct deniallist *l = user;

	for (size_t i = 0; l->ready.outcome == CHANGE_UNDONE && i < l->n_fixes; i++)
		if (l->fixes[i].change == l->ready.undone)
			l->fixes[i].state = DENIALLIST_BACK;
	if (!l->ready.undone && l->asked && l->ready.outcome == CHANGE_DONE)
		remember(l);
	l->app->model.files.stale = true;
}

/* Of the selected row, else the last one. */
static unsigned undo_what(struct deniallist *l)
{
	const struct deniallist_row *at = deniallist_selected(l);
	const struct deniallist_fix *f = NULL;
	uint32_t row;

	if (at && deniallist_store_row(l, at, &row))
		f = deniallist_fix_of(l, row);
	for (size_t i = l->n_fixes; (!f || f->state == DENIALLIST_BACK) && i-- > 0;)
		f = &l->fixes[i];
	return f && f->state != DENIALLIST_BACK ? f->change : 0;
}

bool deniallist_undo(struct deniallist *l, struct diag *ret)
{
	unsigned change = undo_what(l);

	if (!change) {
		(void)diag_set(ret, DIAG_NO_CHANGE, ENOENT,
			       "Nothing was fixed from here that could be taken back.");
		return false;
	}
	if (planned_undo(&l->ready, change, ret) < 0)
		return false;
	planned_ready(&l->ready, SCREEN_DENIALS, "");
	return true;
}
