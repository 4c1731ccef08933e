/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an ELF file needs to be run: its interpreter and the names of libraries. Either
 * class, either byte order, a few reads, however large the file is. The structures are
 * those of linux 6.12 include/uapi/linux/elf.h, the limits those of fs/binfmt_elf.c where it
 * has any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"

enum { ELFFILE_NEEDED_MAX = 512 };

struct elffile {
	bool wide; /* 64 bits */
	bool big_endian;
	uint16_t machine;    /* EM_X86_64 */
	struct strbuf names; /* NUL-terminated, one behind the other */
	/* Offsets in names, + 1; 0: there is none. */
	uint32_t interp;
	uint32_t rpath, runpath; /* folders with ':' between them; "$ORIGIN/../lib" */
	uint32_t needed[ELFFILE_NEEDED_MAX];
	size_t n_needed;
};

/* 1: an ELF file. 0: it is none. -EBADMSG: a damaged one. -ENOMEM; -errno of reading. What
 * is needed beyond ELFFILE_NEEDED_MAX is left out. */
int elffile_read(int fd, struct elffile *ret);
void elffile_done(struct elffile *e);
#define _cleanup_elffile_ __attribute__((cleanup(elffile_done)))

/* One of the names; NULL for 0. */
static inline const char *elffile_name(const struct elffile *e, uint32_t name)
{
	return name ? e->names.ptr + name - 1 : NULL;
}

/* Could one load the other? */
static inline bool elffile_fits(const struct elffile *a, const struct elffile *b)
{
	return a->wide == b->wide && a->big_endian == b->big_endian &&
	       a->machine == b->machine;
}
