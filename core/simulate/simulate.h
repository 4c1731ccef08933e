/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a policy would do to the files that a machine uses (core/simulate/bootset.h): which it would
 * measure and appraise, and which uses it would deny, in groups, worst first, with the few
 * commands that put them right. Nothing is changed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/appraise/appraise.h"
#include "core/base/diag.h"
#include "core/base/root.h"
#include "core/base/str.h"
#include "core/simulate/bootset.h"
#include "core/host/pkgdb.h"
#include "core/policy/ruleset.h"

enum simulate_rank {
#define SIMULATE_RANK(id, word, title) SIMULATE_##id,
#include "core/simulate/simulate-ranks.inc"
#undef SIMULATE_RANK
	_SIMULATE_RANK_MAX,
};

enum simulate_fix_kind {
#define SIMULATE_FIX(id, word, command, what, why) SIMULATE_##id,
#include "core/simulate/simulate-fixes.inc"
#undef SIMULATE_FIX
	_SIMULATE_FIX_MAX,
};

enum { SIMULATE_SAMPLES = 3, SIMULATE_KEYS = 64 };

struct simulate_opts {
	const struct probe *probe; /* of the same root */
	const struct ruleset *rules;
	const struct bootset *set; /* sorted */
	struct pkgdb *packages;	   /* loaded where something fails */
	/* Contents are not read: a hash is taken for right, and a signature whose key is at
	 * hand. */
	bool labels_only;
	unsigned threads; /* 0: as many as there are processors */
};

struct simulate_watch {
	/* On the caller's thread, now and then; each may be NULL. */
	void (*progress)(void *user, uint64_t uses, uint64_t of);
	bool (*stop)(void *user);
	void *user;
};

/* What one user does with one file and would fail, or may. */
struct simulate_row {
	size_t name; /* in .names */
	uint32_t uid;
	uint16_t ops;  /* 1 << enum bootset_op: those that fail */
	uint8_t cause; /* enum appraise_cause; NONE of what is unsure */
	uint8_t rank;  /* enum simulate_rank */
	uint8_t fix;   /* enum simulate_fix_kind; of what fails */
	bool unsure; /* what decides is not known: .err, or a rule or key only the kernel
			 * knows */
	bool pid1;   /* init itself, its loader, libc */
	uint8_t keyid_len;
	uint8_t keyid[8]; /* of its signature */
	uint32_t fsmagic;
	uint32_t algos; /* of the rule: 1 << enum hash_alg; 0: any */
	uint32_t rule;	/* that appraises, or may; from 0; UINT32_MAX: none */
	uint16_t err;	/* positive errno: it cannot be looked at; 0 */
	int package;	/* pkgdb_name() */
};

/* Rows that lie together in .row. */
struct simulate_group {
	size_t first, n;
	size_t files;
	bool pid1;	    /* of some row */
	struct span folder; /* below the target; of .names */
};

struct simulate_fix {
	enum simulate_fix_kind kind;
	struct strbuf about; /* what %s stands for: "sha256"; foreign bytes */
	struct strbuf paths; /* that follow the command, each with its NUL; or none */
	size_t n_paths;
	size_t files; /* it puts right */
	enum simulate_rank worst;
	struct span keyid; /* LOAD_KEY; borrowed from a row */
	bool cert_known;   /* LOAD_KEY: .about is a certificate at hand */
};

struct simulate_count {
	uint64_t uses, denied, unsure;
};

struct simulate {
	struct simulate_count rank[_SIMULATE_RANK_MAX];
	uint64_t files;		      /* distinct, that are there */
	uint64_t measured, appraised; /* files */
	uint64_t denied, unsure;      /* files */
	uint64_t gone;		      /* uses of files that are not there */
	uint64_t read, bytes;	      /* files that were read, their size */
	uint64_t entries,
		entries_bytes; /* of the measured ones: in the list, kernel memory */
	/* Files by whose key signs them, as the kernel's keyring has them; and those whose key
	 * is loaded now, but lies nowhere a boot loads it from, with one such key. */
	uint32_t signed_with[SIMULATE_KEYS];
	uint64_t lost;
	uint8_t lost_keyid[IMAXATTR_KEYID];
	bool pid1;		  /* it would not start */
	bool stopped;		  /* before its end */
	struct simulate_row *row; /* by group */
	size_t n_rows, cap_rows;
	struct simulate_group *group; /* worst first */
	size_t n_groups;
	struct simulate_fix *fix; /* what serves most first; those for the boot before */
	size_t n_fixes;
	struct strbuf names; /* paths below the target, each with its NUL */
};

/* On the calling thread and others of its own. What stop() ends is a result all the same.
 * What ruleset and keylive_keys() give. */
int simulate_run(const struct root *root, const struct simulate_opts *opts,
		 const struct simulate_watch *watch, struct simulate *ret,
		 struct diag *reterr);
void simulate_done(struct simulate *s);
#define _cleanup_simulate_ __attribute__((cleanup(simulate_done)))

/* Foreign bytes. */
const char *simulate_name(const struct simulate *s, const struct simulate_row *row);

/* Everything that is asked for is allowed, it is known, and no restart changes it. */
bool simulate_ready(const struct simulate *s);

/* Appends the command, paths left out, "CERT" and the like for what is not known. @root: for
 * another root than this machine's; or NULL. Foreign bytes. */
void simulate_command(struct strbuf *out, const struct simulate_fix *fix,
		      const char *root);

const char *simulate_rank_word(enum simulate_rank rank);  /* "boot", for JSON */
const char *simulate_rank_title(enum simulate_rank rank); /* for people */
/* The words of the audit record; where there is none, words of our own. Of what is unsure:
 * why. */
const char *simulate_cause(const struct simulate_row *row);
const char *simulate_fix_word(enum simulate_fix_kind kind);
const char *simulate_fix_why(enum simulate_fix_kind kind);
