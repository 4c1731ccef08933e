/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel would decide about every file of a scope (core/appraise/inspect.h), by kinds of
 * answers, with their names. Nothing is written.
 *
 * Only files that have a label are read, and of those not even the ones whose hash was
 * found right before and that have not changed since (core/host/known.h): as when labels are
 * planned.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/appraise/appraise.h"
#include "core/base/diag.h"
#include "core/base/root.h"
#include "core/base/str.h"
#include "core/label/scope.h"
#include "core/host/walk.h"

enum scan_kind {
#define SCAN_KIND(id, class, words, means) SCAN_##id,
#include "core/label/scan-kinds.inc"
#undef SCAN_KIND
	_SCAN_KIND_MAX,
};

enum scan_class { SCAN_FAILS, SCAN_UNSURE, SCAN_RIGHT, SCAN_OUT };

enum { SCAN_LISTED = 250000 }; /* files of a kind whose names are kept; all are counted */

struct scan_opts {
	enum scope scope;
	const char *path; /* below the target; for SCOPE_NAMED */
	unsigned threads; /* 0: as many as there are processors */
};

struct scan_progress {
	uint64_t files;		/* seen */
	uint64_t read, to_read; /* labelled files; to_read 0: not known yet */
	uint64_t bytes;		/* of those that were read */
};

struct scan_watch {
	/* On the caller's thread, now and then; each may be NULL. */
	void (*progress)(void *user, const struct scan_progress *p);
	bool (*stop)(void *user);
	void *user;
};

/* One file. */
struct scan_found {
	size_t name;   /* in struct scan .names */
	uint16_t err;  /* positive errno: why it cannot be read; 0 */
	uint8_t cause; /* enum appraise_cause; of what fails */
	uint8_t skip;  /* enum walk_skip, of LEFT_OUT */
};

struct scan_group {
	uint64_t files;
	struct scan_found *found; /* by name */
	size_t n, cap;
};

struct scan {
	struct scan_group group[_SCAN_KIND_MAX];
	struct strbuf names; /* paths below the target, each with its NUL */
	struct walk_counts counts;
	const char *words;	  /* scope_rules_words() */
	uint64_t failing, unsure; /* files in all */
	bool stopped;		  /* before its end: what was found until then */
};

/* On the calling thread and others of its own. What stop() ends is a result all the same.
 * What walk_run() and keylive_keys() give. */
int scan_run(const struct root *root, const struct scan_opts *opts,
	     const struct scan_watch *watch, struct scan *ret, struct diag *reterr);
void scan_done(struct scan *s);

/* Foreign bytes. */
const char *scan_name(const struct scan *s, const struct scan_found *f);

enum scan_class scan_class_of(enum scan_kind kind);
const char *scan_kind_words(enum scan_kind kind);
const char *scan_kind_means(enum scan_kind kind);

/* The kind an answer belongs to, for a file that was inspected, or could not be: positive
 * errno. */
struct inspect_result;
enum scan_kind scan_kind_of(const struct inspect_result *r);
enum scan_kind scan_kind_of_error(int err, bool root);
