/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by journal.c and journal-read.c alone. */
#pragma once

#include "core/base/journal.h"

#define JOURNAL_MAGIC "imactl-journal-1\n"

enum journal_record {
	RECORD_HEAD = 1,
	RECORD_INTENT,
	RECORD_DONE,
	RECORD_UNDONE,
	RECORD_FAILED,
	RECORD_WANTED,
};

void journal_segment_name(char buf[32], unsigned number);
/* @what: "read", "write". Returns @err. */
int journal_cannot(const char *what, unsigned id, int err, struct diag *reterr);
/* All of them, head first; what only begins counts as never written. */
int journal_read_segments(struct journal *j, const struct action_set *set,
			  struct diag *reterr);
