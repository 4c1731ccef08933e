/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by relabel-job.c (what is noted), relabel-run.c (the work), relabel-own.c and
 * relabel-guess.c.
 */
#pragma once

#include "core/label/relabel-job.h"

#define RELABEL_JOB_PLAN   "plan"
#define RELABEL_JOB_ERRORS "errors"

/* What a file costs beyond reading it, in bytes read. */
enum { RELABEL_FILE_UNITS = 64 << 10 };

static inline uint64_t relabel_units(uint64_t bytes, uint64_t files)
{
	return bytes + files * RELABEL_FILE_UNITS;
}

/* The last one that ended, took a second at least, and worked as a plan with @opts will:
 * no slower than it could. -ENOENT, without a diag: none. */
int relabel_job_find_alike(const struct root *root, const struct relabel_opts *opts,
			   bool signs, struct relabel_job *ret);

int relabel_job_note(struct relabel_job *job, int dir, struct diag *reterr);

/* In relabel-own.c. @pool must be idle, @refs empty. */
void relabel_label_own(struct pool *pool, const struct root *root, struct refmake *refs,
		       enum hash_alg alg);
