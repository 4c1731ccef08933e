/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans of labels and the jobs that carry them out, as text and as JSON. */
#pragma once

#include "core/label/relabel-guess.h"
#include "tui/cli/cmd.h"

/* Counts by reason with some names, what was left out, a sample of the steps, the hash.
 * @job: the number under which it is kept, 0: it is not. */
void relabelout_plan(struct cli *cli, const struct relabel *r,
		     const struct relabel_opts *opts, const struct relabel_guess *guess,
		     const struct relabel_kernel *kernel, unsigned job);

/* The line that whoever carries it out later takes the hash from. */
void relabelout_hash(struct cli *cli, const uint8_t hash[PLAN_HASH_SIZE]);

/* How far a job is, or how it ended, with the first of its errors. */
void relabelout_job(struct cli *cli, const struct relabel_job *job);

/* One line for a terminal, without its end, in ASCII, what matters most first: how long it
 * worked and will; one JSON object for a program. */
void relabelout_line(struct strbuf *out, const struct relabel_job *job);
void relabelout_json(struct strbuf *out, const struct relabel_job *job);

/* The exit status that tells how it ended. */
int relabelout_exit(const struct relabel_job *job);
