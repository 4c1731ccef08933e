/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carrying a plan of labels out, and noting how far it is. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/pack.h"
#include "core/host/eta.h"
#include "core/label/relabel-job-internal.h"

enum { NOTE_MS = 500 };

struct work {
	struct relabel_job *job;
	const struct relabel_job_run *run;
	int dir, errors; /* errors: -1 none yet */
	size_t n_errors;
	struct refmake *refs;
	struct act_label act;
	struct eta eta;
	uint64_t begun_ms, noted_ms;
	uint64_t before_ms; /* worked on in earlier runs */
	uint64_t finished;  /* bytes of files whose turn has been */
	uint64_t last_files, last_bytes;
	bool stop;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void estimate(struct work *w, uint64_t now)
{
	struct relabel_job *job = w->job;
	uint64_t all = relabel_units(job->to_read, job->steps);
	uint64_t done = relabel_units(job->bytes, job->n.done);
	uint64_t span = now - w->noted_ms;

	eta_add(&w->eta, now, done);
	job->has_eta = job->state == RELABEL_JOB_RUNNING &&
		       eta_left(&w->eta, all > done ? all - done : 0, &job->eta_ms,
				&job->eta_spread_ms);
	if (!span)
		return;
	job->files_per_s = (job->n.done - w->last_files) * 1000 / span;
	job->bytes_per_s = (job->bytes - w->last_bytes) * 1000 / span;
}

/* What was read runs ahead of what is finished; what was labelled in an earlier run, or by
 * the kernel, is finished without being read. What is read twice counts once. */
static uint64_t bytes_done(const struct work *w)
{
	uint64_t read = refmake_bytes(w->refs);
	uint64_t done = read > w->finished ? read : w->finished;

	return done < w->job->to_read ? done : w->job->to_read;
}

/* Nothing is lost but a glance when it cannot be noted. */
static void note(struct work *w, uint64_t now)
{
	struct relabel_job *job = w->job;

	job->bytes = bytes_done(w);
	job->labels = w->act.counts;
	job->elapsed_ms = w->before_ms + (now - w->begun_ms);
	estimate(w, now);
	w->noted_ms = now;
	w->last_files = job->n.done;
	w->last_bytes = job->bytes;
	w->stop = w->stop || job_is_asked_to_stop(w->dir);
	(void)relabel_job_note(job, w->dir, NULL);
}

static void note_now_and_then(struct work *w)
{
	uint64_t now = now_ms();

	if (now >= w->noted_ms + NOTE_MS)
		note(w, now);
}

static bool stop(void *user)
{
	struct work *w = user;

	note_now_and_then(w);
	return w->stop || (w->run->stop && w->run->stop(w->run->user));
}

static void keep_error(struct work *w, const char *path, const struct diag *why)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	if (w->n_errors++ >= RELABEL_ERRORS)
		return;
	if (w->errors < 0)
		w->errors = openat(w->dir, RELABEL_JOB_ERRORS,
				   O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
				   0600);
	pack_u32(&b, (uint32_t)why->err);
	pack_u32(&b, why->id);
	pack_str(&b, path);
	pack_str(&b, why->text);
	/* one that cannot be kept is counted all the same */
	if (w->errors >= 0 && !b.failed)
		(void)fs_write_all(w->errors, b.ptr, b.len);
}

/* Steps are counted as they come: the engine's result is there only at the end. */
static void count(struct work *w, const struct change_progress *p)
{
	struct relabel_job *job = w->job;
	struct act_label_wish wish;

	job->n.done = p->finished;
	if (act_label_unpack(p->plan->steps[p->step].after, &wish))
		w->finished += wish.stamp.size;
	if (!p->err)
		return;
	p->err == ESTALE ? job->n.conflicts++ : job->n.failed++;
	if (p->why)
		keep_error(w, p->plan->steps[p->step].path, p->why);
}

static void set_current(struct work *w, const struct change_progress *p)
{
	char *copy;

	if (p->step + 1 >= p->plan->n)
		return;
	copy = strdup(p->plan->steps[p->step + 1].path);
	if (!copy)
		return;
	free(w->job->current);
	w->job->current = copy;
}

static void progress(void *user, const struct change_progress *p)
{
	struct work *w = user;

	if (p->event == CHANGE_BEGIN) {
		w->job->change = p->id;
		note(w, now_ms()); /* whoever comes after a crash finds the change */
	} else if (p->event == CHANGE_STEP) {
		count(w, p);
		if (now_ms() >= w->noted_ms + NOTE_MS)
			set_current(w, p);
		note_now_and_then(w);
	}
}

static void audit(void *user, const struct change_progress *p)
{
	const struct work *w = user;

	if (w->run->audit)
		w->run->audit(w->run->user, p);
}

static struct change_ctx context(struct work *w, struct root *root)
{
	struct change_ctx ctx = {
		.root = root,
		.place = ROOT_STATE,
		.command = "label apply",
		.progress = progress,
		.stop = stop,
		.audit = audit,
		.user = w,
	};

