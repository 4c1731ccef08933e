/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A screen: one file screen-NAME.c with one of these structs, one row in screens.inc. The
 * app owns the header, tabs, status and footer rows; the screen fills the body between.
 */
#pragma once

#include "tui/canvas.h"
#include "tui/keys.h"

struct app;
struct plain;

enum screen_id {
#define SCREEN(id, number, title, ops) SCREEN_##id,
#include "tui/screens.inc"
#undef SCREEN
	_SCREEN_MAX,
};

struct screen {
	/* Both are called once. The app outlives the state. */
	int (*open)(struct app *a, void **ret_state, struct diag *reterr);
	void (*done)(void *state);
	/* A slice of work of at most @budget_us. 1: something to show changed and there
	 * is more; 0: nothing left. NULL: never has work. */
	int (*step)(void *state, unsigned budget_us);
	void (*draw)(void *state, struct canvas *c, struct rect body);
	/* The left part of the status row. */
	void (*status)(void *state, struct strbuf *out);
	/* False: not for this screen. */
	bool (*request)(void *state, enum request r);
	/* Esc ends what runs in the background. False: nothing does, and Esc goes back.
	 * NULL: nothing ever does. */
	bool (*cancel)(void *state);
	/* Mouse: button 1, or 4 and 5 for the wheel. NULL: not for the mouse. */
	void (*click)(void *state, int y, int button);
	/* The same in line mode; returns when the person goes back. */
	void (*plain)(void *state, struct plain *p);
};

#define SCREEN(id, number, title, ops) extern const struct screen ops;
#include "tui/screens.inc"
#undef SCREEN
