/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"

/* Writes 2 * bytes.len lower-case digits to @out, no NUL. */
void hex_encode(char *out, struct span bytes);

/* Decodes text.len / 2 bytes into @out. Either case. -EINVAL: odd length or another
 * character; nothing is promised about @out then. */
int hex_decode(uint8_t *out, struct span text);
