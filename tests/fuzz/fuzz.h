/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory runs out on purpose (tests/fault/nomem.c): results may be missing then, and only
 * crashes and leaks count. */
__attribute__((weak)) bool fuzz_starved;

__attribute__((visibility("default"))) int LLVMFuzzerTestOneInput(const uint8_t *data,
								  size_t size);
