/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/change-internal.h"
#include "core/base/cleanup.h"
#include "core/base/lock.h"

#define BATCH	    64
#define BATCH_BYTES (8u << 20)
#define BATCH_TIME  1 /* s */

static const char *const outcome_names[_CHANGE_OUTCOME_MAX] = {
	[CHANGE_NOTHING] = "nothing",
	[CHANGE_DONE] = "done",
	[CHANGE_ROLLED_BACK] = "rolled-back",
	[CHANGE_UNDONE] = "undone",
	[CHANGE_PARTLY] = "partly",
	[CHANGE_STOPPED] = "stopped",
	[CHANGE_STUCK] = "stuck",
};

const char *change_outcome_name(enum change_outcome outcome)
{
	return (unsigned)outcome < _CHANGE_OUTCOME_MAX ? outcome_names[outcome]
						       : "unknown";
}

/* Steps of a bulk plan write no temporary files. */
struct action_env change_env(struct change_run *run, size_t step)
{
	bool bulk = run->plan->steps[step].action->flags & ACTION_BULK;

	if (!bulk)
		(void)snprintf(run->tmp, sizeof(run->tmp), ".imactl-%u-%zu.new",
			       run->journal->id, step);
	return (struct action_env){
		.root = run->ctx->root,
		.tmp = bulk ? NULL : run->tmp,
		.folder = &run->folder,
		.data = run->ctx->data,
	};
}

void change_tell(struct change_run *run, enum change_event event, size_t step, bool back,
		 int err, const struct diag *why)
{
	struct change_progress p = {
		.event = event,
		.id = run->journal->id,
		.plan = run->plan,
		.step = step,
		.finished = run->result.taken + run->result.kept + run->result.failed +
			    run->result.conflicts,
		.back = back,
		.err = err < 0 ? -err : err,
		.why = err ? why : NULL,
	};

	if (run->ctx->progress)
		run->ctx->progress(run->ctx->user, &p);
	if (run->ctx->audit && event != CHANGE_STEP)
		run->ctx->audit(run->ctx->user, &p);
}

void change_keep_first(struct change_run *run, const struct diag *why)
{
	if (run->result.failure.id == DIAG_NONE)
		run->result.failure = *why;
}

void change_run_done(struct change_run *run)
{
	change_sync_close(run);
	fspath_folder_done(&run->folder);
	for (size_t i = 0; run->wanted && i < run->batch; i++)
		strbuf_done(&run->wanted[i]);
	free(take_ptr(run->wanted));
	free(take_ptr(run->seen));
}

