/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What policy simulate prints. */
#pragma once

#include "core/simulate/simulate.h"
#include "tui/cli/cmd.h"

/* All of it borrowed. */
struct simulateout {
	const char *policy;   /* as people know it */
	const char *root_dir; /* --root; NULL */
	const struct ruleset *rules;
	const struct bootset *set;
	unsigned sources; /* that were asked: 1 << enum bootset_source */
	const struct pkgdb *packages;
	const struct simulate *result;
	bool enforces; /* else it only logs */
	bool labels_only;
	bool all; /* every file, not only the worst groups */
};

/* The kernel takes all of a policy or nothing. */
bool simulateout_refused(const struct ruleset *rules);
void simulateout_text(struct cli *cli, const struct simulateout *s);
void simulatejson_print(struct cli *cli, const struct simulateout *s);
