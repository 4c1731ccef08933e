/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many of the things in a measurement list each rule decides on: a file counts for
 * every rule that is the first to match some access that makes sense for the file
 * (core/policy/rulescope), as it is now. Keys, the command lines of kernels and critical data
 * count by what the list says of them.
 */
#pragma once

#include "core/list/mlog.h"
#include "core/policy/ruleset.h"

struct rulehits_rule {
	uint64_t n;  /* files of different names; entries of keys and data */
	bool unsure; /* it may decide on more: by an LSM's label, by what is not known */
};

struct rulehits {
	struct rulehits_rule *rules; /* of the ruleset's */
	size_t n_rules;
	bool looked;	/* at files; false: nothing is known of rules for files */
	uint64_t files; /* different names */
	uint64_t gone;	/* of them no plain file is there now */
	uint64_t data;	/* entries that are no file's */
};

struct rulehits_watch {
	void (*progress)(void *user, uint64_t entries);
	bool (*stop)(void *user);
	void *user;
};

/* A list in memory: runs of whole records (mstore_run()). Borrowed. */
struct rulehits_list {
	const struct mlog_dialect *dialect;
	const struct span *runs;
	size_t n_runs;
};

/* @root: where the files are; NULL: they are not here. May take minutes; touches nothing
 * but its arguments. -ECANCELED: @watch said stop. -ENOMEM. */
int rulehits_run(const struct ruleset *rules, const struct root *root,
		 const struct rulehits_list *list, const struct rulehits_watch *watch,
		 struct rulehits *ret, struct diag *reterr);
void rulehits_done(struct rulehits *h);
#define _cleanup_rulehits_ __attribute__((cleanup(rulehits_done)))

/* Is anything known of the rule? Of the setting of labels no list says anything. */
bool rulehits_known(const struct rulehits *h, const struct policy_rule *rule);
