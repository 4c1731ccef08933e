/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be done with files: scan, look, label, stop, take back; search and filter. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "tui/filelist.h"
#include "tui/filetext.h"

bool filelist_blind(const struct filelist *l, struct diag *ret)
{
	if (!l->app->model.recorded)
		return false;
	(void)diag_set(
		ret, DIAG_LIVE_ONLY, EOPNOTSUPP,
		"A recorded host has no files to look at, only what was recorded.");
	return true;
}

bool filelist_refuses(const struct filelist *l, struct diag *ret)
{
	if (filelist_blind(l, ret))
		return true;
	if (geteuid() != 0) /* for whom the console is read-only anyhow */
		(void)diag_set(ret, DIAG_NEED_ROOT, EPERM, "Only root may label.");
	else if (l->app->config->readonly)
		(void)diag_set(ret, DIAG_READONLY, EROFS,
			       "The console was started with --readonly.");
	else
		return false;
	return true;
}

static void refuse(struct filelist *l, const struct diag *d)
{
	app_note(l->app, STYLE_WARN, "%s: %s", diag_code(d->id), d->text);
}

/* Scanning */

void filelist_scan(struct filelist *l, const char *typed, struct diag *ret)
{
	_cleanup_free_ char *path = NULL;

	if (filelist_blind(l, ret) ||
	    (typed && filework_path(l->work, typed, &path, ret) < 0))
		return;
	(void)filework_scan(l->work, path, ret);
}

static void scan(struct filelist *l, const char *path)
{
	struct diag d = {0};

	if (filelist_blind(l, &d) || filework_scan(l->work, path, &d) < 0)
		refuse(l, &d);
}

static void path_event(void *user, enum prompt_event event, const char *text)
{
	struct filelist *l = user;
	struct diag d = {0};

	if (event != PROMPT_DONE || !*text)
		return;
	(void)snprintf(l->typed, sizeof(l->typed), "%s", text);
	filelist_scan(l, text, &d);
	if (d.id == DIAG_NONE)
		return;
	app_ask(l->app, "Look at", &l->app->file_history, text, path_event, l);
	(void)snprintf(l->app->prompt.error, sizeof(l->app->prompt.error), "%s", d.text);
}

static void ask_path(struct filelist *l)
{
	struct diag d = {0};

	if (filelist_blind(l, &d)) {
		refuse(l, &d);
		return;
	}
	app_ask(l->app, "Look at", &l->app->file_history, *l->typed ? l->typed : "/",
		path_event, l);
}

/* The same files again. */
static void scan_again(struct filelist *l)
{
	_cleanup_free_ char *path = l->work->scope ? strdup(l->work->scope) : NULL;

	scan(l, path);
	(void)filework_refresh(l->work);
}

/* Everything about the selected row */

static void open_selected(struct filelist *l)
{
	struct doc *doc = &l->app->pager.doc;
	struct diag d = {0};
	struct filerow row;

	if (!filelist_selected(l, &row))
		return;
	if (row.at == FILELIST_HEADING) {
		filelist_toggle(l, row.group);
	} else if (row.group == FILELIST_ERRORS) {
		doc_clear(doc);
		filetext_error(doc, &l->work->errors[row.at], l->app->ascii);
		app_read(l->app, "Error");
	} else if (row.group == FILELIST_KINDS + SCAN_LEFT_OUT) {
		app_note(l->app, STYLE_NORMAL,
			 "This was left out: there is no verdict about it");
	} else if (filework_look(l->work, filelist_path(l, row), l->app->ascii, &d) < 0) {
		refuse(l, &d);
	}
}

static void copy_path(struct filelist *l)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct filerow row;

	if (!filelist_selected(l, &row) || row.at == FILELIST_HEADING) {
		app_note(l->app, STYLE_NORMAL,
			 "Nothing to copy here: Enter opens a group");
		return;
	}
	strbuf_addc(&b, '/');
	str_escape(&b, span_of(filelist_path(l, row)), true);
	app_copy(l->app, strbuf_str(&b), "path");
}

static void show_job(struct filelist *l)
{
	struct doc *doc = &l->app->pager.doc;

	(void)filework_refresh(l->work);
	if (!l->work->has_job) {
		refuse(l, &l->work->job_error);
		return;
	}
	doc_clear(doc);
	filetext_job(doc, &l->work->job, l->app->ascii);
	app_read(l->app, "Job");
}

