/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Going back to a generation, as a plan: its policy takes the place of what PID 1 would load
 * next, its keys that of those in /etc/keys/ima. What was there is kept as a generation. A
 * machine that does not come up is brought back without plans: recovery/restore.h.
 */
#pragma once

#include <stdbool.h>

#include "core/policy/genfound.h"

struct genback {
	const struct root *root;
	const char *release; /* of the kernel that it must be good for */
	unsigned number; /* 0: the newest good one; where that is there, the one before */
	bool passed;	 /* .number passed its trial: it is not called good yet */
};

struct genback_said {
	unsigned number;	    /* the generation that is gone back to */
	struct genfound_kept found; /* the one that is what was there */
	bool no_policy;
	size_t keys_put, keys_taken;
};

/* IMA-R020, IMA-R021, IMA-R022: it is not called good for that kernel, or there is none, or
 * it has no policy, which was never found here; IMA-R001, IMA-R002. */
int genback_plan(const struct genback *in, struct plan *ret,
		 struct genback_said *ret_said, struct diag *reterr);
/* The same steps for a plan that was begun. */
int genback_add(const struct genback *in, struct plan *plan,
		struct genback_said *ret_said, struct diag *reterr);
