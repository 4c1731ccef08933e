/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the Policy screen does in the background: reading and checking rules, counting what
 * they decide on, asking (rulelist-ask.c). One thing at a time. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/policy/policyhost.h"
#include "core/policy/policylint.h"
#include "tui/rulelist.h"

enum work {
	WORK_LOAD,
	WORK_CHECK,
	WORK_HITS,
	WORK_EXPLAIN,
	WORK_DIFF,
	WORK_TEST,
	WORK_SIMULATE,
	WORK_PLAN_LOAD,
	WORK_PLAN_INSTALL,
};

/* Its own but for the root, and the rules and the list, which stay while it is at work. */
struct rulelist_job {
	struct pool_job job; /* first: the pool hands it back */
	struct rulelist *list;
	enum work work;
	struct rulelist_ask ask; /* what is asked, and of what */
	bool recorded;
	char *file, *path;	     /* of .ask */
	struct rulelist_set set;     /* LOAD, CHECK */
	struct mlog_dialect dialect; /* HITS */
	struct span *runs;
	size_t n_runs;
	struct rulehits hits;
	char op[16];	  /* EXPLAIN */
	struct doc doc;	  /* of what is asked and planned */
	struct plan plan; /* PLAN_LOAD, PLAN_INSTALL */
	atomic_ullong entries;
	int err;
	struct diag why;
};

static void free_job(struct rulelist_job *j)
{
	free(j->file);
	free(j->runs);
	free(j->path);
	rulelist_set_done(&j->set);
	rulehits_done(&j->hits);
	doc_done(&j->doc);
	plan_done(&j->plan);
	free(j);
}

/* What is said of a file, and of this machine under its rules. */
static int check_candidate(struct rulelist_job *j, const struct probe *p,
			   const struct policyfile *file)
{
	int r = j->recorded ? 0 : policyfile_check(file, &j->set.rules.policy);

	return r < 0 ? r : policyhost_run(j->ask.root, p, &j->set.rules, &j->why);
}

static int candidate(struct rulelist_job *j, const struct probe *p)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct policyfile file = {0};
	int r = rulelist_ask_text(&j->ask, &text, &file);

	if (r >= 0)
		r = ruleset_with(j->ask.root, p, strbuf_span(&text), &j->set.rules,
				 &j->why);
	return r >= 0 && j->work == WORK_CHECK ? check_candidate(j, p, &file) : r;
}

static int in_force(struct rulelist_job *j, const struct probe *p)
{
	if (probe_is(p, PROBE_IMA, PROBE_NO))
		return diag_set(&j->why, DIAG_NO_IMA, ENOSYS,
				"IMA is not active on this machine.");
	return ruleset_in_force(j->ask.root, p, &j->set.rules, &j->why);
}

static int load(struct rulelist_job *j)
{
	_cleanup_(probe_freep) struct probe *p = NULL;
	int r = ruleset_kernel(j->ask.root, &j->set.keep, &j->set.kernel, &j->why);

	if (r >= 0)
		r = probe_run(j->ask.root, (struct span){0}, &p, &j->why);

	if (r >= 0)
		r = j->file ? candidate(j, p) : in_force(j, p);
	if (r >= 0 && j->work == WORK_CHECK)
		r = policylint_run(&j->set.rules, &j->why);
	j->set.checked = j->work == WORK_CHECK;
	return r < 0 ? r : rulelist_set_text(&j->set, j->ask.ascii);
}

/* Counting */

static void progress(void *user, uint64_t entries)
{
	atomic_store(&((struct rulelist_job *)user)->entries, entries);
}

static bool stop(void *user)
{
	return atomic_load(&((struct rulelist_job *)user)->job.cancelled);
}

static int count(struct rulelist_job *j)
{
	const struct rulehits_list list = {&j->dialect, j->runs, j->n_runs};
	const struct rulehits_watch watch = {progress, stop, j};

	return rulehits_run(&j->ask.of->rules, j->recorded ? NULL : j->ask.root, &list,
			    &watch, &j->hits, &j->why);
}

/* The list as far as it is known, which does not move. */
static int take_runs(struct rulelist_job *j, const struct mstore *store)
{
	uint32_t n;

	j->dialect = *mstore_dialect(store);
	for (mref at = 0; at < mstore_head(store); at += n) {
		struct span *more =
			reallocarray(j->runs, j->n_runs + 1, sizeof(*j->runs));

		if (!more)
			return -ENOMEM;
		j->runs = more;
		n = mstore_run(store, at, &j->runs[j->n_runs]);
		if (!n)
			break;
		j->n_runs++;
	}
	return 0;
}

