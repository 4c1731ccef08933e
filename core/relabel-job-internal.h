/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by relabel-job.c (what is noted), relabel-run.c (the work) and relabel-own.c. */
#pragma once

#include "core/relabel-job.h"

#define RELABEL_JOB_PLAN   "plan"
#define RELABEL_JOB_ERRORS "errors"

int relabel_job_note(struct relabel_job *job, int dir, struct diag *reterr);

/* In relabel-own.c. @pool must be idle, @refs empty. */
void relabel_label_own(struct pool *pool, const struct root *root, struct refmake *refs,
		       enum hash_alg alg);
