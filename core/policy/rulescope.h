/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which files a policy appraises, whoever uses them: what a label is for. A file counts
 * when some access that makes sense for it meets a rule that appraises; which accesses do
 * is told by its mode and its name, since a file that nobody can execute is never checked
 * as a program, and only modules are loaded as modules.
 */
#pragma once

#include "core/base/policymatch.h"
#include "core/policy/ruleset.h"

enum { RULESCOPE_IDS = 24 }; /* users and groups that are tried, at most */

struct rulescope {
	const struct ruleset *rules; /* borrowed */
	uint32_t uids[RULESCOPE_IDS], gids[RULESCOPE_IDS];
	size_t n_uids, n_gids;
	bool rough; /* the rules name more of them */
};

/* Spans are borrowed. */
struct rulescope_file {
	const char *path; /* below the target */
	uint16_t mode;
	uint32_t uid, gid;
	uint64_t fsmagic;
	struct span fsname; /* empty: not known */
	struct span fs_subtype;
	const uint8_t *uuid; /* 16 bytes; NULL: not known */
};

/* What a file may be used as. */
enum rulescope_use {
	RULESCOPE_ANY,
	RULESCOPE_PROGRAM, /* somebody may execute it */
	RULESCOPE_MAPPED,  /* or it is a library */
	RULESCOPE_MODULE,
	RULESCOPE_FIRMWARE,
	RULESCOPE_KERNEL,
	RULESCOPE_POLICY,
	_RULESCOPE_USE_MAX,
};

struct rulescope_need {
	bool appraised; /* by some access */
	bool reading;	/* by being opened for reading, by root */
	bool unsure; /* a rule by label, or by what is not known of the file, decides */
	bool signature; /* a hash is not enough */
	bool modsig;	/* an appended signature would do */
	bool verity, sigv3;
	uint32_t algos; /* 1 << enum hash_alg that are good enough; 0: all */
};

/* @rules must stay. The users and groups are those that rules which appraise name, or
 * (_any) rules of all classes. */
void rulescope_init(struct rulescope *s, const struct ruleset *rules);
void rulescope_init_any(struct rulescope *s, const struct ruleset *rules);
/* Does any rule appraise anything? */
bool rulescope_any(const struct rulescope *s);
/* What it may be used as by path and mode: 1 << enum rulescope_use. For callers that keep
 * answers: equal bits, equal needs, when all but path and mode are the same. */
unsigned rulescope_uses(const struct rulescope_file *file);
void rulescope_of(const struct rulescope *s, const struct rulescope_file *file,
		  struct rulescope_need *ret);

/* What the rules say to one access. */
typedef void (*rulescope_fn)(void *user, const struct policymatch_access *access,
			     const struct policymatch_result *result);
/* Every access that makes sense for the file, by everybody who is tried. */
void rulescope_each(const struct rulescope *s, const struct rulescope_file *file,
		    rulescope_fn fn, void *user);
