/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the Rollout screen does in the background: a look at all steps, and plans of one. The
 * plans are those of the commands. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/cleanup.h"
#include "core/policy/genback.h"
#include "core/rollout/bareroot.h"
#include "core/rollout/rolloutobserve.h"
#include "core/rollout/trialplan.h"
#include "tui/walk.h"

/* Everything is its own but the root. */
struct walk_job {
	struct pool_job job; /* first: the pool hands it back */
	struct walk *walk;
	struct walk_ask ask;
	struct walk_stage stage;
	char why[PROMPT_MAX];
	unsigned number; /* the candidate */
	const struct root *root;
	struct root own; /* of plans that look below what the gate bound */
	bool has_own;
	struct rollout *now;
	struct plan plan;
	struct strbuf said, release;
	int err;
	struct diag why_not;
};

struct name {
	const char *command, *title, *action;
};

static const struct name skips = {"rollout plan", "Skip a step", "Skip"},
			 takes = {"rollout plan", "Take a step after all", "Take"},
			 gives_up = {"rollout abort", "Give the trial up", "Give up"};

static const struct name names[_ROLLOUT_MAX] = {
	[ROLLOUT_POLICY] = {"rollout stage", "Stage a policy", "Stage"},
	[ROLLOUT_OBSERVE] = {"rollout observe", "Observe in log mode", "Observe"},
	[ROLLOUT_PREFLIGHT] = {"recovery rollback", "Put back the policy of before",
			       "Put back"},
	[ROLLOUT_ARM] = {"rollout arm", "Arm a trial boot", "Arm"},
	[ROLLOUT_CONFIRM] = {"rollout confirm", "Keep the policy", "Keep"},
};

static void free_job(struct walk_job *j)
{
	rollout_free(j->now);
	plan_done(&j->plan);
	strbuf_done(&j->said);
	strbuf_done(&j->release);
	if (j->has_own)
		root_done(&j->own);
	free(j);
}

static bool stop(void *user)
{
	return atomic_load(&((struct walk_job *)user)->job.cancelled);
}

static int look(struct walk_job *j)
{
	const struct rollout_ask ask = {.whole = j->ask.whole,
					.notes = !j->walk->app->config->readonly,
					.now = time(NULL),
					.stop = stop,
					.user = j};

	return rollout_load(j->root, &ask, &j->now, &j->why_not);
}

/* The disk is below what the gate bound for this boot: seen from a root of its own. */
static int bare(struct walk_job *j)
{
	int r = root_open_again(j->root, &j->own, &j->why_not);

	if (r < 0)
		return r;
	j->has_own = true;
	return bareroot_enter(&j->own, &j->why_not);
}

static int stage(struct walk_job *j)
{
	int r = bare(j);

	return r < 0 ? r
		     : walk_stage(&j->own, strbuf_str(&j->release), &j->stage, &j->plan,
				  &j->said, &j->why_not);
}

static int skip(struct walk_job *j)
{
	int r = plan_init(&j->plan,
			  *j->why ? "skip a step of the rollout"
				  : "take a step of the rollout after all",
			  &j->why_not);

	return r < 0 ? r
		     : rolloutmemo_skip(&j->plan, j->root, j->number, j->ask.step, j->why,
					&j->why_not);
}

static int observe(struct walk_job *j)
{
	const struct tui_config *config = j->walk->app->config;
	const struct rolloutobserve what = {.root = j->root,
					    .release = strbuf_str(&j->release),
					    .number = j->number,
					    .seconds = config->observe_s,
					    .boots = ROLLOUTMEMO_BOOTS};
	struct genback_said said;

	strbuf_addf(&j->said,
		    "Nothing is denied in log mode; what would be is recorded. It "
		    "is wanted for %llu min and one boot.\n",
		    (unsigned long long)what.seconds / 60);
	return rolloutobserve_plan(&what, &j->plan, &said, &j->why_not);
}

/* Without a boot loader that starts an entry once, the disk has what every start loads. */
static int go_back(struct walk_job *j)
{
	const struct genback what = {.root = j->root, .release = strbuf_str(&j->release)};
	struct genback_said said;
	int r = genback_plan(&what, &j->plan, &said, &j->why_not);

	if (r >= 0)
		strbuf_addf(&j->said,
			    "Generation %u%s is what a trial that fails comes back to. "
			    "The candidate is generation %u, and stays it.\n",
			    said.number, said.no_policy ? ", which has no policy," : "",
			    j->number);
	return r;
}

static int arm(struct walk_job *j)
{
	struct trialready_ask ask = {.in_place = false};
	struct trialready ready;
	struct trialplan_arm in = {.ready = &ready};
	struct trialplan_armed said = {0};
	int r = trialready_look(j->root, strbuf_str(&j->release), &ask, &ready,
				&j->why_not);

	ask.in_place = r == 0 && *ready.loader.no_once;
	if (ask.in_place)
		r = trialready_look(j->root, strbuf_str(&j->release), &ask, &ready,
				    &j->why_not);
	if (r == 0)
		r = trialplan_arm(j->root, &in, &j->plan, &said, &j->why_not);
	if (r >= 0)
		strbuf_addf(&j->said,
			    "%s generation %u is tried%s, for %u min unless it is kept "
			    "before.\nNot covered by going back: what services write in "
			    "that boot.\n",
			    said.in_place ? "In place, the riskier way: in the next boot"
					  : "In the next boot, by an entry of its own,",
			    said.number,
			    said.mode < _BOOTMODE_MAX ? "" : " in the mode of now",
			    said.deadline / 60);
	trialplan_armed_done(&said);
	return r;
}

