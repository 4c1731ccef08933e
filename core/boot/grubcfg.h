/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * grub.cfg as grub-mkconfig writes it: its entries, which of them is started by default,
 * and the kernel lines. It is a script that only GRUB runs; what is read here is what
 * stands in it whatever its conditions come out as.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/bytes.h"
#include "core/base/str.h"
#include "core/boot/bootwords.h"

struct grubcfg_entry {
	size_t parent; /* index + 1 of the submenu it stands in; 0: none */
	size_t place;  /* the how-manieth of its menu, from 0 */
	bool submenu;
	char *title, *id; /* without quotes; id "": it has none; owned */
	struct span
		attrs;	  /* the words behind the title: "--class debian $menuentry_.." */
	struct span body; /* what stands between the braces; borrowed from the text */
};

struct grubcfg {
	struct span text; /* borrowed */
	struct grubcfg_entry *entry;
	size_t n, cap;
	bool takes_next;   /* it heeds next_entry */
	bool takes_custom; /* it reads custom.cfg */
	char *fallback;	   /* what default= is set to without next_entry; "": 0; owned */
};

/* -ENOMEM; -EBADMSG: a quote or a brace without its end. grubcfg_done() after that, too. */
int grubcfg_parse(struct span text, struct grubcfg *ret);
void grubcfg_done(struct grubcfg *g);
#define _cleanup_grubcfg_ __attribute__((cleanup(grubcfg_done)))

/* The entry that is started by itself; @saved: what the environment block has for
 * saved_entry. NULL: there is none at all. grub 2.06 grub-core/normal/menu.c get_entry_number(): what names none is the
 * first. */
const struct grubcfg_entry *grubcfg_default(const struct grubcfg *g, struct span saved);

/* The next kernel line: @ret is its words behind the kernel's path, to the end of the line.
 * False: no other. */
bool grubcfg_next_kernel(struct bytes *in, struct span *ret);

/* Of what this system's own script has written (10_linux): does each kernel line fit, and
 * how many are there? */
bool grubcfg_fit(struct span text, const struct bootwords *wish, size_t *ret_lines);

/* Appends @text with the kernel lines as wished. */
void grubcfg_edit(struct span text, const struct bootwords *wish, struct strbuf *out);
