/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the guard. */
#pragma once

#include <sys/stat.h>

#include "core/base/root.h"
#include "recovery/diagnose.h"
#include "recovery/guard-decide.h"
#include "recovery/klog.h"
#include "recovery/restore.h"

enum { GUARD_LEVEL = 2 }; /* of what it says: critical, it reaches the console */

struct guard {
	struct root here, target; /* the early one has no target */
	struct guard_task task;
	struct guard_state state;
	struct pid1 pid1;
	struct klog log;
	struct diagnose diagnose;
	struct stat st; /* of the root folder that PID 1 goes to */
	char boot_id[TRIAL_BOOT_SIZE];
	bool may_act; /* false: imactl.rollback=off */

	/* Read before a policy is loaded, for an ordinary boot */
	struct restore good; /* .number 0: there is none */
	struct diag why_none;
	enum trial_fallback fallback;
};

/* Brings the machine back, for .state.cause; returns only when it may not or cannot. */
void guard_undo(const struct guard *g);
/* Tells everybody that the machine restarts, or that it does not after all. */
void guard_announce(const struct guard *g);
void guard_recall(const struct guard *g);
/* And that they may confirm it. @now: seconds since the boot. */
void guard_tell(const struct guard *g, uint64_t now);