/* Labels */

static void start(struct filelist *l, unsigned job)
{
	struct diag d = {0};

	if (filework_start(l->work, job, &d) < 0)
		refuse(l, &d);
}

static void start_planned(void *user)
{
	struct filelist *l = user;

	start(l, l->planned.job);
}

static void resume(void *user)
{
	struct filelist *l = user;

	start(l, l->work->job.id);
}

static void undo(void *user)
{
	struct filelist *l = user;
	struct diag d = {0};

	if (filework_undo(l->work, l->undoing, &d) < 0)
		refuse(l, &d);
}

/* By how much it is: a key, or the name of the host, which the title says. Takes *@what. */
static void ask(struct filelist *l, uint64_t steps, const char *title, const char *action,
		struct doc *what, app_confirm_fn yes)
{
	struct confirm *q = &l->app->confirm;
	bool many = steps > RELABEL_MANY;
	const char *host = *l->app->model.host ? l->app->model.host : "localhost";
	_cleanup_strbuf_ struct strbuf on = {0};

	strbuf_adds(&on, title);
	if (many)
		strbuf_addf(&on, " (host %s)", host);
	confirm_start(q, many ? CONFIRM_L2 : CONFIRM_L1, strbuf_str(&on), action, host);
	q->doc = *what;
	*what = (struct doc){0};
	app_confirm(l->app, yes, l);
}

static void ask_start(struct filelist *l)
{
	struct doc *d = &l->planned.doc;
	char title[64], n[48];

	(void)snprintf(title, sizeof(title), "Label %s?",
		       str_counted(n, sizeof(n), l->planned.steps, "file", "files"));
	doc_blank(d);
	doc_text(d, STYLE_DIALOG,
		 "A process of its own sets them and goes on when you leave. F7 takes "
		 "them back.");
	ask(l, l->planned.steps, title, "Label", d, start_planned);
}

static void ask_resume(struct filelist *l)
{
	const struct relabel_job *j = &l->work->job;
	struct doc d = {0};
	char a[32], b[32];

	doc_text(&d, STYLE_DIALOG, "Job %u was interrupted after %s of %s files.", j->id,
		 str_count(a, sizeof(a), j->n.done), str_count(b, sizeof(b), j->steps));
	doc_text(
		&d, STYLE_DIALOG,
		"Before anything else is planned it must be finished, or taken back with "
		"F7.");
	ask(l, j->steps, "Go on with the job?", "Go on", &d, resume);
}

static bool is_running(const struct filelist *l)
{
	return l->work->has_job && l->work->job.state == RELABEL_JOB_RUNNING;
}

static void label(struct filelist *l)
{
	struct diag d = {0};

	(void)filework_refresh(l->work);
	if (filelist_refuses(l, &d))
		refuse(l, &d);
	else if (is_running(l))
		app_note(l->app, STYLE_WARN, "Job %u is at work: F8 stops it",
			 l->work->job.id);
	else if (l->work->has_job && l->work->job.state == RELABEL_JOB_INTERRUPTED)
		ask_resume(l);
	else if (filework_plan(l->work, l->app->ascii, &d) < 0)
		refuse(l, &d);
}

static void stop(struct filelist *l)
{
	struct diag d = {0};

	(void)filework_refresh(l->work);
	if (filework_cancel(l->work))
		return;
	if (filelist_refuses(l, &d) || filework_stop(l->work, &d) < 0)
		refuse(l, &d);
	else
		app_note(l->app, STYLE_NORMAL,
			 "Job %u stops at its next file; what is done stays",
			 l->work->job.id);
}

/* The newest job that has set labels may stand behind plans of later. */
unsigned filelist_undo_what(const struct filelist *l, struct doc *d, uint64_t *ret_steps,
			    struct diag *ret)
{
	_cleanup_relabel_job_ struct relabel_job job = {0};
	struct root root;
	char n[48];
	int r = root_open_again(l->app->config->root, &root, ret);

