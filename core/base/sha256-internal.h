/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by sha256.c, sha256-x86.c and their test alone. */
#pragma once

#include "core/base/sha256.h"

typedef void sha256_blocks_fn(uint32_t state[8], const uint8_t *blocks, size_t n);

sha256_blocks_fn sha256_blocks_c;
/* With the processor's SHA instructions; NULL: it has none. Asks the processor, which takes
 * its time in a virtual machine. */
sha256_blocks_fn *sha256_x86(void);
