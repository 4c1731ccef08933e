/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text in columns: as wide as their longest cell, two blanks between them. Where the
 * terminal is too narrow the flexible columns give way and what is cut ends in "..";
 * in a pipe nothing is cut. Holds its rows until printed: for lists of unknown length
 * print lines instead.
 */
#pragma once

#include "tui/cli/out.h"

struct table_column {
	const char *title; /* NULL in every column: no title line */
	bool right;	   /* numbers */
	bool flex;	   /* may be cut, down to 8 columns */
};

struct table_cell;

struct table {
	const struct table_column *columns; /* borrowed */
	size_t n_columns;
	bool ascii;
	struct strbuf text;
	struct table_cell *cells;
	size_t n_cells;
	size_t cap;
	bool failed; /* out of memory: table_print() passes it on to the output */
};

/* @out decides what must be escaped. */
void table_init(struct table *t, const struct out *out,
		const struct table_column *columns, size_t n_columns);
void table_done(struct table *t);
#define _cleanup_table_ __attribute__((cleanup(table_done)))

/* One cell; a row is complete after n_columns of them. */
void table_text(struct table *t, enum out_style style, const char *text);
void table_textf(struct table *t, enum out_style style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void table_foreign(struct table *t, struct span bytes);

void table_print(struct out *out, const struct table *t);

/* Columns that printable UTF-8 text takes on a terminal. */
unsigned table_width(struct span text);
