/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions and answers of the Keys screen: which certificate, into which keyring, shall
 * it be done. */
#include <stdio.h>
#include <string.h>

#include "tui/rings.h"

static void show_detail(struct rings *r)
{
	struct doc *d = &r->app->pager.doc;
	const struct rings_row *row = rings_selected(r);

	if (!row)
		return;
	doc_clear(d);
	d->label_w = 10;
	rings_detail(r, row, d, true);
	app_read(r->app, row->key ? "Key" : "Keyring");
}

static void refused(struct rings *r, const struct strbuf *why)
{
	app_note(r->app, STYLE_WARN, "%s", strbuf_str(why));
}

/* A certificate */

static void with_ring(void *user, int ring)
{
	struct rings *r = user;
	struct doc *d = &r->app->pager.doc;
	struct diag diag = {0};

	if (r->to_load) {
		if (rings_plan_load(r, r->file, (enum keyring_id)ring, &diag) < 0)
			app_note_diag(r->app, &diag);
		else
			planned_ready(&r->ready, SCREEN_KEYS, "");
		return;
	}
	doc_clear(d);
	d->label_w = 10;
	if (rings_check(r, r->file, (enum keyring_id)ring, d, &diag) < 0)
		app_note_diag(r->app, &diag);
	else
		app_read(r->app, "Certificate");
}

static void with_file(void *user, enum prompt_event event, const char *text)
{
	struct rings *r = user;
	enum keyring_id target[_KEYRING_MAX];
	size_t n;

	if (event != PROMPT_DONE || !*text)
		return;
	(void)snprintf(r->file, sizeof(r->file), "%s", text);
	n = rings_targets(r, target);
	if (n == 1) {
		with_ring(r, target[0]);
		return;
	}
	pick_start(&r->app->pick, "Into which keyring");
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(r->target[i], sizeof(r->target[i]), "%s  %s",
			       keyring_name(target[i]), keyring_words(target[i]));
		pick_add(&r->app->pick, (int)target[i], NULL, r->target[i]);
	}
	app_choose(r->app, with_ring, r);
}

static void ask_file(struct rings *r, bool to_load)
{
	_cleanup_strbuf_ struct strbuf why = {0};

	if (!r->loaded)
		strbuf_adds(&why, "The keyrings have not been read");
	else if (to_load)
		(void)rings_may_change(r, &why);
	if (why.len) {
		refused(r, &why);
		return;
	}
	r->to_load = to_load;
	app_ask(r->app, to_load ? "Certificate to load" : "Certificate to check",
		&r->files, NULL, with_file, r);
}

/* Files and keys */

static void count(struct rings *r)
{
	if (rings_counting(r))
		rings_stop(r);
	else if (r->app->model.recorded)
		app_note(r->app, STYLE_WARN,
			 "A recorded host has no files to count; IN LOG is what its list "
			 "shows");
	else if (!rings_count(r))
		app_note(r->app, STYLE_WARN, "Something else is on its way");
}

static void retire(struct rings *r)
{
	const struct rings_row *row = rings_selected(r);
	_cleanup_strbuf_ struct strbuf why = {0};
	struct diag d = {0};

	if (!rings_may_change(r, &why))
		refused(r, &why);
	else if (!row || !row->key)
		app_note(r->app, STYLE_NORMAL, "Select a key first: this is a keyring");
	else if (keyplan_may_retire(&r->host, row->ring, &d) < 0)
		app_note_diag(r->app, &d);
	else if (!rings_retire(r, row))
		app_note(r->app, STYLE_WARN,
			 "Something else is on its way; Esc stops it");
}

static void rotate(struct rings *r)
{
	_cleanup_strbuf_ struct strbuf why = {0};

	if (!rings_may_change(r, &why))
		refused(r, &why);
	else
		rings_ask_rotate(r);
}

static void undo(struct rings *r)
{
	_cleanup_strbuf_ struct strbuf why = {0};
	struct diag d = {0};

	if (!rings_may_change(r, &why))
		refused(r, &why);
	else if (!r->done)
		app_note(r->app, STYLE_NORMAL,
			 "Nothing was changed here yet; H has what was before");
	else if (planned_undo(&r->ready, r->done, &d) < 0)
		app_note_diag(r->app, &d);
	else
		planned_ready(&r->ready, SCREEN_KEYS, "");
}

static void copy(struct rings *r)
{
	const struct rings_row *row = rings_selected(r);
	_cleanup_strbuf_ struct strbuf id = {0};

	if (!row || !row->key) {
		app_note(r->app, STYLE_NORMAL, "Select a key first: its id is copied");
		return;
	}
	str_escape(&id, row->key->id, true);
	app_copy(r->app, strbuf_str(&id), "the key's id");
}

bool rings_action(struct rings *r, enum request q)
{
	switch ((int)q) {
	case REQ_DETAIL:
		show_detail(r);
		return true;
	case REQ_COUNT_FILES:
		count(r);
		return true;
	case REQ_CHECK_CERT:
		ask_file(r, false);
		return true;
	case REQ_LOAD_KEY:
		ask_file(r, true);
		return true;
	case REQ_RETIRE_KEY:
		retire(r);
		return true;
	case REQ_ROTATE_KEY:
		rotate(r);
		return true;
	case REQ_UNDO:
		undo(r);
		return true;
	case REQ_COPY:
		copy(r);
		return true;
	default:
		return false;
	}
}
