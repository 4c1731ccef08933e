/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came of simulating a policy, in lines that people read: for the command and the
 * console. Everything is appended, escaped, with its newlines. */
#pragma once

#include "core/simulate/simulate.h"

/* All of it borrowed. */
struct simulatetext {
	const char *policy;   /* as people know it */
	const char *root_dir; /* --root; NULL */
	const struct ruleset *rules;
	const struct bootset *set;
	unsigned sources; /* that were asked: 1 << enum bootset_source */
	const struct pkgdb *packages;
	const struct simulate *result;
	bool enforces; /* else it only logs */
	bool labels_only;
	bool all;	       /* every file, not only the worst groups */
	const char *all_words; /* where those are that are left out: "--all has them" */
	bool ascii;
};

/* The kernel takes all of a policy or nothing. */
bool simulatetext_refused(const struct ruleset *rules);

/* The first line: "Ready", and what comes behind it. */
const char *simulatetext_verdict(const struct simulatetext *s, struct strbuf *out);
/* How many uses pass. */
void simulatetext_passes(const struct simulatetext *s, struct strbuf *out);
/* ": 9 of 10 uses denied", behind the title of the rank. */
void simulatetext_rank(const struct simulatetext *s, enum simulate_rank rank,
		       struct strbuf *out);
/* "missing-hash", "no key deadbeef" */
const char *simulatetext_cause(const struct simulate_row *row, char buf[64]);
/* "in /opt/app": the files of a group. Foreign bytes, not escaped. */
void simulatetext_where(const struct simulate *r, const struct simulate_group *g,
			struct strbuf *out);
/* The commands that put it right, if any. */
void simulatetext_fixes(const struct simulatetext *s, struct strbuf *out);
/* On what it was tried, what that rests on, and what it came to besides. */
void simulatetext_tail(const struct simulatetext *s, struct strbuf *out);
