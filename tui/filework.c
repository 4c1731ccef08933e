/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/filework.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "tui/filetask.h"

enum {
	TASK_MS = 200, /* how far a task is */
	JOB_MS = 500,  /* how often a job notes how far it is */
};

void filework_init(struct filework *w, const struct tui_config *config, struct pool *pool)
{
	*w = (struct filework){.config = config, .pool = pool};
}

void filework_result_done(struct filework_result *r)
{
	doc_done(&r->doc);
	plan_done(&r->plan);
	*r = (struct filework_result){0};
}

static void forget_job(struct filework *w)
{
	relabel_errors_free(w->errors, w->n_errors);
	relabel_job_done(&w->job);
	w->errors = NULL;
	w->n_errors = 0;
	w->has_job = false;
}

void filework_done(struct filework *w)
{
	filetask_free(w->task);
	filework_result_done(&w->result);
	scan_done(&w->scan);
	free(w->scope);
	free(w->key);
	free(w->cert);
	forget_job(w);
	*w = (struct filework){0};
}

static void take_scan(struct filework *w, struct filework_task *t)
{
	scan_done(&w->scan);
	free(w->scope);
	w->scan = t->scan;
	w->scope = take_ptr(t->path);
	w->candidate = t->candidate && !w->scope;
	t->scan = (struct scan){0};
	w->scanned = true;
	w->stale = false;
	w->scans++;
}

static void ended(struct pool_job *job)
{
	struct filework_task *t = (struct filework_task *)job;
	struct filework *w = t->work;

	if (t->what == FILEWORK_SCAN && t->result.error.id == DIAG_NONE)
		take_scan(w, t);
	filework_result_done(&w->result);
	w->result = t->result;
	t->result = (struct filework_result){0};
	w->task = filetask_free(t);
	if (w->result.what >= FILEWORK_PLAN)
		(void)filework_refresh(w);
	w->stale |= w->scanned && w->result.what == FILEWORK_UNDO;
}

static int busy(struct diag *reterr)
{
	return diag_set(reterr, DIAG_BUSY, EBUSY,
			"Something else is being done: Esc stops it.");
}

/* @path is copied. */
static int make(struct filework *w, enum filework_what what, const char *path,
		struct filework_task **ret, struct diag *reterr)
{
	int r;

	if (w->task)
		return busy(reterr);
	r = filetask_new(w->config->root, what, path, ret, reterr);
	if (r < 0)
		return r;
	(*ret)->work = w;
	(*ret)->job.done = ended;
	return 0;
}

/* A look at one processor's only worker would have the others wait. */
static void submit(struct filework *w, struct filework_task *t)
{
	if (pool_threads(w->pool) < 2)
		(void)pool_grow(w->pool, 2); /* what cannot be had is waited for */
	w->task = t;
	pool_submit(w->pool, &t->job);
}

static int begin(struct filework *w, enum filework_what what, const char *path,
		 unsigned job, bool ascii, struct diag *reterr)
{
	struct filework_task *t;
	int r = make(w, what, path, &t, reterr);

	if (r < 0)
		return r;
	t->job_id = job;
	t->candidate = w->candidate;
	t->ascii = ascii;
	submit(w, t);
	return 0;
}

int filework_sign(struct filework *w, const char *key, struct strbuf *files,
		  struct diag *reterr)
{
	struct filework_task *t;
	int r = make(w, FILEWORK_SIGN, key, &t, reterr);

	if (r < 0)
		return r;
	t->names = *files;
	*files = (struct strbuf){0};
	submit(w, t);
	return 0;
}

int filework_scan(struct filework *w, const char *scope, struct diag *reterr)
{
	return begin(w, FILEWORK_SCAN, scope, 0, false, reterr);
}

void filework_for_candidate(struct filework *w)
{
	scan_done(&w->scan);
	free(take_ptr(w->scope));
	w->scan = (struct scan){0};
	w->scanned = w->stale = false;
	w->candidate = true;
	w->scans++;
}

