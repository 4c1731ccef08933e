/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl rollout: from no policy to one that stays. */
#include "tui/cli/rollout.h"

const struct cmd cmd_rollout = {
	.name = "rollout",
	.summary = "Try a policy in one boot, and keep it when it was good",
	.subs = (const struct cmd *const[]){&rollout_stage, &rollout_arm,
					    &rollout_confirm, &rollout_abort,
					    &rollout_status, NULL},
	.help = "A policy is staged, tried in one boot, and written to the disk when somebody\n"
		"confirms it there: whatever goes wrong before that, the boot after it is the\n"
		"old one. imactl-rollout(8) has the whole way.",
};
