/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GRUB's environment block: a file of 1024 bytes, the signature line, lines NAME=VALUE, the
 * rest '#' (grub 2.06 grub-core/lib/envblk.c).
 */
#pragma once

#include <stdbool.h>

#include "core/base/bytes.h"
#include "core/base/str.h"

enum { GRUBENV_SIZE = 1024 };

/* Is that a block at all? */
bool grubenv_is(struct span block);

/* The value of a variable; false: it is not set, or the block is none. Empty counts as not
 * set: so GRUB leaves what it has taken out. Borrowed. */
bool grubenv_get(struct span block, const char *name, struct span *ret);

/* Appends the block with the variable set, or with @value empty taken out; from nothing a
 * new one. -EBADMSG: not a block; -ENOSPC: no room; -EINVAL: a newline in it. */
int grubenv_set(struct span block, const char *name, struct span value,
		struct strbuf *out);