int filework_look(struct filework *w, const char *path, bool ascii, struct diag *reterr)
{
	return begin(w, FILEWORK_LOOK, path, 0, ascii, reterr);
}

int filework_plan(struct filework *w, bool ascii, struct diag *reterr)
{
	return begin(w, FILEWORK_PLAN, w->scope, 0, ascii, reterr);
}

static int keep(char **to, const char *text, struct diag *reterr)
{
	free(*to);
	*to = strdup(text);
	return *to ? 0 : diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

int filework_offer(struct filework *w, struct filework_result *r, const char *key,
		   const char *cert, struct diag *reterr)
{
	int err = w->task ? busy(reterr) : keep(&w->key, key, reterr);

	if (err == 0)
		err = keep(&w->cert, cert, reterr);
	if (err < 0)
		return err;
	filework_result_done(&w->result);
	w->result = *r;
	*r = (struct filework_result){0};
	return 0;
}

int filework_start(struct filework *w, unsigned job, struct diag *reterr)
{
	struct filework_task *t = NULL;
	int r = make(w, FILEWORK_START, NULL, &t, reterr);

	if (r == 0 && w->key) {
		r = keep(&t->key, w->key, reterr);
		r = r < 0 ? r : keep(&t->cert, w->cert, reterr);
	}
	if (r < 0) {
		filetask_free(t);
		return r;
	}
	t->job_id = job;
	submit(w, t);
	return 0;
}

int filework_undo(struct filework *w, unsigned job, struct diag *reterr)
{
	return begin(w, FILEWORK_UNDO, NULL, job, false, reterr);
}

bool filework_cancel(struct filework *w)
{
	if (!w->task || w->task->what == FILEWORK_START || w->task->what == FILEWORK_LOOK)
		return false;
	pool_cancel(&w->task->job);
	return true;
}

int filework_stop(struct filework *w, struct diag *reterr)
{
	_cleanup_close_ int dir = -1;
	struct root root;
	int r;

	if (!w->has_job || w->job.state != RELABEL_JOB_RUNNING)
		return diag_set(reterr, DIAG_NOTHING_OPEN, ESRCH,
				"There is no job at work that could be stopped.");
	r = root_open_again(w->config->root, &root, reterr);
	if (r < 0)
		return r;
	dir = job_open(&root, w->job.id, reterr);
	root_done(&root);
	return dir < 0 ? dir : job_ask_stop(dir, reterr);
}

int filework_path(const struct filework *w, const char *typed, char **ret,
		  struct diag *reterr)
{
	const struct root *root = w->config->root;
	_cleanup_strbuf_ struct strbuf b = {0};
	char q[140];
	int r = fspath_below(root->dir[ROOT_TARGET], !root_owns_place(root, ROOT_PROC),
			     typed, &b);

	if (r < 0)
		return diag_set(reterr, r == -EACCES ? DIAG_PERMISSION : DIAG_OPEN, r,
				"Cannot find %s: %s.",
				str_quote(q, sizeof(q), span_of(typed)), diag_errno(r));
	*ret = strdup(strbuf_str(&b));
	return *ret ? 0 : diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

bool filework_take(struct filework *w, struct filework_result *ret)
{
	if (w->result.what == FILEWORK_NOTHING)
		return false;
	*ret = w->result;
	w->result = (struct filework_result){0};
	return true;
}

bool filework_busy(const struct filework *w)
{
	return w->task;
}

static void status_scan(const struct filework_task *t, struct strbuf *out)
{
	uint64_t done = atomic_load(&t->done), of = atomic_load(&t->of);
	char a[32], b[32], c[32];

	if (of)
		strbuf_addf(out, "reading labelled files: %s of %s, %s",
			    str_count(a, sizeof(a), done), str_count(b, sizeof(b), of),
			    str_bytes(c, sizeof(c), atomic_load(&t->bytes)));
	else
		strbuf_addf(out, "scanning: %s files seen",
			    str_count(a, sizeof(a), atomic_load(&t->files)));
}

static void status_plan(const struct filework_task *t, struct strbuf *out)
{
	static const char *const words[] = {[RELABEL_WALKING] = "seen",
					    [RELABEL_CHECKING] = "labels checked",
					    [RELABEL_PLANNING] = "planned"};
	char a[32];

	strbuf_addf(out, "planning: %s files %s",
		    str_count(a, sizeof(a), atomic_load(&t->files)),
		    words[atomic_load(&t->phase)]);
}

static void status_undo(const struct filework_task *t, struct strbuf *out)
{
	char a[32], b[32];

	strbuf_addf(out, "taking labels back: %s of %s",
		    str_count(a, sizeof(a), atomic_load(&t->done)),
		    str_count(b, sizeof(b), atomic_load(&t->of)));
}

void filework_status(const struct filework *w, struct strbuf *out, bool plain)
{
	const struct filework_task *t = w->task;

	if (!t)
		return;
	switch (t->what) {
	case FILEWORK_SCAN:
		status_scan(t, out);
		break;
	case FILEWORK_PLAN:
		status_plan(t, out);
		break;
	case FILEWORK_UNDO:
		status_undo(t, out);
		break;
	case FILEWORK_SIGN:
		strbuf_adds(out, "reading what is to be signed");
		break;
	default:
		strbuf_adds(out, t->what == FILEWORK_LOOK ? "reading the file"
							  : "starting the job");
		strbuf_adds(out, " | ");
		return;
	}
	strbuf_addf(out, " | %s | ",
		    atomic_load(&t->job.cancelled) ? "stopping"
		    : plain			   ? "^C ends the console"
						   : "Esc stops");
}

/* What is noted there; of a machine that cannot be asked, or for root only: nothing. */
static void load_job(struct filework *w)
{
	struct root root;
	int n = 0;

	w->job_error = (struct diag){0};
	if (root_open_again(w->config->root, &root, &w->job_error) < 0)
		return;
	w->has_job = relabel_job_last_begun(&root, &w->job, &w->job_error) == 0;
	if (w->has_job)
		n = relabel_job_errors(&root, w->job.id, &w->errors, NULL);
	w->n_errors = n < 0 ? 0 : n;
	root_done(&root);
}

bool filework_refresh(struct filework *w)
{
	struct relabel_job before = w->job;
	bool had = w->has_job;
	int errors = w->n_errors;
	bool changed;

	before.current = NULL;
	relabel_errors_free(take_ptr(w->errors), w->n_errors);
	free(take_ptr(w->job.current));
	w->has_job = false;
	w->n_errors = 0;
	load_job(w);
	if (!w->has_job)
		w->job = (struct relabel_job){0};
	changed = had != w->has_job || before.id != w->job.id ||
		  before.state != w->job.state || before.updated != w->job.updated ||
		  before.n.done != w->job.n.done || before.undone != w->job.undone ||
		  errors != w->n_errors;
	w->jobs += changed;
	w->stale |= changed && w->scanned && w->has_job;
	w->poll_at = w->has_job && w->job.state == RELABEL_JOB_RUNNING
			     ? w->now_ms + JOB_MS
			     : 0;
	return changed;
}

bool filework_poll(struct filework *w, uint64_t now_ms)
{
	w->now_ms = now_ms;
	if (w->poll_at && now_ms >= w->poll_at)
		return filework_refresh(w) || w->task;
	return w->task;
}

int filework_wait_ms(const struct filework *w, uint64_t now_ms)
{
	int job = !w->poll_at ? -1 : w->poll_at > now_ms ? (int)(w->poll_at - now_ms) : 0;

	return !w->task ? job : job < 0 || job > TASK_MS ? TASK_MS : job;
}
