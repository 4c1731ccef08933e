/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's command line, read as the kernel reads it: words divided by blanks, double
 * quotes around a value or a whole word, "-" and "_" the same in names (linux 6.1
 * lib/cmdline.c next_arg(), kernel/params.c parameq()).
 */
#pragma once

#include <stdbool.h>

#include "core/base/bytes.h"

struct cmdline_word {
	struct span key;
	struct span value; /* empty when there is none; quotes taken off */
	bool has_value;	   /* there was a "=" */
};

/* The next word; false at the end. "--" ends the kernel's words (init/main.c). */
bool cmdline_next(struct bytes *in, struct cmdline_word *ret);

/* Is the word's name @name? */
bool cmdline_is(const struct cmdline_word *word, const char *name);

/* The last word of that name; false when there is none. */
bool cmdline_last(struct span line, const char *name, struct cmdline_word *ret);