int change_look(struct change_run *run, size_t i, struct strbuf *now, struct diag *reterr)
{
	struct action_env env = change_env(run, i);
	const struct plan_step *s = &run->plan->steps[i];
	int r = s->action->ops->probe(&env, s, now, reterr);

	if (r == 0 && now->failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	return r;
}

int change_conflict(const struct change_run *run, size_t i, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf path = {0};
	const struct plan_step *s = &run->plan->steps[i];

	plan_step_path(&path, s, s->path, true);
	return diag_set(reterr, DIAG_UNDO_CONFLICT, ESTALE,
			"%s is neither as it was before step %zu nor as that left it.",
			strbuf_str(&path), i + 1);
}

int change_put(struct change_run *run, size_t i, struct span state,
	       uint8_t ret[PLAN_HASH_SIZE], struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf now = {0}, path = {0};
	const struct plan_step *s = &run->plan->steps[i];
	struct action_env env = change_env(run, i);
	int r = s->action->ops->apply(&env, s, state, reterr);

	if (r == 0)
		r = change_look(run, i, &now, reterr);
	if (r < 0)
		return r;
	change_sync_later(run, s);
	if (!action_same(s->action, strbuf_span(&now), state)) {
		plan_step_path(&path, s, s->path, true);
		return diag_set(reterr, DIAG_NOT_TAKEN, EIO,
				"%s does not show what was written to it.",
				strbuf_str(&path));
	}
	action_fingerprint(s->action, strbuf_span(&now), ret);
	return 0;
}

/* Forward */

/* Announces what will be resolved soon. */
static void announce(struct change_run *run, size_t i)
{
	size_t upto = i + run->ctx->ahead;

	if (run->announced < i)
		run->announced = i;
	for (; run->announced < upto && run->announced < run->plan->n; run->announced++) {
		const struct plan_step *s = &run->plan->steps[run->announced];
		const struct journal_step *js = &run->journal->steps[run->announced];
		struct action_env env = change_env(run, run->announced);

		if (s->action->ops->ahead && !js->intent && !js->done)
			s->action->ops->ahead(&env, s);
	}
}

/* The world was as wanted when the step's turn came: nothing to take, nor to take back. */
static void keep(struct change_run *run, size_t i, struct span now)
{
	uint8_t actual[PLAN_HASH_SIZE];

	action_fingerprint(run->plan->steps[i].action, now, actual);
	journal_note_done(run->journal, i, actual);
	run->journal->steps[i].done = true;
	run->result.kept++;
	change_tell(run, CHANGE_STEP, i, false, 0, NULL);
}

static int resolve(struct change_run *run, size_t i, struct span now, struct diag *reterr)
{
	const struct plan_step *s = &run->plan->steps[i];
	struct strbuf *wanted = &run->wanted[i - run->first];
	struct action_env env = change_env(run, i);
	int r;

	strbuf_clear(wanted);
	r = s->action->ops->resolve(&env, s, now, wanted, reterr);
	if (r == 0 && wanted->failed)
		r = diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	if (r < 0)
		return r;
	if (action_same(s->action, now, strbuf_span(wanted))) {
		keep(run, i, now);
		return 0;
	}
	journal_intent(run->journal, i, now);
	journal_wanted(run->journal, i, strbuf_span(wanted));
	run->journal->steps[i].intent = true;
	return 0;
}

/* Records what a step will find. Whether that still fits the plan is its action's to say
 * where that resolves the step. */
static int plan_one(struct change_run *run, size_t i, struct diag *reterr)
{
	const struct plan_step *s = &run->plan->steps[i];
	_cleanup_strbuf_ struct strbuf now = {0};
	struct action_env env = change_env(run, i);
	int r = s->action->ops->resolve ? change_look(run, i, &now, reterr)
					: plan_check_step(s, &env, &now, reterr);

	if (r < 0)
		return r;
	if (s->action->ops->resolve)
		return resolve(run, i, strbuf_span(&now), reterr);
	journal_intent(run->journal, i, strbuf_span(&now));
	run->journal->steps[i].intent = true;
	return 0;
}

static void give_up(struct change_run *run, size_t i, int err, const struct diag *why)
{
	change_count_failure(run, i, err, why);
	change_tell(run, CHANGE_STEP, i, false, err, why);
}

static bool stopped(struct change_run *run)
{
	run->stop = run->stop || (run->ctx->stop && run->ctx->stop(run->ctx->user));
	return run->stop;
}

/* Does the batch end before step @i? */
static bool batch_ends(struct change_run *run, size_t i, time_t since)
{
	const struct plan_step *s = &run->plan->steps[i];
	struct timespec now;

	if (s->follows > run->first || run->journal->pending.len > BATCH_BYTES)
		return true;
	if (i == run->first || !s->action->ops->resolve)
		return false;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > since + BATCH_TIME || stopped(run);
}

/* Records what the steps of a batch will find: those from run->first on that no step of
 * the same batch prepares. *ret: the first step that is not in it. */
static int plan_batch(struct change_run *run, size_t *ret, struct diag *reterr)
{
	struct timespec since;
	size_t i = run->first;
	int r;

	(void)clock_gettime(CLOCK_MONOTONIC, &since);
	for (; i < run->plan->n && i - run->first < run->batch; i++) {
		struct journal_step *js = &run->journal->steps[i];
		struct diag why = {0};

		if (batch_ends(run, i, since.tv_sec))
			break;
		announce(run, i);
		if (js->done && !js->intent)
			run->result.kept++;
		if (js->done || js->intent)
			continue;
		r = plan_one(run, i, &why);
		if (r == -ECANCELED) {
			run->stop = true;
			break;
		}
		if (r < 0 && run->ctx->keep_going) {
			give_up(run, i, r, &why);
		} else if (r < 0) {
			if (i > run->first)
				break; /* it is looked at again when its turn comes */
			give_up(run, i, r, &why);
			return r;
		}
	}
	*ret = i;
	return 0;
}

static struct span wanted(const struct change_run *run, size_t i)
{
	const struct plan_step *s = &run->plan->steps[i];

	return s->action->ops->resolve ? strbuf_span(&run->wanted[i - run->first])
				       : s->after;
}

static int take(struct change_run *run, size_t i, struct diag *reterr)
{
	struct journal_step *js = &run->journal->steps[i];
	uint8_t actual[PLAN_HASH_SIZE];
	int r;

	if (run->seen && run->seen[i] == CHANGE_SEEN_OTHER)
		return change_conflict(run, i, reterr);
	if (run->seen &&
	    (run->seen[i] == CHANGE_SEEN_TAKEN || run->seen[i] == CHANGE_SEEN_BURIED)) {
		change_sync_later(run, &run->plan->steps[i]);
		return 0;
	}
	r = change_put(run, i, wanted(run, i), actual, reterr);
	if (r < 0)
		return r;
	journal_note_done(run->journal, i, actual);
	memcpy(js->actual, actual, sizeof(actual));
	js->done = true;
	return 0;
}

/* What somebody else has changed is no failure where the others go on. */
void change_count_failure(struct change_run *run, size_t i, int err,
			  const struct diag *why)
{
	if (err == -ESTALE && run->ctx->keep_going)
		run->result.conflicts++;
	else
		run->result.failed++;
	change_keep_first(run, why);
	journal_note_failed(run->journal, i, err);
	run->journal->steps[i].failed = err < 0 ? -err : err;
}

static void begin_batch(struct change_run *run, size_t to)
{
	for (size_t i = run->first; i < to; i++) {
		const struct plan_step *s = &run->plan->steps[i];
		struct action_env env = change_env(run, i);
		bool seen = run->seen && run->seen[i] != CHANGE_SEEN_NOTHING &&
			    run->seen[i] != CHANGE_SEEN_NOT_TAKEN;

		if (s->action->ops->begin && run->journal->steps[i].intent && !seen)
			s->action->ops->begin(&env, s, wanted(run, i));
	}
}

/* Takes the steps of one batch whose intents are on disk. */
static int take_batch(struct change_run *run, size_t to)
{
	struct diag why;
	int r;

	begin_batch(run, to);
	for (size_t i = run->first; i < to; i++) {
		if (!run->journal->steps[i].intent)
			continue; /* kept, or given up already */
		why = (struct diag){0};
		r = take(run, i, &why);
		if (r == 0) {
			run->result.taken++;
			change_tell(run, CHANGE_STEP, i, false, 0, NULL);
			continue;
		}
		give_up(run, i, r, &why);
		if (!run->ctx->keep_going)
			return r;
	}
	return 0;
}

/* 0 to the end, 1 stopped, -errno when a step failed (counted) or the journal did. */
static int forward(struct change_run *run)
{
	struct diag why = {0};
	size_t next;
	int r;

	run->batch = run->ctx->batch ? run->ctx->batch : BATCH;
	run->wanted = calloc(run->batch, sizeof(*run->wanted));
	if (!run->wanted) {
		(void)diag_set(&why, DIAG_MEMORY, ENOMEM, "Out of memory.");
		change_keep_first(run, &why);
		return -ENOMEM;
	}
	for (run->first = 0; run->first < run->plan->n; run->first = next) {
		if (stopped(run))
			return 1;
		fspath_folder_done(&run->folder); /* names may mean other folders now */
		r = plan_batch(run, &next, &why);
		if (r < 0)
			return r;
		r = journal_sync(run->journal, &why);
		if (r < 0) {
			change_keep_first(run, &why);
			return r;
		}
		r = take_batch(run, next);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Nothing said about the change is better than a lie: the caller hears of the first
 * failure, and that the change is still there. */
static void stuck(struct change_run *run, struct diag *why)
{
	change_keep_first(run, why);
	run->result.outcome = CHANGE_STUCK;
}

/* The journal could not be written on: what is done stays where steps may fail each for
 * itself, and the change can be gone on with; else all is taken back. */
static void broke_off(struct change_run *run)
{
	struct diag why = {0};

	if (run->ctx->keep_going)
		run->result.outcome = CHANGE_STOPPED;
	else if (change_roll_back(run, &why) < 0)
		stuck(run, &why);
}

static void run_forward(struct change_run *run)
{
	struct change_result *res = &run->result;
	struct diag why = {0};
	bool partly;
	int r;

	change_tell(run, CHANGE_BEGIN, 0, false, 0, NULL);
	r = forward(run);
	partly = res->failed || res->conflicts;
	if (r == 1) {
		res->outcome = CHANGE_STOPPED;
		if (change_finish(run, JOURNAL_OPEN, &why) < 0)
			stuck(run, &why);
	} else if (r == 0) {
		res->outcome = partly ? CHANGE_PARTLY : CHANGE_DONE;
		r = change_finish(run, partly ? JOURNAL_PARTLY : JOURNAL_DONE, &why);
		if (r < 0)
			change_keep_first(run, &why);
	}
	if (r < 0)
		broke_off(run);
	change_tell(run, CHANGE_END, 0, r < 0 && !run->ctx->keep_going, r, &res->failure);
}

int change_find_open(const struct root *root, enum root_place place, unsigned *ret,
		     struct diag *reterr)
{
	_cleanup_free_ struct journal_entry *list = NULL;
	int n = journal_list(root, place, &list, reterr);

	if (n < 0)
		return n;
	*ret = 0;
	for (int i = 0; i < n && !*ret; i++)
		if (list[i].state == JOURNAL_OPEN || list[i].state == JOURNAL_BACK)
			*ret = list[i].id;
	return 0;
}

static int none_open(const struct change_ctx *ctx, struct diag *reterr)
{
	unsigned open;
	int r = change_find_open(ctx->root, ctx->place, &open, reterr);

	if (r == 0 && open)
		return diag_set(
			reterr, DIAG_CHANGE_OPEN, EBUSY,
			"Change %u was interrupted and is neither finished nor taken back.",
			open);
	return r;
}

static int run_locked(const struct change_ctx *ctx, const struct plan *plan,
		      struct change_result *ret, struct diag *reterr)
{
	struct change_run run = {.ctx = ctx, .plan = plan};
	struct journal journal;
	int r = none_open(ctx, reterr);

	if (r == 0 && !ctx->keep_going)
		r = plan_check(plan, ctx->root, reterr);
	if (r == 0)
		r = journal_create(&journal, ctx->root, ctx->place, plan, ctx->command,
				   reterr);
	if (r < 0)
		return r;
	run.journal = &journal;
	run.result.id = journal.id;
	run.result.steps = plan->n;
	run.result.final = plan_final(plan);
	run_forward(&run);
	change_run_done(&run);
	*ret = run.result;
	journal_done(&journal);
	return 0;
}

int change_run(const struct change_ctx *ctx, const struct plan *plan,
	       const uint8_t confirmed[PLAN_HASH_SIZE], struct change_result *ret,
	       struct diag *reterr)
{
	uint8_t hash[PLAN_HASH_SIZE];
	int lock, r;

	plan_hash(plan, hash);
	if (!confirmed || memcmp(hash, confirmed, sizeof(hash)) != 0)
		return diag_set(reterr, DIAG_NOT_CONFIRMED, ECANCELED,
				"This is not the plan that was confirmed.");
	if (plan->n == 0) {
		*ret = (struct change_result){.outcome = CHANGE_NOTHING};
		return 0;
	}
	lock = lock_take(ctx->root, ctx->place, ctx->command, reterr);
	if (lock < 0)
		return lock;
	r = run_locked(ctx, plan, ret, reterr);
	lock_drop(lock);
	return r;
}

/* Goes on from wherever the world is. What was taken stays; the rest is taken anew, with
 * an intent of its own: what it finds need not be what it found the first time. */
static int resume_forward(struct change_run *run, struct diag *reterr)
{
	int r = change_survey(run, reterr);

	if (r == 0)
		r = journal_set_state(run->journal, JOURNAL_OPEN, reterr);
	if (r < 0)
		return r;
	for (size_t i = 0; i < run->plan->n; i++)
		if (run->seen[i] == CHANGE_SEEN_NOT_TAKEN) {
			run->journal->steps[i].intent = false;
			run->journal->steps[i].done = false;
		}
	run_forward(run);
	return 0;
}

static int resume_locked(const struct change_ctx *ctx, unsigned id, bool back, bool force,
			 struct change_result *ret, struct diag *reterr)
{
	struct change_run run = {.ctx = ctx};
	struct journal journal;
	int r = journal_load(&journal, ctx->root, ctx->place, id, ctx->actions, reterr);

	if (r < 0)
		return r;
	run.journal = &journal;
	run.plan = &journal.plan;
	run.result = (struct change_result){.id = id,
					    .steps = journal.plan.n,
					    .final = plan_final(&journal.plan)};
	if (journal.state == (back ? JOURNAL_UNDONE : JOURNAL_DONE))
		run.result.outcome = CHANGE_NOTHING;
	else if (back) {
		change_tell(&run, CHANGE_BEGIN, 0, true, 0, NULL);
		r = change_backward(&run, force, reterr);
		change_tell(&run, CHANGE_END, 0, true, r < 0 ? r : run.result.failure.err,
			    &run.result.failure);
	} else if (journal.state == JOURNAL_OPEN || journal.state == JOURNAL_BACK)
		r = resume_forward(&run, reterr);
	else
		r = diag_set(reterr, DIAG_NO_CHANGE, EINVAL,
			     "Change %u has ended (%s) and cannot be resumed.", id,
			     journal_state_name(journal.state));
	if (r == 0)
		*ret = run.result;
	change_run_done(&run);
	journal_done(&journal);
	return r;
}

static int resume(const struct change_ctx *ctx, unsigned id, bool back, bool force,
		  struct change_result *ret, struct diag *reterr)
{
	int lock = lock_take(ctx->root, ctx->place, ctx->command, reterr), r;

	if (lock < 0)
		return lock;
	r = resume_locked(ctx, id, back, force, ret, reterr);
	lock_drop(lock);
	return r;
}

int change_resume(const struct change_ctx *ctx, unsigned id, struct change_result *ret,
		  struct diag *reterr)
{
	return resume(ctx, id, false, false, ret, reterr);
}

int change_undo(const struct change_ctx *ctx, unsigned id, bool force,
		struct change_result *ret, struct diag *reterr)
{
	return resume(ctx, id, true, force, ret, reterr);
}
