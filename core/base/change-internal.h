/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by change.c (forward), change-back.c and change-sync.c alone. */
#pragma once

#include "core/base/change.h"
#include "core/base/fspath.h"

enum { CHANGE_SYNC_MAX = 16 };

/* What the world says about a step of an interrupted change. */
enum change_seen {
	CHANGE_SEEN_NOTHING, /* not begun */
	CHANGE_SEEN_TAKEN,
	CHANGE_SEEN_BURIED,    /* taken, and a later step that was taken built upon it */
	CHANGE_SEEN_NOT_TAKEN, /* or taken back */
	CHANGE_SEEN_OTHER,     /* somebody else was here */
};

struct change_run {
	const struct change_ctx *ctx;
	const struct plan *plan;
	struct journal *journal;
	enum change_seen *seen; /* plan->n of them when resuming, else NULL; owned */
	struct change_result result;
	char tmp[48];
	struct fspath_folder folder; /* of the step before */
	struct strbuf *wanted;	     /* resolved states of a batch; owned */
	size_t batch;		     /* how many fit */
	size_t first;		     /* step that wanted[0] belongs to */
	size_t announced;	     /* steps below were announced */
	bool stop;
	/* File systems that hold steps which are not on disk yet. */
	struct {
		dev_t dev;
		int fd;
	} sync[CHANGE_SYNC_MAX];
	size_t sync_n;
	unsigned sync_turn; /* of the folder that was looked at last */
	bool sync_all;	    /* more file systems than fit */
};

void change_run_done(struct change_run *run);

/* Valid until the next call. */
struct action_env change_env(struct change_run *run, size_t step);
/* @why may be NULL where nothing went wrong. */
void change_tell(struct change_run *run, enum change_event event, size_t step, bool back,
		 int err, const struct diag *why);
void change_keep_first(struct change_run *run, const struct diag *why);
/* Counts a step that could not be taken (or taken back). */
void change_count_failure(struct change_run *run, size_t i, int err,
			  const struct diag *why);
/* Neither as before nor as after: -ESTALE. */
int change_conflict(const struct change_run *run, size_t i, struct diag *reterr);

/* Appends the state the world is in. */
int change_look(struct change_run *run, size_t i, struct strbuf *now,
		struct diag *reterr);
/* Brings a state about and looks whether it is there. @ret: the fingerprint of what is.
 */
int change_put(struct change_run *run, size_t i, struct span state,
	       uint8_t ret[PLAN_HASH_SIZE], struct diag *reterr);

/* Remembers the file system of a step whose effect is synced at the end. */
void change_sync_later(struct change_run *run, const struct plan_step *step);
void change_sync_close(struct change_run *run);
/* Brings all to disk, then gives the journal its new state. */
int change_finish(struct change_run *run, enum journal_state state, struct diag *reterr);

/* Looks at every step that may have been taken: run->seen. */
int change_survey(struct change_run *run, struct diag *reterr);
/* Takes back every step that may have been taken. The journal ends as undone or partly;
 * where something failed that may work next time, it stays open. */
int change_backward(struct change_run *run, bool force, struct diag *reterr);
/* After a failed step of a run: all back. */
int change_roll_back(struct change_run *run, struct diag *reterr);
