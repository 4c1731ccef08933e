/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The proof: a file is used as it was when it was denied, and the kernel says what it thinks
 * of it now. It is opened, mapped, or run as far as the kernel's decision: a program that
 * may run is ended before its first instruction, nothing is written to any file. A process
 * of its own does it, as the user who was denied.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/root.h"

/* Can that operation ("exec") be tried at all? Not those of the kernel's own: modules. */
bool touch_can(const char *op);

/* @path below the target. 0: it passes; -errno: what a program would get, -EACCES where the
 * kernel denies it. *ret_tried: false: it could not be tried, -errno is of that. */
int touch_file(const struct root *root, const char *path, const char *op, uint32_t uid,
	       bool *ret_tried);
