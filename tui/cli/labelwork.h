/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Labels planned and set by what a command line wishes: shown, asked for, carried out as a
 * job. */
#pragma once

#include "core/label/relabel-job.h"
#include "tui/cli/scopeopt.h"

/* All zero before, but for what the command knows. */
struct labelwork {
	struct cli *cli; /* with the option --key */
	struct relabel_opts opts;
	struct scopeopt paths;
	struct sig_key *key;
	struct keyset others; /* keys of signatures that are there */
	unsigned threads;
	bool threads_given, throttle_given;
	bool recheck, foreground, detach;
	struct relabel_kernel kernel;
};

void labelwork_done(struct labelwork *w);

/* Each returns the exit status, when failures were told. */
int labelwork_plan(struct labelwork *w); /* kept, but with --readonly, and shown */
/* The plan of now, shown and asked for; or the kept one that --plan names. */
int labelwork_apply(struct labelwork *w);
/* One that was confirmed. */
int labelwork_run(struct labelwork *w, struct relabel_job *job, bool resume);
