/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes to the words of a kernel command line: each names one parameter, and gives the
 * one word that is to stand for it afterwards, or none. Everything else of the line stays
 * as it is, byte for byte.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/bytes.h"
#include "core/base/str.h"

enum { BOOTWORDS_MAX = 8 };

struct bootword {
	const char *name; /* "ima_appraise" */
	const char *word; /* "ima_appraise=log"; NULL: no word of that name */
};

struct bootwords {
	struct bootword of[BOOTWORDS_MAX];
	size_t n;
};

/* Letters, digits and what stands in kernel parameters beside them: nothing that a shell,
 * GRUB or a loader entry could read otherwise than as it is written. */
bool bootwords_plain(const char *word);

/* Does the line hold a word of that name? */
bool bootwords_has(struct span line, const char *name);

/* Is the line as wished: each word once, and the others not at all? */
bool bootwords_fit(struct span line, const struct bootwords *wish);

/* Appends the line with the wish fulfilled: words of those names go, those wished for come
 * behind the last of the kernel's, before "--". */
void bootwords_edit(struct span line, const struct bootwords *wish, struct strbuf *out);
