/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /etc/default/grub and the files of /etc/default/grub.d: pieces of shell that grub-mkconfig
 * reads, in which GRUB_CMDLINE_LINUX and GRUB_CMDLINE_LINUX_DEFAULT hold words for the
 * kernel. imactl's own words stand in a file of its own; words of the same name elsewhere
 * are taken out there, or which of them counted would be a matter of their order.
 */
#pragma once

#include "core/base/bytes.h"
#include "core/base/str.h"
#include "core/boot/bootwords.h"

#define GRUB_DEFAULT_FILE   "etc/default/grub"
#define GRUB_DEFAULT_FOLDER "etc/default/grub.d"
#define GRUB_DEFAULT_OWN    "60-imactl.cfg"

/* Appends the file without words of those names. 1: that is another text; 0: the same;
 * -ENOTSUP: such a word stands where only a shell can tell what it comes to. */
int grubdefault_without(struct span text, const struct bootwords *names,
			struct strbuf *out);

/* Appends imactl's own file: the words it had (@old, may be empty) with the wish fulfilled;
 * nothing when no word is left. */
void grubdefault_own(struct span old, const struct bootwords *wish, struct strbuf *out);
