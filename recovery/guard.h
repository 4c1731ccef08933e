/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that outlives switch-root and undoes a policy that stopped PID 1.
 *
 * In an ordinary boot it acts on a freeze of PID 1 alone, never on time: the good generation
 * is put in place on the disk, and the machine restarted, once. In a boot that is a trial it
 * also acts where PID 1 stops for another reason, where the health check failed, and where
 * nobody confirmed before the deadline; the disk was never changed then, so restarting is all
 * there is to do. A second, early one, which needs no root, is there for a trial that does not
 * even find its root.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/diag.h"
#include "core/base/root.h"

struct guard_spec {
	const struct root *here; /* this system: the kernel's places and /run */
	const struct root
		*target; /* where PID 1 is going to; NULL: not known, the early one */
	bool trial;	 /* this boot tries a policy: deadline and health count */
};

/* Forks the guard, into a session of its own and with no descriptor of the caller's but those
 * that it opens anew. Returns when it holds everything that it needs, so that a policy may be
 * loaded. Its process id; 0: imactl.guard=off; -errno. */
pid_t guard_start(const struct guard_spec *spec, struct diag *reterr);
