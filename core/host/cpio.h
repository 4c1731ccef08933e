/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The archives of an initramfs, as the kernel unpacks them (linux 6.12 init/initramfs.c):
 * cpio in its form "newc", one behind the other with zeros between them, and compressed
 * data behind the last. Read in one pass, from a file or a pipe, in little memory.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/bytes.h"
#include "core/base/diag.h"

enum {
	CPIO_NAME_MAX = 4096, /* with its NUL */
	CPIO_BUFFER = 1 << 16,
};

struct cpio_entry {
	char name[CPIO_NAME_MAX]; /* without "/" or "./" at its start; foreign */
	uint32_t mode;
	uint32_t size; /* of what cpio_read() gives; a link's target is that */
};

struct cpio {
	int fd;		   /* borrowed */
	uint64_t at;	   /* offset of buf[begin], from where reading began */
	size_t begin, end; /* in buf */
	uint64_t left;	   /* of the entry's content */
	unsigned pad;	   /* behind it */
	uint8_t buf[CPIO_BUFFER];
};

/* From where @fd is. */
void cpio_init(struct cpio *c, int fd);

/* 1: the next file, of whichever archive. 0: no archive goes on here: cpio_peek() shows
 * what does. -EBADMSG (IMA-R070): damaged or cut; -errno of reading (IMA-H002). */
int cpio_next(struct cpio *c, struct cpio_entry *ret, struct diag *reterr);

/* The next of the entry's content into @buf; 0 at its end. Errors as cpio_next(). What is
 * not read is skipped by the next cpio_next(). */
ssize_t cpio_read(struct cpio *c, void *buf, size_t size, struct diag *reterr);

/* The bytes, at most @n, where cpio_next() stopped; none at the end. Borrowed until the
 * next call. */
struct span cpio_peek(struct cpio *c, size_t n);
