/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an interrupted change left, and taking a change back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/change-internal.h"
#include "core/base/cleanup.h"
#include "core/base/overlap.h"

/* Is @now what the step left? */
static bool is_after(const struct change_run *run, size_t i, struct span now)
{
	const struct journal_step *js = &run->journal->steps[i];
	const struct plan_step *s = &run->plan->steps[i];
	uint8_t found[PLAN_HASH_SIZE];

	if (!js->done)
		return action_same(s->action, now,
				   s->action->ops->resolve ? js->wanted : s->after);
	action_fingerprint(s->action, now, found);
	return memcmp(found, js->actual, sizeof(found)) == 0;
}

static bool is_before(const struct change_run *run, size_t i, struct span now)
{
	return action_same(run->plan->steps[i].action, now,
			   run->journal->steps[i].before);
}

static void sweep_all(struct change_run *run)
{
	for (size_t i = 0; i < run->plan->n; i++) {
		const struct plan_step *s = &run->plan->steps[i];
		struct action_env env = change_env(run, i);

		if (run->journal->steps[i].intent && s->action->ops->sweep)
			s->action->ops->sweep(&env, s);
	}
}

static enum change_seen see(struct change_run *run, size_t i)
{
	_cleanup_strbuf_ struct strbuf now = {0};

	if (change_look(run, i, &now, NULL) < 0)
		return CHANGE_SEEN_OTHER; /* said when its turn comes */
	if (is_before(run, i, strbuf_span(&now)))
		return CHANGE_SEEN_NOT_TAKEN;
	return is_after(run, i, strbuf_span(&now)) ? CHANGE_SEEN_TAKEN
						   : CHANGE_SEEN_OTHER;
}

/* From the last step to the first: a step that a later one has built upon (the tree was
 * renamed, the file written again) is out of sight, but must have been taken. */
static int find_taken(struct change_run *run, struct overlap *later)
{
	int r = 0;

	for (size_t i = run->plan->n; i > 0 && r == 0; i--) {
		const struct plan_step *s = &run->plan->steps[i - 1];

		if (!run->journal->steps[i - 1].intent)
			continue;
		run->seen[i - 1] =
			overlap_find(later, s) ? CHANGE_SEEN_BURIED : see(run, i - 1);
		if (run->seen[i - 1] == CHANGE_SEEN_TAKEN ||
		    run->seen[i - 1] == CHANGE_SEEN_BURIED)
			r = overlap_add(later, s, i - 1);
	}
	return r;
}

/* From the first to the last: where the step it builds upon was not taken, or was taken
 * back, a step that shows neither of its states is not there at all. */
static int find_not_taken(struct change_run *run, struct overlap *earlier)
{
	int r = 0;

	for (size_t i = 0; i < run->plan->n && r == 0; i++) {
		const struct plan_step *s = &run->plan->steps[i];

		if (run->seen[i] == CHANGE_SEEN_OTHER && overlap_find(earlier, s))
			run->seen[i] = CHANGE_SEEN_NOT_TAKEN;
		if (run->seen[i] == CHANGE_SEEN_NOT_TAKEN)
			r = overlap_add(earlier, s, i);
	}
	return r;
}

int change_survey(struct change_run *run, struct diag *reterr)
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

enum back {
	BACK_TAKEN,
	BACK_ALREADY,
	BACK_CONFLICT,
	BACK_FAILED,
};

static enum back take_back(struct change_run *run, size_t i, bool force, struct diag *why)
{
	_cleanup_strbuf_ struct strbuf now = {0};
	const struct plan_step *s = &run->plan->steps[i];
	uint8_t actual[PLAN_HASH_SIZE];

