/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of text with a meaning: what Overview, TPM, help and the full detail are made of.
 * The console draws them (in columns, scrolled, wrapped), line mode prints them: the two
 * cannot tell different things. Texts are escaped before they come here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "tui/canvas.h"

enum { DOC_LABEL_MAX = 24 };

struct doc_line {
	size_t at; /* of its NUL-terminated text in text */
	uint8_t style;
	uint8_t indent; /* columns before the text, label included; wrapped rows too */
	char label[DOC_LABEL_MAX];
};

struct doc {
	struct strbuf text;
	struct doc_line *line;
	size_t n, cap;
	bool failed;	 /* memory ended: lines are missing */
	uint8_t label_w; /* columns of labels; 12 when 0 */
	bool cut; /* lines that are too long end in '>' instead of going on below */
	int left; /* columns the text of cut lines is scrolled by */
};

void doc_clear(struct doc *d);
void doc_done(struct doc *d);

/* A section's heading; the lines after it are indented by one more column. */
void doc_title(struct doc *d, const char *title);
void doc_blank(struct doc *d);
void doc_text(struct doc *d, enum style style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* "Label   value" */
void doc_field(struct doc *d, const char *label, enum style style, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* "[+] value": the mark is a word to be read without colours. */
void doc_mark(struct doc *d, const char *mark, enum style style, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Each line of one of core's formatters, escaped already. */
void doc_lines(struct doc *d, enum style style, const struct strbuf *text);
/* The lines of another one. */
void doc_append(struct doc *d, const struct doc *more);

/* The line as text, label included. Appends to @out, without a newline. */
void doc_line_text(const struct doc *d, size_t i, struct strbuf *out);

/* Rows the document takes when it is @w wide (lines are wrapped). */
size_t doc_rows(const struct doc *d, int w);

/* Draws rows [top, top + r.h). Returns the rows drawn. */
int doc_draw(const struct doc *d, struct canvas *c, struct rect r, size_t top);

/* The row of line @i when the document is @w wide, and the line of row @row. */
size_t doc_row_of(const struct doc *d, size_t i, int w);
size_t doc_line_of(const struct doc *d, size_t row, int w);

/* Columns that the widest line takes when it is not wrapped. */
int doc_width(const struct doc *d);
