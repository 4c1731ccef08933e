/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An entry of a boot loader in a file of its own, loader/entries/ID.conf: lines of a key and
 * a value (the Boot Loader Specification, type 1). systemd-boot starts them.
 */
#pragma once

#include <stdbool.h>

#include "core/base/bytes.h"
#include "core/base/str.h"
#include "core/boot/bootwords.h"

/* The value of a key's first line; false: there is none. */
bool bootentry_get(struct span text, const char *key, struct span *ret);

/* Appends the words for the kernel: all its lines "options", in their order. */
void bootentry_words(struct span text, struct strbuf *out);

/* Appends the entry with its words as wished. */
void bootentry_edit(struct span text, const struct bootwords *wish, struct strbuf *out);
/* The same under another title, sorted behind all others. */
void bootentry_copy(struct span text, const char *title, const struct bootwords *wish,
		    struct strbuf *out);

/* "debian-6.1" of "debian-6.1+3-0.conf": without the tries that are counted in it. Is that
 * @id, which may end in ".conf"? */
bool bootentry_is(const char *name, struct span id);
