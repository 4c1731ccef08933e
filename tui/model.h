/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the console knows: the list, the packages, the TPM's verdict, the facts about this
 * kernel. No drawing. Everything slow happens in slices (model_step), so that the first
 * screen is there at once and a key never waits.
 */
#pragma once

#include <time.h>

#include "core/base/bootnote.h"
#include "core/base/root.h"
#include "core/base/trial.h"
#include "core/list/live.h"
#include "core/list/mstore.h"
#include "core/host/pkgdb.h"
#include "core/host/pool.h"
#include "core/probe/probe.h"
#include "core/rollout/rollout.h"
#include "tui/feed.h"
#include "tui/filework.h"
#include "tui/proof.h"
#include "tui/tui.h"

/* What there is to go back to, and what this boot made of it. */
struct model_recovery {
	bool known; /* of this machine, and it was looked at */
	struct diag error;
	size_t kept;   /* generations */
	unsigned good; /* the newest that is good for this kernel; 0: none */
	enum bootnote_verdict gate;
	unsigned trial; /* the generation of the trial there is; 0: none */
	enum trial_state state;
};

/* What comes next of the rollout of this machine, in core/rollout's words. */
struct model_rollout {
	bool known;
	bool begun;	      /* a policy was chosen */
	bool possible;	      /* or could be */
	enum rollout_id next; /* _ROLLOUT_MAX: it is over */
	char words[640], key[80], command[240];
};

struct model {
	const struct tui_config *config; /* borrowed */
	struct root *root;		 /* borrowed */
	struct pool *pool;

	struct live *live;    /* NULL: a saved list */
	struct mstore *store; /* NULL: there is no list, list_error says why */
	struct mstore *saved; /* store, when it is ours to free */
	int list_fd;
	struct diag list_error;
	struct diag read_error; /* reading went wrong later on; what is known stays */

	struct pkgdb *pkgs; /* never NULL; empty until loaded */
	bool pkgs_changed;  /* look-ups answer since the last app_step() */
	bool facts_changed; /* probe is there since the last app_step() */
	bool started;	    /* the slow parts have begun */
	bool pkgs_loading;
	unsigned working; /* long jobs in the pool: their progress is shown */
	bool grown;	  /* the pool has a thread for them */

	uint64_t memory; /* the kernel's for the entries before memory_next */
	mref memory_next;
	bool memory_known; /* memory is for the whole list */

	struct proof proof;
	struct filework files;
	struct feed feed;
	struct probe *probe; /* NULL while not known */
	struct model_probe *asking;

	char host[65];		 /* escaped; of a loose list its file */
	char release[65];	 /* of the kernel; escaped, "" when not known */
	char mode[24];		 /* "APPRAISE:LOG"; "" while not known */
	unsigned trial;		 /* the generation that this boot tries; 0: none */
	bool trial_passed;	 /* and it waits to be confirmed */
	uint64_t trial_until_ms; /* then the machine restarts; 0: nobody counts */
	struct model_recovery recovery;
	struct model_rollout rollout;
	bool privileged; /* root on this machine, or a recorded host or loose list */
	bool recorded;
	bool loose; /* the list was named, and of which machine it is nobody said */

	uint64_t now_ms; /* monotonic, set by whoever drives the model */
	time_t wall;
	uint64_t rate_count, rate_ms; /* where the rate was measured last */
	double rate;		      /* entries a second */
};

/* Opens the list and takes its first screen; what is missing is no failure (list_error).
 * Only memory running out is. */
int model_open(struct model *m, const struct tui_config *config, struct diag *reterr);
void model_done(struct model *m);

/* One slice of loading. 1: there is more to do, 0: up to date. */
int model_step(struct model *m, unsigned budget_us);

/* Looks whether entries came, and how far work is that goes on elsewhere. True: something to show changed. */
bool model_poll(struct model *m);

/* Until model_poll() is due again, in ms; -1: never. */
int model_poll_ms(const struct model *m);

/* Something that changes what is shown has not come back from the pool or the kernel. */
bool model_busy(const struct model *m);

/* Hands over a job that takes seconds or more, on a thread that nothing else waits for; its
 * done() calls model_worked(). */
void model_work(struct model *m, struct pool_job *job);
void model_worked(struct model *m);

/* What is known of the rollout, and of the trial that this boot may be; again whenever they
 * were looked at. */
void model_rollout(struct model *m, const struct rollout *r);

/* A saved list that somebody appended to: what came is read. */
void model_reread(struct model *m);

/* Facts and verdict anew, and what model_reread() does. */
void model_refresh(struct model *m);

/* Entries in all; 0 without a list. *ret_exact (may be NULL): not an estimate. */
uint64_t model_count(const struct model *m, bool *ret_exact);
