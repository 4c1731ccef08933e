/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An entry of the list in words: the cells of a row, and everything about it. */
#pragma once

#include "core/list/mstore.h"
#include "core/host/pkgdb.h"
#include "tui/doc.h"

/* The cells of a row. Texts are escaped. Zero-initialise, reuse, entrytext_done(). */
struct entrytext {
	bool exact; /* number is not an estimate */
	uint64_t number;
	unsigned pcr;
	bool violation;
	const char *sig; /* "yes", "VIO", "buf", "-" */
	struct strbuf template, alg, digest, pkg, path;
	struct strbuf scratch; /* the decoded bytes of an ASCII list */
};

void entrytext_done(struct entrytext *t);

/* False: there is no such entry. */
bool entrytext_fill(struct entrytext *t, const struct mstore *store,
		    const struct pkgdb *pkgs, mref ref, bool ascii);

/* "9f1c..a20b": @keep digits from either end; returns @buf. */
const char *entrytext_short(char *buf, size_t size, const char *hex, size_t keep);

/* A signature field (security.ima, security.evm) in words: type, version, hash, key id,
 * length; "none" when it is empty, the reason when it is not one. */
void entrytext_signature(struct strbuf *out, struct span sig);

/* Appends every field of the entry, decoded, then the record's place in the list. */
void entrytext_doc(struct doc *d, const struct mstore *store, const struct pkgdb *pkgs,
		   mref ref, bool ascii);
