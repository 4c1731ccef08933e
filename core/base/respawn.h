/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * This program started anew, for work that is to outlive the process that wants it: one
 * with threads and a terminal cannot be forked without taking their locks and descriptors
 * along.
 */
#pragma once

#include "core/base/root.h"

enum { RESPAWN_ARGS = 16 };

/* Runs the very file that this process runs (@root has /proc and /dev) with @args, NULL at
 * its end, behind "imactl"; waits for its end. Nothing is read or printed; what it wrote to
 * standard error is appended to @err. Returns its exit status, 128 + n after signal n;
 * -errno. Callable from any thread. */
int respawn_self(const struct root *root, const char *const args[], struct strbuf *err);