	if (run->seen[i] == CHANGE_SEEN_NOT_TAKEN) {
		change_sync_later(run, s);
		return BACK_ALREADY;
	}
	if (change_look(run, i, &now, why) < 0)
		return BACK_FAILED;
	if (is_before(run, i, strbuf_span(&now))) {
		change_sync_later(run, s);
		return BACK_ALREADY;
	}
	if (s->irreversible) {
		(void)diag_set(why, DIAG_NO_UNDO, ENOTSUP,
			       "Step %zu cannot be undone: %s.", i + 1, s->irreversible);
		return BACK_CONFLICT;
	}
	if (!force && !is_after(run, i, strbuf_span(&now))) {
		(void)change_conflict(run, i, why);
		return BACK_CONFLICT;
	}
	return change_put(run, i, run->journal->steps[i].before, actual, why) < 0
		       ? BACK_FAILED
		       : BACK_TAKEN;
}

static void back_step(struct change_run *run, size_t i, bool force)
{
	struct diag why = {0};
	enum back b = take_back(run, i, force, &why);

	if (b == BACK_TAKEN || b == BACK_ALREADY) {
		b == BACK_TAKEN ? run->result.taken++ : run->result.kept++;
		journal_note_undone(run->journal, i);
	} else if (b == BACK_CONFLICT) {
		run->result.conflicts++;
		change_keep_first(run, &why);
	} else
		change_count_failure(run, i, why.err, &why);
	change_tell(run, CHANGE_STEP, i, true, why.err, &why);
}

/* A change that was complete, and of which there is nothing: its files are gone, or their
 * file system is not mounted, and then the way back must not be lost. */
static bool found_nothing(struct change_run *run, enum journal_state was)
{
	const struct change_result *r = &run->result;
	struct diag why = {0};

	if ((was != JOURNAL_DONE && was != JOURNAL_PARTLY) || r->taken || r->conflicts ||
	    !r->kept)
		return false;
	(void)diag_set(
		&why, DIAG_UNDO_CONFLICT, ENOENT,
		"Nothing is there that change %u could be taken back from: its files "
		"are gone, or not mounted.",
		r->id);
	change_keep_first(run, &why);
	return true;
}

int change_backward(struct change_run *run, bool force, struct diag *reterr)
{
	enum journal_state was = run->journal->state;
	int r = change_survey(run, reterr);

	run->result.back = true;
	if (r == 0)
		r = journal_set_state(run->journal, JOURNAL_BACK, reterr);
	if (r < 0)
		return r;
	for (size_t i = run->plan->n; i > 0; i--)
		if (run->journal->steps[i - 1].intent)
			back_step(run, i - 1, force);
	if (run->result.failed) {
		r = change_finish(run, JOURNAL_BACK, reterr);
		run->result.outcome = CHANGE_STUCK;
	} else if (run->result.conflicts || (!force && found_nothing(run, was))) {
		r = change_finish(run, JOURNAL_PARTLY, reterr);
		run->result.outcome = CHANGE_PARTLY;
	} else {
		r = change_finish(run, JOURNAL_UNDONE, reterr);
		run->result.outcome = CHANGE_UNDONE;
	}
	return r;
}

/* After a failed step of a run: all back. The states found stand in the journal on disk
 * only, so it is read again, which also drops records that never reached it. */
int change_roll_back(struct change_run *run, struct diag *reterr)
{
	const struct change_ctx *ctx = run->ctx;
	struct change_run back = {.ctx = ctx, .result = {.id = run->journal->id}};
	struct diag why = run->result.failure;
	struct journal journal;
	int r = journal_load(&journal, ctx->root, ctx->place, run->journal->id,
			     ctx->actions, reterr);

	if (r < 0)
		return r;
	back.journal = &journal;
	back.plan = &journal.plan;
	back.result.steps = journal.plan.n;
	r = change_backward(&back, false, reterr);
	change_run_done(&back);
	if (back.result.outcome == CHANGE_UNDONE)
		back.result.outcome = CHANGE_ROLLED_BACK;
	back.result.failure = why; /* what went wrong first is what the user must hear */
	run->result = back.result;
	journal_done(&journal);
	return r;
}
