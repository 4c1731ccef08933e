/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command line options from tables. The same rows give the parser, --help, completion and
 * the check of the man pages, so an option is added in one place.
 *
 * Forms: --name, --name=VALUE, --name VALUE, -x, -xVALUE, -x VALUE, -xyz for flags.
 * "--" ends options. Names are never abbreviated: what a script uses today must not
 * become ambiguous with the next version.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/diag.h"

enum opt_kind {
	OPT_FLAG,     /* no value */
	OPT_STRING,   /* the last one given counts */
	OPT_NUMBER,   /* whole decimal number */
	OPT_REPEATED, /* each one given counts, in order */
	OPT_CHOICE,   /* one of the words of metavar, "auto|always|never" */
};

/* Tables end with a row without a name. */
struct opt {
	const char *name; /* without the dashes */
	char letter;	  /* short form, 0 for none */
	enum opt_kind kind;
	const char *metavar; /* NULL for flags */
	const char *help;    /* one line, a sentence without its full stop */
	const char *same_as; /* another name of this option of the table: taken, and told
			      * nowhere; the row's help is NULL then */
};

/* A row that is told to people. */
static inline bool opt_is_shown(const struct opt *opt)
{
	return opt->same_as == NULL;
}

struct opt_given {
	const struct opt *opt;
	const char *value;
	uint64_t number;
};

#define OPT_TABLES 4

/* What one command line said. Strings are borrowed from argv. */
struct opts {
	const struct opt *tables[OPT_TABLES]; /* set by the caller; NULL where fewer */
	struct opt_given *given;	      /* owned */
	size_t n_given;
	const char **args; /* owned, NULL at the end; what is not an option */
	size_t n_args;
};

/* Looks a long name up (@len bytes); NULL when the table has none. */
const struct opt *opt_find(const struct opt *table, const char *name, size_t len);
const struct opt *opt_find_letter(const struct opt *table, char letter);

static inline bool opt_takes_value(const struct opt *opt)
{
	return opt->kind != OPT_FLAG;
}

/* Parses argv[0..argc) (no program name) against o->tables. IMA-U001 unknown option,
 * IMA-U003 bad or missing value. @skip (may be NULL) marks words that are not looked at:
 * the command's own name. */
int opt_parse(struct opts *o, int argc, const char *const *argv, const bool *skip,
	      struct diag *reterr);

void opt_done(struct opts *o);

/* The options below must be in one of the tables; a name that is not is a defect and
 * aborts. Values are those given last. */
bool opt_flag(const struct opts *o, const char *name);
const char *opt_str(const struct opts *o, const char *name, const char *fallback);
uint64_t opt_u64(const struct opts *o, const char *name, uint64_t fallback);

/* The @i-th value of a repeated option, NULL when there are no more. */
const char *opt_nth(const struct opts *o, const char *name, size_t i);

/* Of @n names the one nearest to @word, NULL when none is near enough to suggest. */
const char *opt_nearest(const char *word, const char *const *names, size_t n);
