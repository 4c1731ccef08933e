/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal of somebody in front of a machine that does not start: lines, no screen. It
 * works on a serial line, without terminfo, with any TERM.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "core/base/root.h"

struct terminal {
	struct root
		*here; /* keystrokes are noted in its /run: the guard waits for them */
	struct termios before;
};

/* Standard input where that is a terminal, else the console. -ENOTTY: there is none. */
int terminal_open(struct root *here, struct terminal *ret);
/* As it was; and back, where somebody else had it meanwhile. */
void terminal_close(struct terminal *t);
void terminal_again(struct terminal *t);

enum terminal_end {
	TERMINAL_LINE,
	TERMINAL_NOBODY, /* @seconds went by without a key */
	TERMINAL_GONE,	 /* the line was hung up */
};

/* A line without its end; what does not fit is not taken. @echo: shown as it is typed.
 * @seconds: until the first key; 0: as long as it takes. */
enum terminal_end terminal_line(struct terminal *t, char *buf, size_t size, bool echo,
				unsigned seconds);

/* Notes that somebody sits here, for those who would act when nobody does. */
void terminal_note(struct terminal *t);

/* A shell on the terminal; returns when it ends. While it runs keystrokes are noted, too.
 * -errno: there is none. */
int terminal_shell(struct terminal *t);
