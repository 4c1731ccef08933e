/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter language of the console and of --filter:
 *
 *   word "two words" !word /regex/ field op value ( ) and or not
 *
 * A token /like this/ is a regular expression (POSIX extended; /this/i without regard to
 * case), /usr/bin is a word. Words and values may be quoted; \\, \" and \xNN are read as
 * str_escape() writes them, so what a screen shows can be pasted. Terms side by side are
 * ANDed. A word is a substring of the path (eight hex digits or
 * more also one of a digest). Operators: = != ~ (contains) !~ < <= > >=; what a field
 * understands is in filter-fields.inc. "-" means "has none" (pkg=-). Sizes take k M G,
 * ages s m h d. Compiled to a flat program of at most 64 tests; no recursion.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cleanup.h"
#include "core/base/diag.h"
#include "core/base/str.h"
#include "core/list/mstore.h"

struct pkgdb;

enum filter_field {
#define FILTER_FIELD(id, name, kind, help) FILTER_##id,
#include "core/list/filter-fields.inc"
#undef FILTER_FIELD
	FILTER_WORD, /* a word or /regex/ without a field */
	_FILTER_FIELD_MAX = FILTER_WORD,
	_FILTER_FIELD_INVALID = -EINVAL,
};

/* What a filter looks at besides the entry; members may be NULL or 0. */
struct filter_context {
	const struct pkgdb *pkgs; /* NULL: every package is unknown */
	/* When the entry came (CLOCK_MONOTONIC), 0: before us. For since; live_seen_ms(). */
	uint64_t (*seen_ms)(const void *seen_from, mref ref);
	const void *seen_from;
	uint64_t now_ms;
};

struct filter;

/* Compiles @text. -EINVAL: IMA-U0xx with the column. An empty text matches everything. */
int filter_new(const char *text, struct filter **ret, struct diag *reterr);
struct filter *filter_free(struct filter *f);
DEFINE_CLEANUP(struct filter *, filter_free)

/* The filter spelled in its normal form; parsing that gives the same program. */
const char *filter_text(const struct filter *f);
bool filter_is_empty(const struct filter *f);
/* True when the answer changes without the entry changing (since, pkg while loading). */
bool filter_is_timed(const struct filter *f);
bool filter_uses(const struct filter *f, enum filter_field field);

/* Does the entry pass? @number from 1, 0 when not known. */
bool filter_match(const struct filter *f, const struct filter_context *ctx,
		  const struct mlog_dialect *dialect, const struct mlog_entry *entry,
		  uint64_t number, mref ref);

/*
 * Runs over a store from @ref on, in list order within head or tail: adds refs that pass
 * to @out (at most @out_max) and stops after @budget_us. Plain words are searched in the
 * raw bytes without decoding entries. Returns how many were added; *ref is where to go on
 * (one past the last known entry of its part when the part is done).
 */
size_t filter_scan(const struct filter *f, const struct filter_context *ctx,
		   const struct mstore *store, mref *ref, unsigned budget_us, mref *out,
		   size_t out_max);

/* For completion and help: name, kind of value ("number", "text"..), one line. */
const char *filter_field_name(enum filter_field field);
const char *filter_field_kind(enum filter_field field);
const char *filter_field_help(enum filter_field field);
