/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/change.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/base/lock.h"
#include "core/base/overlap.h"
#include "core/base/pack.h"

#define BATCH	    64
#define BATCH_BYTES (8u << 20)
#define SYNC_MAX    16

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

/* What the world says about a step of an interrupted change. */
enum seen {
	SEEN_NOTHING, /* not begun */
	SEEN_TAKEN,
	SEEN_BURIED,	/* taken, and a later step that was taken built upon it */
	SEEN_NOT_TAKEN, /* or taken back */
	SEEN_OTHER,	/* somebody else was here */
};

struct run {
	const struct change_ctx *ctx;
	const struct plan *plan;
	struct journal *journal;
	enum seen *seen; /* plan->n of them when resuming, else NULL; owned */
	struct change_result result;
	char tmp[48];
	/* File systems that hold steps which are not on disk yet. */
	struct {
		dev_t dev;
		int fd;
	} sync[SYNC_MAX];
	size_t sync_n;
	bool sync_all; /* more file systems than fit */
};

static struct action_env env_of(struct run *run, size_t step)
{
	(void)snprintf(run->tmp, sizeof(run->tmp), ".imactl-%u-%zu.new", run->journal->id,
		       step);
	return (struct action_env){.root = run->ctx->root, .tmp = run->tmp};
}

static void tell(struct run *run, enum change_event event, size_t step, bool back,
		 int err)
{
	struct change_progress p = {
		.event = event,
		.id = run->journal->id,
		.plan = run->plan,
		.step = step,
		.finished =
			run->result.taken + run->result.failed + run->result.conflicts,
		.back = back,
		.err = err < 0 ? -err : err,
	};

	if (run->ctx->progress)
		run->ctx->progress(run->ctx->user, &p);
	if (run->ctx->audit && event != CHANGE_STEP)
		run->ctx->audit(run->ctx->user, &p);
}

static void keep_first(struct run *run, const struct diag *why)
{
	if (run->result.failure.id == DIAG_NONE)
		run->result.failure = *why;
}

/* Remembers the file system of a step whose effect is synced at the end. */
static void sync_later(struct run *run, const struct plan_step *step)
{
	char leaf[FSPATH_LEAF_MAX];
	_cleanup_close_ int at =
		fspath_parent(run->ctx->root->dir[step->place], step->path, leaf);
	struct stat st;

	if (!(step->action->flags & ACTION_SYNC_LATER) || run->sync_all)
		return;
	if (at < 0 || fstat(at, &st) < 0) {
		run->sync_all = true;
		return;
	}
	for (size_t i = 0; i < run->sync_n; i++)
		if (run->sync[i].dev == st.st_dev)
			return;
	if (run->sync_n == SYNC_MAX) {
		run->sync_all = true;
		return;
	}
	run->sync[run->sync_n].dev = st.st_dev;
	run->sync[run->sync_n].fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	run->sync_all = run->sync[run->sync_n].fd < 0;
	run->sync_n++;
}

static void sync_close(struct run *run)
{
	for (size_t i = 0; i < run->sync_n; i++)
		cleanup_closep(&run->sync[i].fd);
	run->sync_n = 0;
}

static void run_done(struct run *run)
{
	sync_close(run);
	free(run->seen);
	run->seen = NULL;
}

static int sync_now(struct run *run, struct diag *reterr)
{
	int r = 0;

	for (size_t i = 0; i < run->sync_n; i++)
		if (run->sync[i].fd >= 0 && syncfs(run->sync[i].fd) < 0)
			r = -errno;
	if (run->sync_all)
		sync();
	sync_close(run);
	return r < 0 ? diag_set(reterr, DIAG_WRITE, r,
				"Cannot bring the change to disk: %s.", diag_errno(r))
		     : 0;
}

