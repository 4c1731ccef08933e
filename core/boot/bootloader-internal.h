/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by bootloader.c and bootloader-look.c alone. */
#pragma once

#include "core/boot/bootloader.h"

/* Why GRUB cannot write its environment block, which it must to boot an entry once; "": it
 * can. */
void bootloader_grub_writes(const struct root *root, char why[BOOTLOADER_WHY]);

/* The files of the entry that was started and of the one that is by default: .selected,
 * .chosen. */
void bootloader_find_entries(const struct root *root, struct bootloader *b,
			     const char *selected, const char *chosen);
