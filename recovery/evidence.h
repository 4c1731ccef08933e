/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is kept of a failure below /etc/imactl/evidence, a numbered folder each: for people,
 * never read to decide. Where it cannot be written nothing is kept, and nobody fails for it.
 */
#pragma once

#include "core/base/gen.h"
#include "core/base/str.h"

#define EVIDENCE_FOLDER GEN_FOLDER "/evidence"

enum { EVIDENCE_MAX = 99 }; /* folders; then the last one is used again */

/* Makes the next folder below the root folder @at; -errno. *ret_number (may be NULL). */
int evidence_new(int at, unsigned *ret_number);

/* Into that folder, synced; what is there is replaced. */
void evidence_put(int folder, const char *name, const struct strbuf *text);

/* The number of the newest folder below the root folder @at; 0: there is none. */
unsigned evidence_newest(int at);
