/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labelling as a job (core/host/job.h): a plan that is kept until it is carried out, and what
 * came of it, so that the plan somebody read is the one that runs, whatever has happened to
 * the machine's files meanwhile.
 */
#pragma once

#include "core/label/act-label.h"
#include "core/base/change.h"
#include "core/host/job.h"
#include "core/label/relabel.h"

enum relabel_job_state {
	RELABEL_JOB_PLANNED,
	RELABEL_JOB_RUNNING,	 /* somebody works on it now */
	RELABEL_JOB_INTERRUPTED, /* it was begun, and nobody works on it */
	RELABEL_JOB_ENDED,
	_RELABEL_JOB_STATE_MAX,
};

/* What is noted of a job; plain data but for the strings, which are owned. */
struct relabel_job {
	unsigned id;
	enum relabel_job_state state;
	/* The plan. */
	uint8_t hash[PLAN_HASH_SIZE];
	enum scope scope;
	enum hash_alg alg;
	bool by_kernel;
	bool has_key; /* it signs, with: */
	uint8_t keyid[IMAXATTR_KEYID];
	unsigned threads; /* 0: as many as there are processors */
	uint64_t throttle;
	struct {
		uint64_t files, bytes;
	} reasons[_RELABEL_REASON_MAX];
	uint64_t steps, to_read;
	/* When, in seconds since 1970. */
	uint64_t planned, started, updated;
	/* How far. */
	int32_t pid;
	unsigned change; /* journal's number; 0: not begun */
	bool undone;	 /* that change was taken back since */
	enum change_outcome outcome;
	struct {
		uint64_t done, taken, kept, failed, conflicts;
	} n;
	struct act_label_counts labels;
	uint64_t bytes; /* read */
	uint64_t elapsed_ms;
	uint64_t files_per_s, bytes_per_s; /* lately */
	bool has_eta;
	uint64_t eta_ms, eta_spread_ms;
	char *current;	     /* the path it is at; "" */
	struct diag failure; /* the first; .id NONE: none */
};

void relabel_job_done(struct relabel_job *job);
#define _cleanup_relabel_job_ __attribute__((cleanup(relabel_job_done)))

const char *relabel_job_state_word(enum relabel_job_state state);

/* Keeps a plan; *ret is the job. Of the plans that were never carried out the oldest go. */
int relabel_job_keep(struct root *root, const struct relabel *r,
		     const struct relabel_opts *opts, unsigned threads,
		     struct relabel_job *ret, struct diag *reterr);

/* -ENOENT (IMA-C020). */
int relabel_job_load(const struct root *root, unsigned id, struct relabel_job *ret,
		     struct diag *reterr);
/* The one that runs, or else the last one there is; -ENOENT (IMA-C020): none. */
int relabel_job_last(const struct root *root, struct relabel_job *ret,
		     struct diag *reterr);
/* The one that runs, or else the last one that was begun; -ENOENT (IMA-C020): none. */
int relabel_job_last_begun(const struct root *root, struct relabel_job *ret,
			   struct diag *reterr);
/* The last one that has set labels which were not taken back; -ENOENT (IMA-C021). */
int relabel_job_last_applied(const struct root *root, struct relabel_job *ret,
			     struct diag *reterr);
/* The plan with this hash that nobody has begun; -ESTALE (IMA-C002): none is kept. */
int relabel_job_find(const struct root *root, const uint8_t hash[PLAN_HASH_SIZE],
		     struct relabel_job *ret, struct diag *reterr);
/* 1: all that the kept plan of @job would label is one of @paths (as walk_run() takes
 * them) or lies below one; 0: it is not. */
int relabel_job_is_below(const struct root *root, const struct relabel_job *job,
			 const char *const *paths, size_t n, struct diag *reterr);
/* The one whose change is open; -ENOENT (IMA-C021). */
int relabel_job_find_open(const struct root *root, struct relabel_job *ret,
			  struct diag *reterr);

/* Files that a process has labelled which was killed before it noted how many of them were
 * labelled anew. */
static inline uint64_t relabel_job_unsorted(const struct relabel_job *job)
{
	uint64_t sorted = job->labels.added + job->labels.replaced;

	return job->n.taken > sorted ? job->n.taken - sorted : 0;
}

struct relabel_job_run {
	const struct sig_key *key; /* NULL: nothing is signed */
	bool resume;		   /* its change was begun before */
	bool kernel_fixes;	   /* ima_appraise=fix */
	/* Asked again and again, beside job_ask_stop(); what is yes stays yes. May be NULL.
	 */
	bool (*stop)(void *user);
	void (*audit)(void *user, const struct change_progress *p); /* may be NULL */
	void *user;
};

/* Carries it out in this process, noting how far it is twice a second. *@job is as it was
 * loaded, and then as it ended. */
int relabel_job_run(struct root *root, struct relabel_job *job,
		    const struct relabel_job_run *run, struct diag *reterr);

/* Files that could not be labelled, as far as they are kept: at most RELABEL_ERRORS. */
struct relabel_error {
	char *path, *text; /* owned */
	int err;	   /* positive errno */
	enum diag_id id;
};

enum { RELABEL_ERRORS = 10000 };

/* Returns how many; the caller frees with relabel_errors_free(). */
int relabel_job_errors(const struct root *root, unsigned id, struct relabel_error **ret,
		       struct diag *reterr);
void relabel_errors_free(struct relabel_error *errors, int n);
