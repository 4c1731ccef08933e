/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a recorded host: every file of root-files.inc that is there, PCR values, the
 * kernel log and configuration, into a new folder of mode 0700. All or nothing: the folder
 * appears under its name when it is complete. What could not be had is listed with the
 * reason in host.json; nothing secret is read (keys are names, never payloads).
 *
 * List and PCRs belong together: the list is read to its end, the PCRs, and the list once
 * more; with new entries it starts over at the PCRs, a bounded number of times. The list
 * comes through the live reader: what a checkpoint holds is not read from the kernel again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/diag.h"
#include "core/base/root.h"

enum { BUNDLE_ITEMS_MAX = 96 };

struct bundle_item {
	char name[96]; /* in the recorded host */
	bool written;
	uint64_t bytes; /* when written */
	int err; /* when not: -ENOENT absent, -EFBIG left out, -EOPNOTSUPP read by nobody */
	char why[160]; /* when not, or when written with a remark; escaped */
};

struct bundle {
	size_t n_items;
	struct bundle_item item[BUNDLE_ITEMS_MAX];
	uint64_t entries; /* of the list */
	bool unsettled;	  /* the list grew on and on: it may be ahead of the PCRs */
};

struct bundle_options {
	const char *tcti; /* as for tpm_open(), NULL: find out */
	bool all_lists;	  /* the lists of each bank too, however long they are */
};

/* -EEXIST: @dir is there already (IMA-H009). *ret (may be large: allocate it) says what
 * was written, also of a failed run. */
int bundle_write(struct root *root, const char *dir, const struct bundle_options *options,
		 struct bundle *ret, struct diag *reterr);