	act_label_use(&w->act, &ctx);
	return ctx;
}

static int load_plan(int dir, struct plan *ret, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	int r = job_get(dir, RELABEL_JOB_PLAN, &b, reterr);

	return r < 0 ? r : plan_unpack(strbuf_span(&b), act_label_set(), ret, reterr);
}

static bool is_in(const char *path, const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(paths[i]);

		if (!len || (strncmp(path, paths[i], len) == 0 &&
			     (!path[len] || path[len] == '/')))
			return true;
	}
	return false;
}

int relabel_job_is_below(const struct root *root, const struct relabel_job *job,
			 const char *const *paths, size_t n, struct diag *reterr)
{
	_cleanup_close_ int dir = job_open(root, job->id, reterr);
	_cleanup_plan_ struct plan plan = {0};
	int r = dir < 0 ? dir : load_plan(dir, &plan, reterr);

	if (r < 0)
		return r;
	for (size_t i = 0; i < plan.n; i++)
		if (!is_in(plan.steps[i].path, paths, n))
			return 0;
	return 1;
}

static int change(struct work *w, struct root *root, struct change_result *ret,
		  struct diag *reterr)
{
	struct change_ctx ctx = context(w, root);
	_cleanup_plan_ struct plan plan = {0};
	int r;

	if (w->run->resume)
		return change_resume(&ctx, w->job->change, ret, reterr);
	r = load_plan(w->dir, &plan, reterr);
	return r < 0 ? r : change_run(&ctx, &plan, w->job->hash, ret, reterr);
}

static void finish(struct work *w, struct change_result *r)
{
	struct relabel_job *job = w->job;

	job->outcome = r->outcome;
	job->change = r->id;
	job->n.taken = r->taken;
	job->n.kept = r->kept;
	job->n.failed = r->failed;
	job->n.conflicts = r->conflicts;
	job->n.done = r->taken + r->kept + r->failed + r->conflicts;
	job->failure = r->failure;
	job->state =
		r->outcome == CHANGE_STOPPED ? RELABEL_JOB_RUNNING : RELABEL_JOB_ENDED;
	if (job->state == RELABEL_JOB_ENDED) {
		free(job->current);
		job->current = strdup("");
	}
	note(w, now_ms());
	/* the journal has the plan now */
	(void)unlinkat(w->dir, RELABEL_JOB_PLAN, 0);
}

/* Another change is open, the plan cannot be read: it can be tried again. */
static void not_begun(struct work *w)
{
	w->job->state = RELABEL_JOB_PLANNED;
	w->job->started = 0;
	note(w, now_ms());
}

static void begin(struct work *w)
{
	struct relabel_job *job = w->job;

	w->begun_ms = w->noted_ms = now_ms();
	w->before_ms = job->elapsed_ms;
	w->act.counts = job->labels;
	job->state = RELABEL_JOB_RUNNING;
	job->pid = getpid();
	memset(&job->n, 0, sizeof(job->n)); /* all steps are told of again */
	if (!w->run->resume)
		job->started = (uint64_t)time(NULL);
	(void)unlinkat(w->dir, RELABEL_JOB_ERRORS, 0); /* of a run before */
	job_forget_stop(w->dir);
	note(w, w->begun_ms);
}

static int work(struct work *w, struct root *root, struct diag *reterr)
{
	_cleanup_(pool_freep) struct pool *pool = NULL;
	_cleanup_(known_freep) struct known *known = NULL;
	struct change_result result;
	int r = pool_new(w->job->threads, &pool, reterr);

	if (r == 0)
		r = known_load(root, &known, reterr);
	if (r == 0)
		r = refmake_new(pool, root, w->run->key, w->job->throttle, &w->refs,
				reterr);
	if (r < 0)
		return r;
	w->act = (struct act_label){.refs = w->refs,
				    .key = w->run->key,
				    .known = known,
				    .grain = grain_try(w->dir),
				    .kernel_fixes = w->run->kernel_fixes};
	refmake_on_wait(w->refs, stop, w);
	begin(w);
	r = change(w, root, &result, reterr);
	if (r == 0)
		finish(w, &result);
	else if (!w->job->change)
		not_begun(w);
	(void)known_save(known, root, false, NULL); /* costs a second look */
	if (r == 0 && w->job->state == RELABEL_JOB_ENDED)
		relabel_label_own(pool, root, w->refs, w->job->alg);
	w->refs = refmake_free(w->refs);
	return r;
}

int relabel_job_run(struct root *root, struct relabel_job *job,
		    const struct relabel_job_run *run, struct diag *reterr)
{
	_cleanup_close_ int dir = job_open(root, job->id, reterr);
	_cleanup_close_ int lock = dir < 0 ? -1 : job_lock(dir, reterr);
	struct work w = {.job = job, .run = run, .dir = dir, .errors = -1};
	int r;

	if (dir < 0 || lock < 0)
		return dir < 0 ? dir : lock;
	r = work(&w, root, reterr);
	if (w.errors >= 0)
		(void)close(w.errors); /* what is not there is counted */
	return r;
}
