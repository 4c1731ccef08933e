/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of imactl rollout; their table is in cmd-rollout.c. */
#pragma once

#include "tui/cli/cmd.h"

struct trialnow;

extern const struct cmd rollout_plan, rollout_stage, rollout_observe, rollout_preflight,
	rollout_arm, rollout_confirm, rollout_abort, rollout_status;

/* Option @name, for how long a policy is observed at least, in seconds; without it the usual
 * time. IMA-U003: no time like 24h. */
int rollout_time(const struct cli *cli, const char *name, uint64_t *ret,
		 struct diag *reterr);

/* Members of an object of the schema imactl/rollout/1: what is known of the trial. */
void rollout_trial_json(const struct trialnow *now, struct json *j);

/* In a boot that was found healthy: calls good what was confirmed before and loaded from the
 * disk now, as a change that nobody is asked for, and brings the message of the day up to
 * date. 0; -errno, with what did not work. */
int rollout_prove(struct cli *cli, struct diag *reterr);
