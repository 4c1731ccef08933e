/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recorded hosts for tests of keys: kernels of several kinds that trust a CA of certgen. */
#pragma once

#include "core/base/root.h"
#include "tests/certs/certgen.h"

enum keyhost_kind {
	KEYHOST_IMA_61,	 /* .ima, as linux 6.1 judges */
	KEYHOST_USER_61, /* _ima, Debian's */
	KEYHOST_IMA_612, /* .ima, as linux 6.12 judges */
	KEYHOST_BLIND,	 /* seen by a user: nothing of the kernel's own */
};

/* Writes the files of a recorded host into @dir, which exists. */
void keyhost_write(const char *dir, enum keyhost_kind kind, const struct certgen *g);

/* In a new folder: its path; opened when @ret is given. */
char *keyhost_new(enum keyhost_kind kind, const struct certgen *g, struct root *ret);
/* Removes it, frees the path. */
void keyhost_free(char *dir);

/* Adds or replaces one file of it. */
void keyhost_put(const char *dir, const char *name, const char *text);
