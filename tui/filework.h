/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the Files screen waits for, beside the screen: scanning, a look at one file, planning
 * labels, starting and taking back a job; one at a time, each in the pool with a root of its
 * own. And how far the last job of labels is, whoever began it.
 *
 * The job itself is a process apart, as 'imactl label apply' starts it: it goes on when the
 * console is left.
 */
#pragma once

#include "core/base/plan.h"
#include "core/host/pool.h"
#include "core/label/relabel-job.h"
#include "core/label/scan.h"
#include "tui/doc.h"
#include "tui/tui.h"

enum filework_what {
	FILEWORK_NOTHING,
	FILEWORK_SCAN,
	FILEWORK_LOOK,
	FILEWORK_SIGN,
	FILEWORK_PLAN,
	FILEWORK_START,
	FILEWORK_UNDO,
	_FILEWORK_MAX,
};

struct filework_task;

/* What came of the last task, until it is taken. */
struct filework_result {
	enum filework_what what; /* NOTHING: none has ended */
	struct diag error;	 /* .id NONE: it went well */
	bool stopped;		 /* before its end, as asked */
	struct doc doc;		 /* LOOK: about the file; PLAN: what it would do; owned */
	struct plan plan;	 /* SIGN */
	enum plan_danger danger; /* PLAN */
	unsigned job;		 /* PLAN: kept as this; 0: nothing to do */
	uint64_t steps;		 /* PLAN; UNDO: taken back */
	uint64_t left;		 /* UNDO: failed, or left alone; SIGN: cannot be signed */
};

struct filework {
	const struct tui_config *config; /* borrowed */
	struct pool *pool;		 /* borrowed */
	struct filework_task *task;	 /* NULL: nothing is done */
	struct filework_result result;

	bool scanned;
	struct scan scan;
	char *scope;	      /* below the target; NULL: what the policy appraises */
	bool candidate;	      /* of .scope NULL: what the staged policy will */
	char *key, *cert;     /* files that a job which signs is started with; NULL */
	bool stale;	      /* labels were set or taken back since */
	unsigned scans, jobs; /* go up with each new scan, each change of what follows */

	bool has_job;
	struct relabel_job job;
	struct relabel_error *errors;
	int n_errors;
	struct diag job_error;	  /* why there is none to show */
	uint64_t now_ms, poll_at; /* poll_at 0: not before somebody looks */
};

void filework_init(struct filework *w, const struct tui_config *config,
		   struct pool *pool);
/* After the pool is gone, which ends the task. */
void filework_done(struct filework *w);

/* Each begins a task: -EBUSY (IMA-C003) where one is running. Paths are below the target;
 * @scope NULL: what the policy appraises. */
int filework_scan(struct filework *w, const char *scope, struct diag *reterr);
int filework_look(struct filework *w, const char *path, bool ascii, struct diag *reterr);
/* A plan that signs files (paths below the target, a NUL behind each; taken over) with the
 * private key in the file @key. */
int filework_sign(struct filework *w, const char *key, struct strbuf *files,
		  struct diag *reterr);
/* What the policy appraises is what the staged one will from now on, until somebody scans a
 * path; nothing has been scanned yet. */
void filework_for_candidate(struct filework *w);
/* Labels for the same scope; the plan is kept as a job. */
int filework_plan(struct filework *w, bool ascii, struct diag *reterr);
/* A plan that was made elsewhere, as if filework_plan() had made it; @r is taken over. It signs
 * with these files of a private key and its certificate. -EBUSY (IMA-C003). */
int filework_offer(struct filework *w, struct filework_result *r, const char *key,
		   const char *cert, struct diag *reterr);
/* The job of that number: begun, or gone on with where it was begun before. */
int filework_start(struct filework *w, unsigned job, struct diag *reterr);
int filework_undo(struct filework *w, unsigned job, struct diag *reterr);

/* Asks the task to end early. False: there is none, or none that can. */
bool filework_cancel(struct filework *w);
/* Asks a running job to stop. IMA-C021: it does not run. */
int filework_stop(struct filework *w, struct diag *reterr);

/* A path as it was typed, below the target; the caller frees. IMA-H001, IMA-H006. */
int filework_path(const struct filework *w, const char *typed, char **ret,
		  struct diag *reterr);

/* False: nothing has ended. The caller owns *ret, filework_result_done() frees. */
bool filework_take(struct filework *w, struct filework_result *ret);
void filework_result_done(struct filework_result *r);

/* "scanning: 12 000 files seen | "; nothing when nothing is done.
 * @plain: in line mode. */
void filework_status(const struct filework *w, struct strbuf *out, bool plain);
bool filework_busy(const struct filework *w);

/* Reads again how far the job is: now, or when it is due. True: that changed, or a task
 * goes on and its status with it. */
bool filework_refresh(struct filework *w);
bool filework_poll(struct filework *w, uint64_t now_ms);
/* Until filework_poll() has something to do; -1: never. */
int filework_wait_ms(const struct filework *w, uint64_t now_ms);