static int explain(struct rulelist_job *j)
{
	return rulelist_ask_explain(&j->ask);
}

static int diff(struct rulelist_job *j)
{
	return rulelist_ask_diff(&j->ask);
}

static int test(struct rulelist_job *j)
{
	return rulelist_ask_test(&j->ask);
}

static void simulated(void *user, uint64_t uses, uint64_t of)
{
	progress(user, uses);
}

static int simulate(struct rulelist_job *j)
{
	const struct simulate_watch watch = {simulated, stop, j};

	return rulelist_simulate(&j->ask, &watch);
}

static int plan_load(struct rulelist_job *j)
{
	return rulelist_plan_load(&j->ask, &j->plan);
}

static int plan_install(struct rulelist_job *j)
{
	return rulelist_plan_install(&j->ask, &j->plan);
}

/* Jobs */

static const struct {
	int (*run)(struct rulelist_job *j);
	const char *words, *title;
	const char *command, *action; /* of a plan */
} works[] = {
	[WORK_LOAD] = {load, "reading the rules"},
	[WORK_CHECK] = {load, "checking the rules"},
	[WORK_HITS] = {count, "counting what each rule decides on"},
	[WORK_EXPLAIN] = {explain, "asking the rules", "Explain"},
	[WORK_DIFF] = {diff, "comparing with what is in force", "Differences"},
	[WORK_TEST] = {test, "asking the kernel", "Kernel test"},
	[WORK_SIMULATE] = {simulate, "trying the rules on the files in use",
			   "Simulation"},
	[WORK_PLAN_LOAD] = {plan_load, "asking the kernel, for a plan", "Load a policy",
			    "policy load", "Load"},
	[WORK_PLAN_INSTALL] = {plan_install, "asking the kernel, for a plan",
			       "Install a policy", "policy install", "Install"},
};

