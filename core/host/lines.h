/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of a file, one at a time, in memory that does not grow with it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/bytes.h"

struct lines {
	int fd;
	size_t max; /* longer lines are cut */
	uint8_t *buf;
	size_t len, pos;
	bool ended;
	bool cut;    /* the line that was given last was longer */
	bool follow; /* set it after lines_open(): the file grows; its end is one for now,
		      * and a line waits there for its newline */
};

/* Borrows @fd. -ENOMEM. */
int lines_open(struct lines *l, int fd, size_t max);
void lines_done(struct lines *l);
#define _cleanup_lines_ __attribute__((cleanup(lines_done)))

/* 1: the next line without its newline, borrowed until the next call; the last one may have
 * none. 0: the end. -errno of reading. */
int lines_next(struct lines *l, struct span *ret);
