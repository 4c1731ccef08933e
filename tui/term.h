/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal. term.c is the only file that includes <curses.h>; term-none.c stands in
 * for it in builds without ncurses. One terminal at a time: curses' state is global.
 *
 * From term_open() to term_close() the terminal is in full-screen mode. A crash in
 * between restores it before the process dies of its signal. The signals themselves
 * (WINCH, TSTP, CONT, TERM..) are the caller's: it blocks them and calls the functions
 * below.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/diag.h"
#include "tui/canvas.h"
#include "tui/theme.h"

struct terminal;

struct term_config {
	enum scheme scheme;
	bool ascii; /* asked for; term_is_ascii() tells what came of it */
};

struct term_key {
	int key;    /* character or enum key */
	int y, x;   /* K_MOUSE */
	int button; /* K_MOUSE: 1 click, 4 wheel up, 5 wheel down */
};

/* NULL when the terminal description named @name (TERM) can drive a full screen, else why
 * not. Touches no terminal. */
const char *term_unfit(const char *name);

int term_open(const struct term_config *config, struct terminal **ret,
	      struct diag *reterr);

/* Takes NULL. Gives the terminal back as it was found. */
struct terminal *term_close(struct terminal *t);

/* 1: a key, 0: no more for now, -EIO: the terminal is gone. Never blocks longer than it
 * takes to tell Esc from the start of a function key. */
int term_key(struct terminal *t, struct term_key *ret);

/* Copies what differs from the last call; the rest of the screen is not sent. */
void term_draw(struct terminal *t, const struct canvas *c);

/* Everything is sent again with the next term_draw(). */
void term_redraw(struct terminal *t);

/* The terminal's size now (24x80 when it does not say). */
void term_size(struct terminal *t, int *ret_h, int *ret_w);

/* Stops this process as ^Z would, the terminal given back; returns after SIGCONT with the
 * full-screen mode restored. */
void term_suspend(struct terminal *t);

void term_scheme(struct terminal *t, enum scheme scheme);

/* Returns whether the console has the mouse now: false where the terminal has none. */
bool term_mouse(struct terminal *t, bool on);

/* Puts text on the terminal's clipboard; false when this terminal is not known to take it
 * (serial lines, the Linux console), nothing is sent then. */
bool term_copy(struct terminal *t, const char *text, size_t len);

bool term_is_ascii(const struct terminal *t); /* draw nothing but ASCII */
bool term_is_slow(const struct terminal *t);  /* below 38400 baud: redraw once a second */
bool term_has_color(const struct terminal *t);