static int give_up(struct walk_job *j)
{
	bool running;
	int r = bare(j);

	return r < 0 ? r : trialplan_abort(&j->own, &j->plan, &running, &j->why_not);
}

static int confirm(struct walk_job *j)
{
	struct trialplan_confirmed said = {0};
	int r = bare(j);

	if (r >= 0)
		r = trialplan_confirm(&j->own, strbuf_str(&j->release), &j->plan, &said,
				      &j->why_not);
	if (r >= 0)
		r = trialplan_hold(&j->own, &j->why_not);
	if (r >= 0 && said.by_hand)
		strbuf_addf(&j->said,
			    "The kernel's words are to be changed by hand (%s):\n%s",
			    strbuf_str(&said.hand_why), strbuf_str(&said.hand));
	trialplan_confirmed_done(&said);
	return r;
}

static void run(struct pool_job *job)
{
	struct walk_job *j = (struct walk_job *)job;

	(void)root_read_line(j->root, ROOT_OSRELEASE, &j->release, NULL);
	if (j->ask.step == _ROLLOUT_MAX)
		j->err = look(j);
	else if (j->ask.why)
		j->err = skip(j);
	else if (j->ask.step == ROLLOUT_POLICY)
		j->err = stage(j);
	else if (j->ask.step == ROLLOUT_OBSERVE)
		j->err = observe(j);
	else if (j->ask.step == ROLLOUT_PREFLIGHT)
		j->err = go_back(j);
	else if (j->ask.step == ROLLOUT_CONFIRM)
		j->err = confirm(j);
	else
		j->err = j->ask.gives_up ? give_up(j) : arm(j);
}

static void take_look(struct walk *w, struct walk_job *j)
{
	rollout_free(w->now);
	w->now = take_ptr(j->now);
	w->failed = (struct diag){0};
	model_rollout(&w->app->model, w->now);
	if (!w->moved && w->now->next < _ROLLOUT_MAX)
		w->list.sel = w->now->next;
}

static const struct name *name_of(const struct walk_job *j)
{
	if (j->ask.why)
		return *j->why ? &skips : &takes;
	return j->ask.gives_up ? &gives_up : &names[j->ask.step];
}

static void take_plan(struct walk *w, struct walk_job *j)
{
	const struct name *name = name_of(j);

	planned_drop(&w->ready);
	if (w->has_own)
		root_done(&w->own);
	w->own = j->own;
	w->has_own = j->has_own;
	j->has_own = false;
	w->ready.root = w->has_own ? &w->own : NULL;
	w->confirms = j->ask.step == ROLLOUT_CONFIRM;
	w->ready.plan = j->plan;
	j->plan = (struct plan){0};
	w->ready.command = name->command;
	w->ready.title = name->title;
	w->ready.action = name->action;
	doc_lines(&w->ready.doc, STYLE_NORMAL, &j->said);
	planned_ready(&w->ready, SCREEN_ROLLOUT, "The plan was made; a makes it again");
}

static void finished(struct pool_job *job)
{
	struct walk_job *j = (struct walk_job *)job;
	struct walk *w = j->walk;

	w->job = NULL;
	w->app->dirty = true;
	model_worked(&w->app->model);
	if (j->err == -ECANCELED)
		app_note(w->app, STYLE_WARN, "It was stopped");
	else if (j->err < 0 && j->ask.step == _ROLLOUT_MAX)
		w->failed = j->why_not;
	else if (j->err < 0)
		app_note_diag(w->app, &j->why_not);
	else if (j->ask.step == _ROLLOUT_MAX)
		take_look(w, j);
	else
		take_plan(w, j);
	free_job(j);
}

bool walk_start(struct walk *w, const struct walk_ask *ask)
{
	struct walk_job *j = w->job ? NULL : calloc(1, sizeof(*j));

	if (!j)
		return false;
	j->job.run = run;
	j->job.done = finished;
	j->walk = w;
	j->ask = *ask;
	j->stage = w->stage;
	(void)snprintf(j->why, sizeof(j->why), "%s", ask->why ? ask->why : "");
	j->number = w->now ? w->now->number : 0;
	j->root = w->app->model.root;
	w->job = j;
	model_work(&w->app->model, &j->job);
	return true;
}

bool walk_is_busy(const struct walk *w)
{
	return w->job;
}

void walk_stop(struct walk *w)
{
	if (w->job)
		pool_cancel(&w->job->job);
}

void walk_done(struct walk *w)
{
	walk_stop(w);
	while (w->job)
		pool_drain(w->app->model.pool);
	rollout_free(w->now);
	planned_drop(&w->ready);
	if (w->has_own)
		root_done(&w->own);
	doc_done(&w->detail);
	prompt_history_done(&w->files);
	prompt_history_done(&w->keys);
	prompt_history_done(&w->certs);
	prompt_history_done(&w->reasons);
}

enum rollout_id walk_selected(const struct walk *w)
{
	return (enum rollout_id)(w->list.sel < _ROLLOUT_MAX ? w->list.sel : 0);
}
