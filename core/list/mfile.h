/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A saved measurement list: one way to open it for every command. */
#pragma once

#include <stdbool.h>

#include "core/base/diag.h"
#include "core/base/root.h"
#include "core/host/hashalg.h"

/* Opens a list that somebody named for reading; the descriptor is the caller's. "-" is
 * standard input. A pipe will do, too; neither does where it must be read @anywhere, and
 * then nothing waits for a pipe's other end. IMA-H001, IMA-H006; IMA-L007 for what cannot
 * hold a list. */
int mfile_open(const char *path, bool anywhere, struct diag *reterr);

/* The list of a recorded host; the ascii one where only that was recorded. IMA-H010 where
 * there is none. */
int mfile_open_recorded(const struct root *root, struct diag *reterr);

/* The bank whose list it is by its name, ..._measurements_sha256: the digest column is as
 * wide as that bank's digests. _HASH_ALG_INVALID where the name does not say; NULL will
 * do. */
enum hash_alg mfile_bank(const char *path);

/* The width of the digest column as mreader_new() and mstore_open() take it: 0 where the
 * name does not say. */
uint8_t mfile_column(const char *path);
