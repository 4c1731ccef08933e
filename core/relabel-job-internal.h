/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by relabel-job.c (what is noted) and relabel-run.c (the work) alone. */
#pragma once

#include "core/relabel-job.h"

#define RELABEL_JOB_PLAN   "plan"
#define RELABEL_JOB_ERRORS "errors"

int relabel_job_note(struct relabel_job *job, int dir, struct diag *reterr);
