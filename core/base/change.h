/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one way in which imactl changes a machine: lock, check that the plan still fits the
 * world, journal, apply step by step, read each step back, close the journal. What was
 * interrupted is finished or taken back; what was done is undone; both by the same code,
 * which looks at the world and never believes the journal alone.
 *
 * Not thread-safe against itself; one change at a time per machine (lock.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/action.h"
#include "core/base/diag.h"
#include "core/base/journal.h"
#include "core/base/plan.h"
#include "core/base/root.h"

enum change_event {
	CHANGE_BEGIN, /* about to take the first step */
	CHANGE_STEP,  /* a step was taken (or taken back, or failed) */
	CHANGE_END,
};

struct change_progress {
	enum change_event event;
	unsigned id;
	const struct plan *plan;
	size_t step;		/* index, for CHANGE_STEP */
	size_t finished;	/* steps looked at so far */
	bool back;		/* taking back */
	int err;		/* of this step, positive errno; 0: fine */
	const struct diag *why; /* what went wrong with it; NULL: nothing */
};

struct change_ctx {
	struct root *root;     /* its state folder is made when missing */
	enum root_place place; /* where journals and lock live: ROOT_STATE */
	const struct action_set *actions;
	const char *command; /* "label apply": for lock, journal and audit */
	/* Steps whose intents share one sync; 0: 64. Steps that are resolved only when
	 * their turn comes end a batch after a second, too. */
	size_t batch;
	/* Steps announced ahead of their turn to actions that want to know; 0: none. */
	size_t ahead;
	/* Count a failing step and go on, instead of taking all back; and leave alone what
	 * has changed since the plan was made, instead of refusing the whole plan. */
	bool keep_going;
	void *data; /* for the actions: struct action_env */
	/* Called from change_*() only; each may be NULL. stop() is asked between steps,
	 * again and again: what is yes stays yes. */
	void (*progress)(void *user, const struct change_progress *p);
	bool (*stop)(void *user);
	/* The audit hook: BEGIN and END, with what came of it; core/host/change-audit.h. */
	void (*audit)(void *user, const struct change_progress *p);
	void *user;
};

enum change_outcome {
	CHANGE_NOTHING,	    /* the world was as wanted */
	CHANGE_DONE,	    /* all steps taken */
	CHANGE_ROLLED_BACK, /* a step failed, all were taken back; see .failure */
	CHANGE_UNDONE,	    /* taken back as asked */
	CHANGE_PARTLY,	    /* some steps failed or conflict; see the counts */
	CHANGE_STOPPED,	    /* stop() said so; can be resumed or taken back */
	CHANGE_STUCK,	    /* failed, and taking back failed too: still open */
	_CHANGE_OUTCOME_MAX,
};

struct change_result {
	enum change_outcome outcome;
	unsigned id;  /* 0: no journal was begun */
	size_t steps; /* in the plan */
	size_t final; /* of these: nothing takes them back */
	bool back;    /* it was taken back: */
	size_t taken; /* taken, or taken back, and read back */
	size_t kept;  /* when the step's turn came the world was as wanted */
	size_t failed;
	size_t conflicts;    /* left alone because the world changed, or no undo exists */
	struct diag failure; /* the first of them */
};

const char *change_outcome_name(enum change_outcome outcome);

/* What came of it, as a line for people: "Done: change 3, 1 step. ..". */
void change_result_format(struct strbuf *out, const struct change_result *r);

/* Runs a plan that a person (or --plan=HASH) confirmed: @confirmed must be its hash,
 * else IMA-C001, and nothing happens. Refuses while another change is open (IMA-C004) or
 * when the world has changed (IMA-C002). 0 with *ret, also when steps failed. */
int change_run(const struct change_ctx *ctx, const struct plan *plan,
	       const uint8_t confirmed[PLAN_HASH_SIZE], struct change_result *ret,
	       struct diag *reterr);

/* Finishes an interrupted change. */
int change_resume(const struct change_ctx *ctx, unsigned id, struct change_result *ret,
		  struct diag *reterr);

/* Takes back a change, finished or interrupted. Steps whose place has changed since are
 * left alone and counted, unless @force. Doing it twice does nothing the second time. */
int change_undo(const struct change_ctx *ctx, unsigned id, bool force,
		struct change_result *ret, struct diag *reterr);

/* The change that is open or being taken back, 0 when there is none. */
int change_find_open(const struct root *root, enum root_place place, unsigned *ret,
		     struct diag *reterr);
