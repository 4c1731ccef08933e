/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A grid of cells that screens draw into, without a terminal: term.c copies it to curses,
 * tests dump it as text. Drawing outside the grid is clipped, never an error.
 *
 * Text is UTF-8 that was escaped before (str_escape()). A control character here is a
 * defect of ours: it trips an assertion in debug builds and is drawn as '?' always, so
 * nothing foreign can reach the terminal even then.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"
#include "tui/theme.h"

enum { CELL_BYTES = 14 };

enum cell_kind {
	CELL_TEXT,  /* text[] is one character and what combines with it */
	CELL_TAIL,  /* right half of a wide character */
	CELL_HLINE, /* lines: term.c picks "-|+" or the terminal's own */
	CELL_VLINE,
	CELL_CORNER_TL,
	CELL_CORNER_TR,
	CELL_CORNER_BL,
	CELL_CORNER_BR,
};

struct cell {
	char text[CELL_BYTES]; /* NUL-terminated; " " when empty */
	uint8_t kind;
	uint8_t style;
};

struct rect {
	int y, x, h, w;
};

struct canvas {
	int h, w;
	struct cell *cell; /* h rows of w */
	int cursor_y;	   /* where the terminal's cursor stands, -1: hidden */
	int cursor_x;
};

/* Makes the grid h by w and blank; keeps the old one on -ENOMEM. */
int canvas_resize(struct canvas *c, int h, int w);
void canvas_done(struct canvas *c);
void canvas_clear(struct canvas *c);

/* The cell, or NULL outside the grid. */
const struct cell *canvas_cell(const struct canvas *c, int y, int x);

/* Columns the text takes; combining characters take none. */
int canvas_width(const char *text);

/* @text without its first @columns columns. */
const char *canvas_skip(const char *text, int columns);

/* Draws @text into columns [x, x + w) and returns the columns used. Text that does not
 * fit ends in '>'. */
int canvas_text(struct canvas *c, int y, int x, int w, enum style style,
		const char *text);

/* The same, for text whose end matters more (paths in narrow columns): '<' and the tail.
 */
int canvas_tail(struct canvas *c, int y, int x, int w, enum style style,
		const char *text);

/* Right-aligned in [x, x + w). */
void canvas_right(struct canvas *c, int y, int x, int w, enum style style,
		  const char *text);

int canvas_textf(struct canvas *c, int y, int x, int w, enum style style, const char *fmt,
		 ...) __attribute__((format(printf, 6, 7)));

/* Blanks the rectangle in a style. */
void canvas_fill(struct canvas *c, struct rect r, enum style style);

/* Restyles cells without touching their text (a selected row, a search hit). */
void canvas_paint(struct canvas *c, struct rect r, enum style style);

void canvas_hline(struct canvas *c, int y, int x, int w, enum style style);
void canvas_box(struct canvas *c, struct rect r, enum style style);

/* The grid as text, one line a row, no trailing blanks: what golden screens hold. */
void canvas_dump(const struct canvas *c, struct strbuf *out);
