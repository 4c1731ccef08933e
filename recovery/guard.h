/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that outlives switch-root and undoes a policy that stopped PID 1. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/diag.h"
#include "core/base/root.h"

struct guard_spec {
	const struct root *here;   /* this system: the kernel's places and /run */
	const struct root *target; /* where PID 1 is going to */
	bool trial; /* this boot tries a policy: deadline and health count */
};

/* Forks the guard, into a session of its own and with no descriptor of the caller's but those
 * that it opens anew. Returns when it holds everything that it needs. Its process id; -errno. */
pid_t guard_start(const struct guard_spec *spec, struct diag *reterr);
