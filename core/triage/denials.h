/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Denials counted: what is alike is one row, with how often, since when and how it went over
 * the last hour; rows make groups by cause, path, program or package.
 *
 * Memory is bounded. When there is no room for another row, an event is counted in the row of
 * its cause whose path and program are not told (.path.len == 0, .crowded): counts stay
 * right, and .crowded of the totals says how many events lost their names.
 *
 * Pure; one thread.
 */
#pragma once

#include "core/base/cleanup.h"
#include "core/base/diag.h"
#include "core/host/pkgdb.h"
#include "core/triage/denial.h"

enum {
	DENIALS_ROWS_MAX = 16384,
	DENIALS_BYTES_MAX = 16 << 20, /* of names */
	DENIALS_MINUTES = 60,	      /* counted one by one */
};

enum denials_key {
	DENIALS_BY_CAUSE,
	DENIALS_BY_PATH,
	DENIALS_BY_PROGRAM,
	DENIALS_BY_PACKAGE,
	_DENIALS_KEY_MAX,
	_DENIALS_KEY_INVALID = -EINVAL,
};

/* Events of one kind, op and cause, on one file, by one program. Spans are borrowed until
 * denials_free() (rows are never taken away). */
struct denials_row {
	struct denial last; /* the latest of them, with the spans of the row */
	uint64_t count;
	uint64_t n_denied, n_allowed;	      /* of them; the rest is not known */
	uint64_t first_ms, last_ms;	      /* since 1970; 0: no time is known */
	bool crowded;			      /* stands for all that found no room */
	uint64_t minute;		      /* since 1970: the last of .per_minute */
	uint16_t per_minute[DENIALS_MINUTES]; /* oldest first; 65535: as many or more */
};

/* Rows that have a key in common. */
struct denials_group {
	struct span name;      /* of the key; empty: not known, no package */
	enum denial_kind kind; /* of the row that came last; with BY_CAUSE of all */
	uint64_t count, n_denied, n_allowed, first_ms, last_ms;
	size_t n_rows, n_paths, n_programs; /* of different ones at most */
	uint32_t per_minute[DENIALS_MINUTES];
};

struct denials;

int denials_new(struct denials **ret, struct diag *reterr);
struct denials *denials_free(struct denials *s);
DEFINE_CLEANUP(struct denials *, denials_free)

/* Counts one event; its spans are copied where they are new. The number of its row.
 * -ENOMEM. */
int denials_add(struct denials *s, const struct denial *d);

size_t denials_rows(const struct denials *s);
const struct denials_row *denials_row(const struct denials *s, size_t i);

struct denials_totals {
	uint64_t events; /* all that were added */
	uint64_t denied, allowed;
	uint64_t of_kind[_DENIAL_KIND_MAX];
	uint64_t crowded; /* events whose names were not kept */
	size_t memory;	  /* bytes */
};
void denials_totals(const struct denials *s, struct denials_totals *ret);

/*
 * Groups by one key, the most frequent first (of equals the later one), over the rows that
 * @wants takes (NULL: all). *ret is the caller's, to be freed; names in it are borrowed from
 * @s and @pkgs. @minute: since 1970, the last of .per_minute. The number of groups; -ENOMEM.
 */
int denials_group(const struct denials *s, enum denials_key key, const struct pkgdb *pkgs,
		  uint64_t minute,
		  bool (*wants)(void *user, const struct denials_row *row), void *user,
		  struct denials_group **ret);

/* Has the row that name by that key? */
bool denials_row_is(const struct denials_row *row, enum denials_key key,
		    const struct pkgdb *pkgs, struct span name);

/* "cause", "path", "program", "package". */
const char *denials_key_name(enum denials_key key);
enum denials_key denials_key_from_name(const char *name);
