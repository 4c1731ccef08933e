/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl rollout: from no policy to one that stays. */
#include "tui/cli/rollout.h"

const struct cmd cmd_rollout = {
	.name = "rollout",
	.summary = "From nothing to enforce, step by step, by a trial boot",
	.subs = (const struct cmd *const[]){&rollout_plan, &rollout_stage,
					    &rollout_observe, &rollout_preflight,
					    &rollout_arm, &rollout_confirm,
					    &rollout_abort, &rollout_status, NULL},
	.help = "A policy is staged, the files are labelled for it, it is observed in log mode,\n"
		"tried in one boot, and written to the disk when somebody confirms it there:\n"
		"whatever goes wrong before that, the boot after it is the old one.\n"
		"imactl-rollout(8) has the whole way.",
};