static void run(struct pool_job *job)
{
	struct rulelist_job *j = (struct rulelist_job *)job;

	j->err = works[j->work].run(j);
	if (j->err < 0 && j->why.id == DIAG_NONE)
		(void)diag_set(&j->why, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

static void take_failure(struct rulelist *l, const struct rulelist_job *j)
{
	if (j->work == WORK_HITS && j->err == -ECANCELED) {
		return; /* by somebody who has said what comes now */
	} else if (j->work == WORK_HITS) {
		l->count_stopped = true;
		app_note_diag(l->app, &j->why);
	} else if (j->err == -ECANCELED && j->work == WORK_SIMULATE) {
		app_note(l->app, STYLE_WARN, "Stopped before the end");
	} else if (j->work > WORK_HITS) {
		app_note_diag(l->app, &j->why);
	} else {
		struct rulelist_set none = {0};

		rulelist_take(l, &none);
		l->loaded = false;
		l->failed = j->why;
		if (l->next) /* it was about the rules that are not there */
			free_job(take_ptr(l->next));
	}
}

static void take_plan(struct rulelist *l, struct rulelist_job *j)
{
	planned_drop(&l->ready);
	l->ready.plan = j->plan;
	l->ready.doc = j->doc;
	j->plan = (struct plan){0};
	j->doc = (struct doc){0};
	l->ready.command = works[j->work].command;
	l->ready.title = works[j->work].title;
	l->ready.action = works[j->work].action;
	planned_ready(&l->ready, SCREEN_POLICY,
		      "The plan was made when nobody looked: ask again");
}

static void take(struct rulelist *l, struct rulelist_job *j)
{
	switch (j->work) {
	case WORK_LOAD:
	case WORK_CHECK:
		rulelist_take(l, &j->set);
		break;
	case WORK_HITS:
		rulehits_done(&l->hits);
		l->hits = j->hits;
		j->hits = (struct rulehits){0};
		l->counted = true;
		break;
	case WORK_PLAN_LOAD:
	case WORK_PLAN_INSTALL:
		take_plan(l, j);
		break;
	default:
		doc_done(&l->answer);
		l->answer = j->doc;
		j->doc = (struct doc){0};
		l->answer_title = works[j->work].title;
		rulelist_answered(l);
	}
}

static void finished(struct pool_job *job)
{
	struct rulelist_job *j = (struct rulelist_job *)job;
	struct rulelist *l = j->list;

	l->job = NULL;
	l->app->dirty = true;
	model_worked(&l->app->model);
	if (j->err < 0)
		take_failure(l, j);
	else if (!l->reload || j->work > WORK_HITS)
		take(l, j);
	free_job(j);
}

static struct rulelist_job *new_job(struct rulelist *l, enum work work)
{
	struct rulelist_job *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->job.run = run;
	j->job.done = finished;
	j->list = l;
	j->work = work;
	j->ask.ascii = l->app->ascii;
	j->ask.root = l->app->model.root;
	j->recorded = l->app->model.recorded || l->app->model.loose;
	j->ask.of = &l->set;
	j->ask.doc = &j->doc;
	j->ask.reterr = &j->why;
	j->ask.file = j->file = l->file ? strdup(l->file) : NULL;
	if (!l->file == !j->file)
		return j;
	free_job(j);
	return NULL;
}

static bool start(struct rulelist *l, struct rulelist_job *j)
{
	if (!j || l->job)
		return false;
	l->job = j;
	model_work(&l->app->model, &j->job);
	return true;
}

/* What somebody asked for waits until the rules are checked, and goes before counting, which
 * begins anew. Takes @j. */
static bool start_soon(struct rulelist *l, struct rulelist_job *j, struct diag *ret)
{
	if (start(l, j))
		return true;
	if (j && !l->next && !l->reload &&
	    (l->job->work == WORK_CHECK || l->job->work == WORK_HITS)) {
		l->next = j;
		if (l->job->work == WORK_HITS)
			pool_cancel(&l->job->job);
		return true;
	}
	if (j)
		free_job(j);
	(void)diag_set(ret, DIAG_BUSY, EBUSY, "Something else is on its way.");
	return false;
}

static bool list_is_read(const struct model *m)
{
	struct live_status live = {.caught_up = true};
	struct mstore_progress p;

	if (!m->store)
		return false;
	if (m->live)
		live_status(m->live, &live);
	mstore_progress(m->store, &p);
	return live.caught_up && p.state != MSTORE_LOADING && !p.tail;
}

/* What came since is so much that the numbers tell something else. */
static bool count_is_old(const struct rulelist *l)
{
	return mstore_head(l->app->model.store) > l->counted_to + l->counted_to / 4 + 100;
}

static void start_count(struct rulelist *l)
{
	struct rulelist_job *j = new_job(l, WORK_HITS);

	l->counted_to = mstore_head(l->app->model.store);
	if (j && take_runs(j, l->app->model.store) < 0) {
		free_job(j);
		j = NULL;
	}
	l->count_stopped = !start(l, j);
}

void rulelist_work(struct rulelist *l)
{
	if (l->job)
		return;
	if (l->next) {
		(void)start(l, take_ptr(l->next));
	} else if (l->reload || (!l->loaded && !l->failed.id)) {
		l->reload = false;
		(void)start(l, new_job(l, WORK_LOAD));
	} else if (l->loaded && !l->set.checked) {
		(void)start(l, new_job(l, WORK_CHECK));
	} else if (l->loaded && !l->count_stopped && list_is_read(&l->app->model) &&
		   (!l->counted || count_is_old(l))) {
		start_count(l);
	}
}

/* What one looks for in other rules is something else. */
static void forget_place(struct rulelist *l)
{
	l->find.filter[0] = '\0';
	l->left = 0;
	l->sel.rule = SIZE_MAX - 1;
	l->list.sel = l->list.top = 0;
}

void rulelist_load(struct rulelist *l, const char *file)
{
	char *copy = file ? strdup(file) : NULL;

	if (file && !copy) {
		app_note(l->app, STYLE_BAD, "Out of memory");
		return;
	}
	if (!file != !l->file || (file && strcmp(file, l->file) != 0))
		forget_place(l);
	free(l->file);
	l->file = copy;
	l->failed = (struct diag){0};
	l->counted = l->count_stopped = false;
	l->reload = true;
	if (l->job)
		pool_cancel(&l->job->job);
	rulelist_work(l);
}

bool rulelist_may_explain(const struct rulelist *l, struct diag *ret)
{
	if (l->app->model.recorded)
		(void)diag_set(ret, DIAG_LIVE_ONLY, EOPNOTSUPP,
			       "A recorded host has no files to ask about, only what "
			       "was recorded.");
	else if (!l->loaded)
		(void)diag_set(ret, DIAG_BUSY, EAGAIN, "There are no rules to ask.");
	else
		return true;
	return false;
}

bool rulelist_explain(struct rulelist *l, const char *path, const char *op, uint32_t uid,
		      struct diag *ret)
{
	struct model *m = &l->app->model;
	struct rulelist_job *j;
	char *below = NULL;

	if (!rulelist_may_explain(l, ret) ||
	    filework_path(&m->files, path, &below, ret) < 0)
		return false;
	j = new_job(l, WORK_EXPLAIN);
	if (!j) {
		free(below);
		return start_soon(l, NULL, ret);
	}
	j->ask.path = j->path = below;
	j->ask.uid = uid;
	(void)snprintf(j->op, sizeof(j->op), "%s", op);
	j->ask.op = j->op;
	return start_soon(l, j, ret);
}

bool rulelist_diff(struct rulelist *l, struct diag *ret)
{
	if (l->file && l->loaded)
		return start_soon(l, new_job(l, WORK_DIFF), ret);
	(void)diag_set(ret, DIAG_BUSY, EAGAIN,
		       "Open a policy file first: it is compared with what is in force.");
	return false;
}

bool rulelist_may_test(const struct rulelist *l, struct diag *ret)
{
	if (l->app->model.recorded)
		(void)diag_set(ret, DIAG_LIVE_ONLY, EOPNOTSUPP,
			       "A recorded host has no kernel that could be asked.");
	else if (geteuid() != 0)
		(void)diag_set(ret, DIAG_NEED_ROOT, EPERM,
			       "Only root may hand a policy to the kernel.");
	else if (l->app->config->readonly)
		(void)diag_set(ret, DIAG_READONLY, EROFS,
			       "The console was started with --readonly, and a test "
			       "leaves traces.");
	else
		return true;
	return false;
}

bool rulelist_test(struct rulelist *l, struct diag *ret)
{
	return rulelist_may_test(l, ret) && start_soon(l, new_job(l, WORK_TEST), ret);
}

bool rulelist_try(struct rulelist *l, struct diag *ret)
{
	return rulelist_may_explain(l, ret) &&
	       start_soon(l, new_job(l, WORK_SIMULATE), ret);
}

bool rulelist_may_change(const struct rulelist *l, struct strbuf *why)
{
	if (planned_may(l->app, "policies are loaded and installed", "policies", why) &&
	    !(l->file && l->loaded))
		strbuf_adds(why, "Open a policy file first: o asks which");
	return !why->len;
}

bool rulelist_plan(struct rulelist *l, bool boot, struct diag *ret)
{
	return start_soon(l, new_job(l, boot ? WORK_PLAN_INSTALL : WORK_PLAN_LOAD), ret);
}

bool rulelist_counting(const struct rulelist *l)
{
	return l->job && (l->job->work == WORK_HITS || l->job->work == WORK_SIMULATE);
}

void rulelist_stop(struct rulelist *l)
{
	l->count_stopped |= l->job && l->job->work == WORK_HITS;
	if (l->job)
		pool_cancel(&l->job->job);
}

void rulelist_end(struct rulelist *l)
{
	rulelist_stop(l);
	while (l->job)
		pool_drain(l->app->model.pool);
	if (l->next)
		free_job(l->next);
}

void rulelist_progress(const struct rulelist *l, struct strbuf *out)
{
	unsigned long long n;
	char buf[32];

	if (!l->job)
		return;
	strbuf_adds(out, works[l->job->work].words);
	n = atomic_load(&l->job->entries);
	if (n)
		strbuf_addf(out, ": %s %s", str_count(buf, sizeof(buf), n),
			    l->job->work == WORK_SIMULATE ? "files" : "entries");
}

/* Writing rules to a file */

size_t rulelist_own(const struct rulelist *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->set.rules.policy.n_rules; i++)
		n += l->set.rules.origins[i] == RULESET_CUSTOM;
	return n;
}

static void save_text(const struct rulelist *l, bool all, struct strbuf *out)
{
	const struct policy *p = &l->set.rules.policy;

	for (size_t i = 0; i < p->n_rules; i++) {
		if (all)
			strbuf_addf(out, "%4zu  %s\n", i + 1,
				    strbuf_str(&l->set.text) + l->set.at[i]);
		else if (l->set.rules.origins[i] == RULESET_CUSTOM) {
			policy_print(out, &p->rules[i]);
			strbuf_addc(out, '\n');
		}
	}
}

int rulelist_save(const struct rulelist *l, const char *path, bool all, bool overwrite,
		  struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	save_text(l, all, &b);
	if (b.failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	return (overwrite ? fs_replace_at : fs_create_at)(AT_FDCWD, path, strbuf_str(&b),
							  b.len, 0600, reterr);
}
