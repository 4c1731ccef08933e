/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A task of tui/filework.h, from its beginning to its end: what runs in the pool. */
#pragma once

#include <stdatomic.h>

#include "tui/filework.h"

struct filework_task {
	struct pool_job job;   /* first: the pool hands it back */
	struct filework *work; /* not for the worker */
	enum filework_what what;
	struct root root;
	char *path;	     /* NULL: what the policy appraises; owned */
	bool candidate;	     /* then: what the staged one will */
	struct strbuf names; /* SIGN: .path is the key's */
	unsigned job_id;
	char *key, *cert; /* START: of a job that signs; NULL; owned */
	bool ascii;
	/* How far it is, for whoever asks. */
	atomic_uint_fast64_t files, done, of, bytes;
	atomic_int phase; /* enum relabel_phase */
	/* What comes out. */
	struct filework_result result;
	struct scan scan;
};

/* With .what, .path, .job.run, and @root opened anew. -EROFS (IMA-U007): a recorded host. */
int filetask_new(const struct root *root, enum filework_what what, const char *path,
		 struct filework_task **ret, struct diag *reterr);
struct filework_task *filetask_free(struct filework_task *t);

/* A private key in a PEM file without a passphrase; no memory of the process is dumped from
 * then on. IMA-A010 to IMA-A012, IMA-H001. */
struct sig_key;
int filetask_key(const char *path, struct sig_key **ret, struct diag *reterr);
