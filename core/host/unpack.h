/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compressed data of the kinds that a kernel unpacks an initramfs from (linux 6.12
 * lib/decompress.c), by the programs that the tools which make one use themselves.
 */
#pragma once

#include <sys/types.h>

#include "core/base/bytes.h"
#include "core/base/diag.h"
#include "core/base/root.h"

enum { UNPACK_HEAD = 16 }; /* as many bytes tell the kinds apart */

struct unpack {
	int fd; /* what comes out is read from here */
	pid_t pid;
	const char *program; /* "zstd" */
};

/* "zstd", by the first bytes; NULL: none of them. */
const char *unpack_program(struct span head);

/* Starts the program on @fd (borrowed), a file that is where the data begins. -ENOTSUP
 * (IMA-R071): no such data; -ENOENT (IMA-R072): the program is not there. */
int unpack_start(const struct root *root, int fd, struct span head, struct unpack *ret,
		 struct diag *reterr);

/* Ends it, whether it is through or not. */
void unpack_end(struct unpack *u);
