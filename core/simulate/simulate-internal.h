/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by simulate*.c alone. */
#pragma once

#include "core/base/fspath.h"
#include "core/policy/cost.h"
#include "core/simulate/judge.h"
#include "core/host/known.h"
#include "core/host/mounts.h"
#include "core/host/pool.h"
#include "core/simulate/simulate.h"

/* What all threads look at and none changes, and what the caller's thread alone has. */
struct simulate_work {
	const struct root *root;
	const struct simulate_opts *opts;
	const struct simulate_watch *watch;
	struct mounts mounts;
	struct known *known;   /* NULL: no contents are read */
	struct keyset keys[2]; /* by enum imaxattr_attr */
	struct evmstate evm;
	struct keyring_set rings;
	struct judge judge; /* as each job's begins */
	struct cost_model cost;
	struct strbuf init; /* PID 1's program, below the target */

	struct pool *pool;
	size_t next; /* use to be handed out */
	uint64_t done;
	struct simulate result;
	int err;
};

/* A file system, as rules look at it. */
struct simulate_fs {
	uint64_t dev, fsid;
	uint32_t magic;
	const struct mounts_type *type; /* NULL: not known */
	bool has_uuid;
	uint8_t uuid[16];
};

enum { SIMULATE_FS = 16 };

/* Some uses, in a worker. */
struct simulate_job {
	struct pool_job job; /* first: the pool hands it back */
	struct simulate_work *work;
	size_t from, n;
	struct simulate found; /* sums, and .row with .names */
	int err;
	bool busy;
	/* Kept from file to file. */
	struct judge judge;
	struct fspath_folder folder;
	struct simulate_fs fs[SIMULATE_FS];
	size_t n_fs;
	struct strbuf value; /* security.ima */
};

void simulate_job_init(struct simulate_job *job, struct simulate_work *work,
		       void (*done)(struct pool_job *job));
/* What was found is taken over by the caller; for the next. */
void simulate_job_clear(struct simulate_job *job);
void simulate_job_done(struct simulate_job *job);

/* The row is copied, its name taken from @names. -ENOMEM. */
int simulate_add_row(struct simulate *s, const struct simulate_row *row,
		     const char *name);

/* The remedy of what fails because of @cause; @no_key: nobody at hand has its key. */
enum simulate_fix_kind simulate_fix_for(enum appraise_cause cause, bool no_key);

/* Of a file that needs both: does @fix do for @less, too? A signature stands for a hash. */
bool simulate_fix_covers(enum simulate_fix_kind fix, enum simulate_fix_kind less);

/* Orders the rows and makes the groups. -ENOMEM. */
int simulate_make_groups(struct simulate *s);
/* Makes the fixes of ordered rows. @certs: certificates at hand. -ENOMEM. */
int simulate_make_fixes(struct simulate *s, const struct keyset *certs);
