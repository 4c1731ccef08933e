/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Variables of the EFI firmware as efivarfs shows them: four bytes of attributes, then the
 * value, written by one write (linux 6.12 Documentation/filesystems/efivarfs.rst,
 * fs/efivarfs/file.c). The texts of a boot loader are UTF-16 with a NUL.
 */
#pragma once

#include <stdbool.h>

#include "core/base/bytes.h"
#include "core/base/str.h"

/* Appends the text of a variable's file in UTF-8; false: it is none. */
bool efivar_text(struct span file, struct strbuf *out);
/* The bytes of a variable that lasts and can be seen while the system runs. */
void efivar_pack_text(struct strbuf *out, const char *ascii);
