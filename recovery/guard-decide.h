/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guard does, as a pure function of what is seen. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/bootnote.h"
#include "core/base/trial.h"
#include "recovery/pid1.h"

enum {
	GUARD_DEADLINE_MIN = 60, /* less is not believed */
	GUARD_DEADLINE_MAX = 24 * 3600,
	GUARD_NOTICE = 60, /* seconds between the announcement and the restart */
	GUARD_EARLY_GRACE =
		120, /* so much later acts the early one, where there is another */
	GUARD_FROZEN_LOOKS = 3, /* in a row that see PID 1 frozen */
	/* In a row that see it live: while it mounts what it needs, before it loads a policy,
	 * it has as many descriptors for a moment. */
	GUARD_LIVE_LOOKS = 10,
	GUARD_OTHER_INIT =
		600, /* seconds for which an init that is not systemd is watched */
};

struct guard_task {
	bool trial;
	bool early;	   /* without a root */
	uint64_t deadline; /* of a trial, seconds since the boot */
};

/* What is seen at one moment. */
struct guard_facts {
	uint64_t now; /* seconds since the boot */
	struct pid1_seen pid1;
	bool policy_stops; /* PID 1 said that it stops because of the policy */
	bool stops;	   /* or that it stops */
	struct bootnote note;
};

enum guard_act {
	GUARD_WAIT,
	GUARD_END,	/* there is nothing to guard any more */
	GUARD_ANNOUNCE, /* the restart, for .cause, at .due */
	GUARD_RECALL,	/* what was announced does not come */
	GUARD_TELL,	/* that the trial was found healthy, and waits */
	GUARD_UNDO,	/* at once, for .cause */
};

struct guard_state {
	unsigned frozen;  /* looks in a row */
	unsigned lives;	  /* the same */
	uint64_t in_root; /* since then PID 1 is in its root; 0: not yet */
	bool announced, told;
	enum trial_cause cause;
	uint64_t due;
};

enum guard_act guard_decide(const struct guard_task *task, const struct guard_facts *f,
			    struct guard_state *s);