	if (r < 0)
		return 0;
	r = relabel_job_last_applied(&root, &job, ret);
	root_done(&root);
	if (r < 0)
		return 0;
	if (job.state == RELABEL_JOB_RUNNING) {
		(void)diag_set(ret, DIAG_BUSY, EBUSY, "Job %u is at work.", job.id);
		return 0;
	}
	doc_text(
		d, STYLE_DIALOG,
		"Job %u has labelled %s. What security.ima held before is put back, byte "
		"for byte.",
		job.id, str_counted(n, sizeof(n), job.n.taken, "file", "files"));
	doc_text(d, STYLE_DIALOG,
		 "Labels that somebody has changed since are left alone and counted.");
	*ret_steps = job.n.taken;
	return job.id;
}

static void ask_undo(struct filelist *l)
{
	_cleanup_(doc_done) struct doc what = {0};
	uint64_t steps = 0;
	struct diag d = {0};

	(void)filework_refresh(l->work);
	if (filelist_refuses(l, &d)) {
		refuse(l, &d);
		return;
	}
	l->undoing = filelist_undo_what(l, &what, &steps, &d);
	if (!l->undoing) {
		refuse(l, &d);
		return;
	}
	ask(l, steps, "Take the labels back?", "Take back", &what, undo);
}

/* What tasks bring */

static void take_plan(struct filelist *l, struct filework_result *r)
{
	if (!r->job) {
		app_note(l->app, STYLE_GOOD,
			 "Nothing to do: every file that can be labelled has the right "
			 "label");
		return;
	}
	filework_result_done(&l->planned);
	l->planned = *r;
	r->doc = (struct doc){0};
	ask_start(l);
}

static void take_undo(struct filelist *l, const struct filework_result *r)
{
	char n[48], left[32];

	app_note(l->app, r->left || r->stopped ? STYLE_WARN : STYLE_GOOD,
		 "%s: the labels of %s are as before%s%s%s",
		 r->stopped ? "Stopped" : "Taken back",
		 str_counted(n, sizeof(n), r->steps, "file", "files"),
		 r->left ? "; left alone or failed: " : "",
		 r->left ? str_count(left, sizeof(left), r->left) : "",
		 r->stopped ? "; F7 goes on" : "");
}

static void take(struct filelist *l, struct filework_result *r)
{
	switch (r->what) {
	case FILEWORK_LOOK:
		doc_done(&l->app->pager.doc);
		l->app->pager.doc = r->doc;
		r->doc = (struct doc){0};
		app_read(l->app, "File");
		break;
	case FILEWORK_SIGN:
		filelist_take_signs(l, r);
		break;
	case FILEWORK_PLAN:
		take_plan(l, r);
		break;
	case FILEWORK_START:
		app_note(l->app, STYLE_GOOD,
			 "Job %u has begun; it goes on when you leave", l->work->job.id);
		break;
	case FILEWORK_UNDO:
		take_undo(l, r);
		break;
	default:
		break;
	}
}

void filelist_take(struct filelist *l)
{
	struct filework_result r;

	/* not over a question that is open */
	if (l->app->modal != MODAL_NONE || !filework_take(l->work, &r))
		return;
	if (r.error.id != DIAG_NONE)
		refuse(l, &r.error);
	else if (r.stopped && r.what != FILEWORK_UNDO)
		app_note(l->app, STYLE_WARN,
			 r.what == FILEWORK_SCAN ? "Stopped: what was found until then "
						   "is shown"
						 : "Stopped: nothing was planned");
	else
		take(l, &r);
	filework_result_done(&r);
	l->app->dirty = true;
}

bool filelist_action(struct filelist *l, enum request r)
{
	switch ((int)r) {
	case REQ_SCAN:
		scan(l, NULL);
		return true;
	case REQ_SCAN_PATH:
		ask_path(l);
		return true;
	case REQ_REFRESH:
		scan_again(l);
		return true;
	case REQ_DETAIL:
		open_selected(l);
		return true;
	case REQ_COPY:
		copy_path(l);
		return true;
	case REQ_JOB:
		show_job(l);
		return true;
	case REQ_LABEL:
		label(l);
		return true;
	case REQ_SIGN:
		filelist_ask_sign(l);
		return true;
	case REQ_STOP:
		stop(l);
		return true;
	case REQ_UNDO:
		ask_undo(l);
		return true;
	default:
		return listfind_request(&l->find, r);
	}
}
