/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files that compare decisions: the accesses that are tried. */
#pragma once

#include "core/policy/accessdiff.h"
#include "core/base/policymatch.h"

/* What an access is told apart by. */
enum accessdim {
	ACCESSDIM_HOOK,
	ACCESSDIM_UID,
	ACCESSDIM_EUID,
	ACCESSDIM_GID,
	ACCESSDIM_EGID,
	ACCESSDIM_OWNER,
	ACCESSDIM_GROUP,
	ACCESSDIM_FS,
	ACCESSDIM_LABEL,
	ACCESSDIM_DATA,
	_ACCESSDIM_MAX,
};

/* Numbers that no rule tells apart, both ends included. */
struct accessdim_range {
	uint32_t low, high;
};

struct accessdim_fs {
	uint64_t magic;
	struct span name, subtype;
	uint8_t uuid[16];
};

struct accessdim_label {
	enum policy_key key; /* OBJ_USER to SUBJ_TYPE; 0: no label */
	struct span value;
};

/* All combinations of the values, numbered from 0. Spans point into the policies. */
struct accessworld {
	size_t n[_ACCESSDIM_MAX]; /* at least 1 each */
	bool data;		  /* keys and critical data, not files */
	bool rough;
	uint8_t hooks[ACCESSDIFF_VALUES]; /* rows of accesshook_...() */
	/* by enum accessdim, of UID to GROUP */
	struct accessdim_range ids[ACCESSDIM_GROUP + 1][ACCESSDIFF_VALUES];
	/* The first of each is none that a rule names. */
	struct accessdim_fs fs[ACCESSDIFF_VALUES];
	struct accessdim_label label[ACCESSDIFF_VALUES];
	struct span item[ACCESSDIFF_VALUES]; /* keyrings, kinds of data */
};

/* @data: of the hooks that no file is behind. */
void accessworld_init(struct accessworld *w, const struct policy *const policies[2],
		      const struct policy_kernel *kernel, bool data);
size_t accessworld_size(const struct accessworld *w);

/* @labels: room for six, which the access borrows. */
void accessworld_access(const struct accessworld *w, const size_t at[_ACCESSDIM_MAX],
			struct policymatch_access *ret, struct span labels[6]);

/* The accesses of a box (bits: which values) in words. */
void accessworld_say(struct strbuf *out, const struct accessworld *w,
		     const uint64_t box[_ACCESSDIM_MAX]);
