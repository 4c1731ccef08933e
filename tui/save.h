/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exporting entries to a file: written beside it, synced, then put in its place in one
 * step, so the file is whole or not there. Without @overwrite an existing file is never
 * replaced, not even one that appears meanwhile.
 */
#pragma once

#include "core/list/export.h"
#include "core/list/filter.h"

struct save;

struct save_what {
	enum export_format format;
	const struct mstore *store;
	const struct pkgdb *pkgs;
	const struct filter *filter; /* NULL: all; copied, the caller may change his */
	const struct filter_context *ctx;
	const mref *marks; /* only these, in list order; copied; NULL: all that pass */
	size_t n_marks;
};

/* -EEXIST (IMA-H009): there is a file of that name. */
int save_start(const struct save_what *what, const char *path, bool overwrite,
	       struct save **ret, struct diag *reterr);
/* 1: more to do, 0: the file is there. -errno: it is as it was before. */
int save_step(struct save *s, unsigned budget_us, struct diag *reterr);
uint64_t save_count(const struct save *s);
/* Takes NULL. Before save_step() said 0 nothing is left behind. */
struct save *save_free(struct save *s);
DEFINE_CLEANUP(struct save *, save_free)
