/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a rescue speaks: the terminal it was started on, and the kernel log. */
#pragma once

#include "core/base/diag.h"
#include "core/base/root.h"
#include "core/base/str.h"

/* To standard error, "imactl: SENTENCE". */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void say_diag(const struct diag *d);

/* To the kernel log, from where every console has it and PID 1's journal keeps it; what is
 * not printable is escaped. @level as of syslog(3): 6 informs, 2 is critical. */
void say_kernel(const struct root *root, int level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
