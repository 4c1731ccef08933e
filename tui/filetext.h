/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files, plans of labels and the jobs that set them, as text for people: for the screen,
 * its boxes, and line mode. */
#pragma once

#include "core/appraise/inspect.h"
#include "core/label/relabel-job.h"
#include "tui/doc.h"

/* What 'file show' and 'file verify' say of a file: @i as the last inspect_file() left it.
 * @path is below the target. */
void filetext_file(struct doc *d, const char *path, const struct inspect *i,
		   const struct inspect_result *r, bool ascii);

/* What a plan would do, why, and what it leaves alone. */
void filetext_plan(struct doc *d, const struct relabel *r,
		   const struct relabel_kernel *kernel, bool ascii);

/* "Job 7: running, process 123", "Job 7: ended (partly), taken back" */
void filetext_job_title(struct strbuf *out, const struct relabel_job *job);
/* "labelled 140 911, and 77 anew; right already 12; errors 3" */
void filetext_job_counts(struct strbuf *out, const struct relabel_job *job);
/* "sha256, begun 2026-11-24 03:41; what ima_policy=appraise_tcb appraises" */
void filetext_job_what(struct strbuf *out, const struct relabel_job *job);
/* What can be done with it now, and with which key. */
const char *filetext_job_next(const struct relabel_job *job);
/* All of it, for line mode. */
void filetext_job(struct doc *d, const struct relabel_job *job, bool ascii);

/* Appends a message that a job has noted: its bytes are escaped already, unless somebody
 * else wrote them. */
void filetext_noted(struct strbuf *out, const char *text);
void filetext_error(struct doc *d, const struct relabel_error *e, bool ascii);
