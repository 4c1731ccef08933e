/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How large a terminal is that does not say: a serial line knows nothing of what hangs on it
 * (0x0). The terminal itself is asked for where its last cell is, and the kernel told.
 */
#pragma once

#include <stdbool.h>

/* Does the kernel know no size for standard input's terminal? */
bool termsize_is_unknown(void);
/* Asks (ESC [ 6 n), for 0.3 s; what is typed meanwhile is lost. False: it did not answer, and
 * nothing is changed. Only for terminals that place text. */
bool termsize_ask(void);

/* Of an answer "ESC [ 24 ; 80 R", with anything around; false: there is none. */
bool termsize_parse(const char *text, unsigned *ret_rows, unsigned *ret_cols);
