/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can be done about a cause (remedies.inc): its title, the command, what whoever does it
 * trusts from then on, how it is undone.
 */
#pragma once

#include <stdbool.h>

#include "core/base/bytes.h"
#include "core/base/str.h"

enum remedy_id {
#define REMEDY(id, word, kind, title, command, trusts, undo) REMEDY_##id,
#include "core/triage/remedies.inc"
#undef REMEDY
	_REMEDY_MAX,
	_REMEDY_INVALID = -22,
};

enum remedy_kind {
	REMEDY_KIND_PLAN,   /* imactl does it: remedyplan.h */
	REMEDY_KIND_SHOW,   /* a command for somebody to run, never run by imactl */
	REMEDY_KIND_ADVICE, /* no command does it */
};

struct remedy {
	const char *word; /* "label", for --fix and JSON: never renamed */
	enum remedy_kind kind;
	const char *title;	   /* a line without its dot */
	const char *command;	   /* words divided by blanks; "" of ADVICE */
	const char *trusts, *undo; /* both "" of what only looks */
};

/* What the words in capitals of a command stand for. Foreign bytes; an empty one stays as
 * it is: "KEY". */
struct remedy_about {
	struct span path; /* with its slash */
	struct span package, cert, key, alg, policy;
	bool rpm;	  /* the package is rpm's: dnf installs it */
	const char *root; /* of another root than this machine's; NULL */
};

const struct remedy *remedy_of(enum remedy_id id);
enum remedy_id remedy_from_word(struct span word); /* _REMEDY_INVALID */
const char *remedy_kind_word(enum remedy_kind kind);

/* Appends the command as words, each with its NUL; returns how many, 0 of ADVICE. */
size_t remedy_words(enum remedy_id id, const struct remedy_about *about,
		    struct strbuf *out);
/* Appends the command as somebody would type it: words in quotes where a shell wants them.
 * Foreign bytes. */
void remedy_command(enum remedy_id id, const struct remedy_about *about,
		    struct strbuf *out);
