/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by relabel.c and relabel-judge.c alone. */
#pragma once

#include "core/base/imaxattr.h"
#include "core/host/pkgdb.h"
#include "core/label/relabel.h"

enum { RELABEL_KIND_BYTES = 1 + IMAXATTR_KEYID };

/* What a look at a file's label says without reading the file. */
struct relabel_verdict {
	enum relabel_reason reason; /* when .check: where the label does not fit */
	enum relabel_reason fits;   /* when .check: where it does */
	bool check;		    /* the contents must be read to know */
};

/* @pkgs may be NULL: nothing belongs to a package. */
struct relabel_verdict relabel_judge(const struct relabel_opts *opts,
				     const struct pkgdb *pkgs,
				     const struct walk_file *file);
/* What else the judgement needs: the name of an attribute, or NULL. */
const char *relabel_also(const struct relabel_opts *opts);
/* The same of a file that is of interest with .instead_of alone: its signature names that
 * key. False: it is none of those. */
bool relabel_judge_instead(const struct relabel_opts *opts, const struct walk_file *file,
			   struct relabel_verdict *ret);
/* Which label is the right one at that path; OWN: none is known. Looks at nothing but its
 * arguments: any thread. */
enum relabel_reason relabel_expect(const struct relabel_opts *opts,
				   const struct pkgdb *pkgs, const char *path);
/* The kind of label that is right for @fits, as bytes for known.h; borrowed from @buf. */
struct span relabel_kind_bytes(const struct relabel_opts *opts, enum relabel_reason fits,
			       uint8_t buf[RELABEL_KIND_BYTES]);
/* The same, where nothing can be written to the file. */
enum relabel_reason relabel_permit(enum relabel_reason reason, bool read_only,
				   bool locked);

/* Folders below the target where imactl keeps its notes (core/base/root.c), NULL at the
 * end. */
extern const char *const relabel_own[];