static int look(struct run *run, size_t i, struct strbuf *now, struct diag *reterr)
{
	struct action_env env = env_of(run, i);
	const struct plan_step *s = &run->plan->steps[i];
	int r = s->action->ops->probe(&env, s, now, reterr);

	if (r == 0 && now->failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	return r;
}

/* Is @now what the step left? */
static bool is_after(const struct run *run, size_t i, struct span now)
{
	const struct journal_step *js = &run->journal->steps[i];
	const struct plan_step *s = &run->plan->steps[i];
	uint8_t found[PLAN_HASH_SIZE];

	if (!js->done)
		return action_same(s->action, now, s->after);
	action_fingerprint(s->action, now, found);
	return memcmp(found, js->actual, sizeof(found)) == 0;
}

static bool is_before(const struct run *run, size_t i, struct span now)
{
	return action_same(run->plan->steps[i].action, now,
			   run->journal->steps[i].before);
}

static int conflict(const struct run *run, size_t i, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf path = {0};
	const struct plan_step *s = &run->plan->steps[i];

	plan_step_path(&path, s, s->path, true);
	return diag_set(reterr, DIAG_UNDO_CONFLICT, ESTALE,
			"%s is neither as it was before step %zu nor as that left it.",
			strbuf_str(&path), i + 1);
}

/* Brings a state about and looks whether it is there. @ret: the fingerprint of what is.
 */
static int put(struct run *run, size_t i, struct span state, uint8_t ret[PLAN_HASH_SIZE],
	       struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf now = {0}, path = {0};
	const struct plan_step *s = &run->plan->steps[i];
	struct action_env env = env_of(run, i);
	int r = s->action->ops->apply(&env, s, state, reterr);

	if (r == 0)
		r = look(run, i, &now, reterr);
	if (r < 0)
		return r;
	sync_later(run, s);
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

/* Records what the steps of a batch will find: those from @i on that no step of the same
 * batch prepares. *ret: the first step that is not in it. */
static int plan_batch(struct run *run, size_t i, size_t *ret, struct diag *reterr)
{
	size_t most = run->ctx->batch ? run->ctx->batch : BATCH, first = i;
	struct journal *j = run->journal;
	int r;

	for (; i < run->plan->n && i - first < most; i++) {
		const struct plan_step *s = &run->plan->steps[i];
		_cleanup_strbuf_ struct strbuf now = {0};
		struct action_env env = env_of(run, i);

		if (s->follows > first || j->pending.len > BATCH_BYTES)
			break;
		if (j->steps[i].intent)
			continue;
		r = plan_check_step(s, &env, &now, reterr);
		if (r < 0 && i > first)
			break; /* it is looked at again when its turn comes */
		if (r < 0) {
			*ret = i + 1;
			return r;
		}
		journal_intent(j, i, strbuf_span(&now));
		j->steps[i].intent = true;
	}
	*ret = i;
	return 0;
}

static int take(struct run *run, size_t i, struct diag *reterr)
{
	struct journal_step *js = &run->journal->steps[i];
	uint8_t actual[PLAN_HASH_SIZE];
	int r;

	if (run->seen && run->seen[i] == SEEN_OTHER)
		return conflict(run, i, reterr);
	if (run->seen && (run->seen[i] == SEEN_TAKEN || run->seen[i] == SEEN_BURIED)) {
		sync_later(run, &run->plan->steps[i]);
		return 0;
	}
	r = put(run, i, run->plan->steps[i].after, actual, reterr);
	if (r < 0)
		return r;
	journal_note_done(run->journal, i, actual);
	memcpy(js->actual, actual, sizeof(actual));
	js->done = true;
	return 0;
}

static void count_failure(struct run *run, size_t i, int err, const struct diag *why)
{
	run->result.failed++;
	keep_first(run, why);
	journal_note_failed(run->journal, i, err);
	run->journal->steps[i].failed = err < 0 ? -err : err;
}

/* Takes the steps of one batch whose intents are on disk. */
static int take_batch(struct run *run, size_t from, size_t to)
{
	struct diag why;
	int r;

	for (size_t i = from; i < to; i++) {
		why = (struct diag){0};
		r = take(run, i, &why);
		if (r == 0)
			run->result.taken++;
		else
			count_failure(run, i, r, &why);
		tell(run, CHANGE_STEP, i, false, r);
		if (r < 0 && !run->ctx->keep_going)
			return r;
	}
	return 0;
}

/* 0 to the end, 1 stopped, -errno when a step failed (counted) or the journal did. */
static int forward(struct run *run)
{
	struct diag why = {0};
	size_t next;
	int r;

	for (size_t i = 0; i < run->plan->n; i = next) {
		if (run->ctx->stop && run->ctx->stop(run->ctx->user))
			return 1;
		r = plan_batch(run, i, &next, &why);
		if (r < 0) {
			count_failure(run, i, r, &why);
			tell(run, CHANGE_STEP, i, false, r);
			if (!run->ctx->keep_going)
				return r;
			continue;
		}
		r = journal_sync(run->journal, &why);
		if (r < 0) {
			keep_first(run, &why);
			return r;
		}
		r = take_batch(run, i, next);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Surveying an interrupted change */

static void sweep_all(struct run *run)
{
	for (size_t i = 0; i < run->plan->n; i++) {
		const struct plan_step *s = &run->plan->steps[i];
		struct action_env env = env_of(run, i);

		if (run->journal->steps[i].intent && s->action->ops->sweep)
			s->action->ops->sweep(&env, s);
	}
}

static enum seen see(struct run *run, size_t i)
{
	_cleanup_strbuf_ struct strbuf now = {0};

	if (look(run, i, &now, NULL) < 0)
		return SEEN_OTHER; /* said when its turn comes */
	if (is_before(run, i, strbuf_span(&now)))
		return SEEN_NOT_TAKEN;
	return is_after(run, i, strbuf_span(&now)) ? SEEN_TAKEN : SEEN_OTHER;
}

/* From the last step to the first: a step that a later one has built upon (the tree was
 * renamed, the file written again) is out of sight, but must have been taken. */
static int find_taken(struct run *run, struct overlap *later)
{
	int r = 0;

	for (size_t i = run->plan->n; i > 0 && r == 0; i--) {
		const struct plan_step *s = &run->plan->steps[i - 1];

		if (!run->journal->steps[i - 1].intent)
			continue;
		run->seen[i - 1] = overlap_find(later, s) ? SEEN_BURIED : see(run, i - 1);
		if (run->seen[i - 1] == SEEN_TAKEN || run->seen[i - 1] == SEEN_BURIED)
			r = overlap_add(later, s, i - 1);
	}
	return r;
}

/* From the first to the last: where the step it builds upon was not taken, or was taken
 * back, a step that shows neither of its states is not there at all. */
static int find_not_taken(struct run *run, struct overlap *earlier)
{
	int r = 0;

	for (size_t i = 0; i < run->plan->n && r == 0; i++) {
		const struct plan_step *s = &run->plan->steps[i];

		if (run->seen[i] == SEEN_OTHER && overlap_find(earlier, s))
			run->seen[i] = SEEN_NOT_TAKEN;
		if (run->seen[i] == SEEN_NOT_TAKEN)
			r = overlap_add(earlier, s, i);
	}
	return r;
}

static int survey(struct run *run, struct diag *reterr)
{
	struct overlap *later = overlap_new(), *earlier = overlap_new();
	int r = later && earlier ? 0 : -ENOMEM;

	sweep_all(run);
	run->seen = calloc(run->plan->n + 1, sizeof(*run->seen));
	if (!run->seen)
		r = -ENOMEM;
	if (r == 0)
		r = find_taken(run, later);
	if (r == 0)
		r = find_not_taken(run, earlier);
	overlap_free(later);
	overlap_free(earlier);
	return r < 0 ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.") : 0;
}

/* Backward */

enum back {
	BACK_TAKEN,
	BACK_ALREADY,
	BACK_CONFLICT,
	BACK_FAILED,
};

static enum back take_back(struct run *run, size_t i, bool force, struct diag *why)
{
	_cleanup_strbuf_ struct strbuf now = {0};
	const struct plan_step *s = &run->plan->steps[i];
	uint8_t actual[PLAN_HASH_SIZE];

	if (run->seen[i] == SEEN_NOT_TAKEN) {
		sync_later(run, s);
		return BACK_ALREADY;
	}
	if (look(run, i, &now, why) < 0)
		return BACK_FAILED;
	if (is_before(run, i, strbuf_span(&now))) {
		sync_later(run, s);
		return BACK_ALREADY;
	}
	if (s->irreversible) {
		(void)diag_set(why, DIAG_NO_UNDO, ENOTSUP,
			       "Step %zu cannot be undone: %s.", i + 1, s->irreversible);
		return BACK_CONFLICT;
	}
	if (!force && !is_after(run, i, strbuf_span(&now))) {
		(void)conflict(run, i, why);
		return BACK_CONFLICT;
	}
	return put(run, i, run->journal->steps[i].before, actual, why) < 0 ? BACK_FAILED
									   : BACK_TAKEN;
}

static void back_step(struct run *run, size_t i, bool force)
{
	struct diag why = {0};
	enum back b = take_back(run, i, force, &why);

	if (b == BACK_TAKEN || b == BACK_ALREADY) {
		run->result.taken++;
		journal_note_undone(run->journal, i);
	} else if (b == BACK_CONFLICT) {
		run->result.conflicts++;
		keep_first(run, &why);
	} else
		count_failure(run, i, why.err, &why);
	tell(run, CHANGE_STEP, i, true, why.err);
}

static int finish(struct run *run, enum journal_state state, struct diag *reterr)
{
	int r = sync_now(run, reterr);

	return r < 0 ? r : journal_set_state(run->journal, state, reterr);
}

/* Takes back every step that may have been taken. The journal ends as undone or partly;
 * where something failed that may work next time, it stays open. */
static int backward(struct run *run, bool force, struct diag *reterr)
{
	int r = survey(run, reterr);

	if (r == 0)
		r = journal_set_state(run->journal, JOURNAL_BACK, reterr);
	if (r < 0)
		return r;
	for (size_t i = run->plan->n; i > 0; i--)
		if (run->journal->steps[i - 1].intent)
			back_step(run, i - 1, force);
	if (run->result.failed) {
		r = finish(run, JOURNAL_BACK, reterr);
		run->result.outcome = CHANGE_STUCK;
	} else if (run->result.conflicts) {
		r = finish(run, JOURNAL_PARTLY, reterr);
		run->result.outcome = CHANGE_PARTLY;
	} else {
		r = finish(run, JOURNAL_UNDONE, reterr);
		run->result.outcome = CHANGE_UNDONE;
	}
	return r;
}

/* After a failed step of a run: all back. The states found stand in the journal on disk
 * only, so it is read again, which also drops records that never reached it. */
static int roll_back(struct run *run, struct diag *reterr)
{
	const struct change_ctx *ctx = run->ctx;
	struct run back = {.ctx = ctx, .result = {.id = run->journal->id}};
	struct diag why = run->result.failure;
	struct journal journal;
	int r = journal_load(&journal, ctx->root, ctx->place, run->journal->id,
			     ctx->actions, reterr);

	if (r < 0)
		return r;
	back.journal = &journal;
	back.plan = &journal.plan;
	back.result.steps = journal.plan.n;
	r = backward(&back, false, reterr);
	run_done(&back);
	if (back.result.outcome == CHANGE_UNDONE)
		back.result.outcome = CHANGE_ROLLED_BACK;
	back.result.failure = why; /* what went wrong first is what the user must hear */
	run->result = back.result;
	journal_done(&journal);
	return r;
}

/* Nothing said about the change is better than a lie: the caller hears of the first
 * failure, and that the change is still there. */
static void stuck(struct run *run, struct diag *why)
{
	keep_first(run, why);
	run->result.outcome = CHANGE_STUCK;
}

static void run_forward(struct run *run)
{
	struct diag why = {0};
	int r;

	tell(run, CHANGE_BEGIN, 0, false, 0);
	r = forward(run);
	if (r == 1) {
		run->result.outcome = CHANGE_STOPPED;
		if (finish(run, JOURNAL_OPEN, &why) < 0)
			stuck(run, &why);
	} else if (r == 0) {
		run->result.outcome = run->result.failed ? CHANGE_PARTLY : CHANGE_DONE;
		r = finish(run, run->result.failed ? JOURNAL_PARTLY : JOURNAL_DONE, &why);
		if (r < 0)
			keep_first(run, &why);
	}
	if (r < 0 && roll_back(run, &why) < 0)
		stuck(run, &why);
	tell(run, CHANGE_END, 0, r < 0, r);
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
	struct run run = {.ctx = ctx, .plan = plan};
	struct journal journal;
	int r = none_open(ctx, reterr);

	if (r == 0)
		r = plan_check(plan, ctx->root, reterr);
	if (r == 0)
		r = journal_create(&journal, ctx->root, ctx->place, plan, ctx->command,
				   reterr);
	if (r < 0)
		return r;
	run.journal = &journal;
	run.result.id = journal.id;
	run.result.steps = plan->n;
	run_forward(&run);
	run_done(&run);
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
static int resume_forward(struct run *run, struct diag *reterr)
{
	int r = survey(run, reterr);

	if (r == 0)
		r = journal_set_state(run->journal, JOURNAL_OPEN, reterr);
	if (r < 0)
		return r;
	for (size_t i = 0; i < run->plan->n; i++)
		if (run->seen[i] == SEEN_NOT_TAKEN) {
			run->journal->steps[i].intent = false;
			run->journal->steps[i].done = false;
		}
	run_forward(run);
	return 0;
}

static int resume_locked(const struct change_ctx *ctx, unsigned id, bool back, bool force,
			 struct change_result *ret, struct diag *reterr)
{
	struct run run = {.ctx = ctx};
	struct journal journal;
	int r = journal_load(&journal, ctx->root, ctx->place, id, ctx->actions, reterr);

	if (r < 0)
		return r;
	run.journal = &journal;
	run.plan = &journal.plan;
	run.result = (struct change_result){.id = id, .steps = journal.plan.n};
	if (journal.state == (back ? JOURNAL_UNDONE : JOURNAL_DONE))
		run.result.outcome = CHANGE_NOTHING;
	else if (back) {
		tell(&run, CHANGE_BEGIN, 0, true, 0);
		r = backward(&run, force, reterr);
		tell(&run, CHANGE_END, 0, true, r < 0 ? r : run.result.failure.err);
	} else if (journal.state == JOURNAL_OPEN || journal.state == JOURNAL_BACK)
		r = resume_forward(&run, reterr);
	else
		r = diag_set(reterr, DIAG_NO_CHANGE, EINVAL,
			     "Change %u has ended (%s) and cannot be resumed.", id,
			     journal_state_name(journal.state));
	if (r == 0)
		*ret = run.result;
	run_done(&run);
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
