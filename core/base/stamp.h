/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tells whether a file is the one that was read, and holds what it held: for values
 * that are made of contents now and set later.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "core/base/bytes.h"
#include "core/base/str.h"

struct stamp_time {
	int64_t sec;
	uint32_t nsec;
};

/* The content cannot have changed as long as all of this is the same. */
struct stamp {
	uint64_t ino, size;
	struct stamp_time mtime, ctime;
};

/* Of an answer with STATX_BASIC_STATS. */
struct stamp stamp_of(const struct statx *st);
/* Of an open file, @fd may be O_PATH; -errno. */
int stamp_read(int fd, struct stamp *ret);

bool stamp_same(const struct stamp *a, const struct stamp *b);
/* The same but for the time of change, which setting an attribute changes, too. */
bool stamp_same_contents(const struct stamp *a, const struct stamp *b);

/* Appends it for a plan or a journal, and reads it back; false: that was not it. */
void stamp_pack(struct strbuf *out, const struct stamp *s);
bool stamp_unpack(struct bytes *b, struct stamp *ret);

/* Reads the regular file @fd by calling @read, again if anything about the file changed
 * meanwhile: *ret is of contents that stood still, and a change since then shows. -ESTALE:
 * they never did, or it is no regular file; what @read gave. @ret_dev may be NULL. */
int stamp_still(int fd, int (*read)(void *user, int fd, uint64_t size), void *user,
		struct stamp *ret, uint64_t *ret_dev);
