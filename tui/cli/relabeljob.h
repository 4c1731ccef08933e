/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs as processes: begun in a session of their own, so that closing the terminal ends
 * nothing; followed by whoever wants to; stopped by a signal, which keeps what is done.
 */
#pragma once

#include "core/label/relabel-job.h"
#include "tui/cli/cmd.h"

struct relabeljob_how {
	const struct sig_key *key; /* NULL: nothing is signed */
	bool resume, kernel_fixes;
	bool foreground; /* in this process */
	bool detach;	 /* not followed */
};

/* Carries @job out and follows it to its end; ^C and SIGTERM stop it. Says how it ended and
 * returns the exit status. In the process that works nothing is said: its caller returns
 * what this returns, at once. */
int relabeljob_run(struct cli *cli, struct relabel_job *job,
		   const struct relabeljob_how *how);

/* Shows how far a running job is until it has ended; exit status. */
int relabeljob_follow(struct cli *cli, unsigned id);

/* Asks a running job to stop, and waits until it has. IMA-C021: it does not run. */
int relabeljob_stop(struct cli *cli, unsigned id, struct diag *reterr);
