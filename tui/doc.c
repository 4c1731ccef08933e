/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/doc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void doc_clear(struct doc *d)
{
	strbuf_clear(&d->text);
	d->n = 0;
	d->failed = false;
}

void doc_done(struct doc *d)
{
	strbuf_done(&d->text);
	free(d->line);
	*d = (struct doc){.label_w = d->label_w, .cut = d->cut, .left = d->left};
}

static bool room(struct doc *d)
{
	size_t cap = d->cap ? d->cap * 2 : 32;
	struct doc_line *line;

	if (d->n < d->cap)
		return true;
	line = realloc(d->line, cap * sizeof(*line));
	if (!line)
		return !(d->failed = true);
	d->line = line;
	d->cap = cap;
	return true;
}

static void add(struct doc *d, const char *label, unsigned indent, enum style style,
		const char *fmt, va_list ap) __attribute__((format(printf, 5, 0)));

static void add(struct doc *d, const char *label, unsigned indent, enum style style,
		const char *fmt, va_list ap)
{
	struct doc_line *l;

	if (!room(d))
		return;
	l = &d->line[d->n];
	*l = (struct doc_line){.at = d->text.len,
			       .style = (uint8_t)style,
			       .indent = (uint8_t)indent};
	(void)snprintf(l->label, sizeof(l->label), "%s", label);
	strbuf_addv(&d->text, fmt, ap);
	strbuf_add(&d->text, "", 1);
	if (d->text.failed)
		d->failed = true;
	else
		d->n++;
}

static void addf(struct doc *d, const char *label, unsigned indent, enum style style,
		 const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static void addf(struct doc *d, const char *label, unsigned indent, enum style style,
		 const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(d, label, indent, style, fmt, ap);
	va_end(ap);
}

void doc_title(struct doc *d, const char *title)
{
	addf(d, "", 0, STYLE_TITLE, "%s", title);
}

void doc_blank(struct doc *d)
{
	addf(d, "", 0, STYLE_NORMAL, "%s", "");
}

void doc_text(struct doc *d, enum style style, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(d, "", 1, style, fmt, ap);
	va_end(ap);
}

void doc_field(struct doc *d, const char *label, enum style style, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(d, label, 1u + (d->label_w ? d->label_w : 12u), style, fmt, ap);
	va_end(ap);
}

void doc_mark(struct doc *d, const char *mark, enum style style, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(d, mark, 2u + (unsigned)strlen(mark), style, fmt, ap);
	va_end(ap);
}

static const char *text_of(const struct doc *d, size_t i)
{
	return strbuf_str(&d->text) + d->line[i].at;
}

void doc_lines(struct doc *d, enum style style, const struct strbuf *text)
{
	struct bytes in = bytes_of(strbuf_str(text), text->len);
	struct span line;

	while (bytes_until(&in, '\n', &line))
		doc_text(d, style, "%.*s", (int)line.len, (const char *)line.ptr);
}

void doc_append(struct doc *d, const struct doc *more)
{
	for (size_t i = 0; i < more->n; i++)
		addf(d, more->line[i].label, more->line[i].indent,
		     (enum style)more->line[i].style, "%s", text_of(more, i));
}

void doc_line_text(const struct doc *d, size_t i, struct strbuf *out)
{
	const struct doc_line *l = &d->line[i];

	strbuf_addf(out, "%*s%-*s", l->indent ? 1 : 0, "", l->indent ? l->indent - 1 : 0,
		    l->label);
	strbuf_adds(out, text_of(d, i));
	while (out->len && out->ptr[out->len - 1] == ' ')
		out->ptr[--out->len] = '\0';
}

/* Bytes of @text that fit into @w columns, broken at a blank where there is one. */
static size_t fit(const char *text, int w)
{
	size_t n = 0, blank = 0;
	int used = 0;

	while (text[n]) {
		size_t len = str_utf8(span_of(text + n), NULL);
		char one[8] = {0};

		len = len ? len : 1;
		memcpy(one, text + n, len);
		used += canvas_width(one);
		if (used > w)
			break;
		n += len;
		if (text[n] == ' ')
			blank = n;
	}
	if (!text[n] || blank == 0)
		return n ? n : strlen(text); /* nothing fits: never stand still */
	return blank;
}

/* Where a document is being laid out. */
struct walk {
	size_t line;
	const char *rest; /* of the line; NULL: at its start */
};

/* The next row: its bytes and whether it begins a line. False at the end. */
static bool next_row(const struct doc *d, struct walk *k, int w, const char **ret,
		     size_t *len, bool *first)
{
	int text_w;

	if (k->line >= d->n)
		return false;
	*first = !k->rest;
	*ret = k->rest ? k->rest : text_of(d, k->line);
	text_w = w - d->line[k->line].indent;
	*len = d->cut ? strlen(*ret) : fit(*ret, text_w > 8 ? text_w : 8);
	k->rest = *ret + *len;
	while (*k->rest == ' ')
		k->rest++;
	if (!*k->rest) {
		k->rest = NULL;
		k->line++;
	}
	return true;
}

size_t doc_row_of(const struct doc *d, size_t i, int w)
{
	struct walk k = {0};
	const char *text;
	size_t len, rows = 0;
	bool first;

	while (k.line < i && next_row(d, &k, w, &text, &len, &first))
		rows++;
	return rows;
}

size_t doc_line_of(const struct doc *d, size_t row, int w)
{
	struct walk k = {0};
	const char *text;
	size_t len, line = 0;
	bool first;

	for (size_t at = 0; next_row(d, &k, w, &text, &len, &first); at = k.line) {
		line = at;
		if (row-- == 0)
			break;
	}
	return line;
}

int doc_width(const struct doc *d)
{
	int widest = 0, w;

	for (size_t i = 0; i < d->n; i++) {
		w = d->line[i].indent + canvas_width(text_of(d, i));
		widest = w > widest ? w : widest;
	}
	return widest;
}

size_t doc_rows(const struct doc *d, int w)
{
	return doc_row_of(d, d->n, w);
}

static void draw_row(const struct doc *d, size_t i, struct canvas *c, int y,
		     struct rect r, const char *text, size_t len, bool first)
{
	const struct doc_line *l = &d->line[i];
	_cleanup_strbuf_ struct strbuf b = {0};

	strbuf_add(&b, text, len);
	if (first && *l->label)
		canvas_text(c, y, r.x + 1, l->indent - 1,
			    l->label[0] == '[' ? (enum style)l->style : STYLE_LABEL,
			    l->label);
	canvas_text(c, y, r.x + l->indent, r.w - l->indent, (enum style)l->style,
		    canvas_skip(strbuf_str(&b), d->cut ? d->left : 0));
}

int doc_draw(const struct doc *d, struct canvas *c, struct rect r, size_t top)
{
	struct walk k = {0};
	const char *text;
	size_t len, row = 0, line = 0;
	bool first;

	while (next_row(d, &k, r.w, &text, &len, &first)) {
		if (row >= top + (size_t)r.h)
			return r.h;
		if (row >= top)
			draw_row(d, line, c, r.y + (int)(row - top), r, text, len, first);
		line = k.line;
		row++;
	}
	return row > top ? (int)(row - top) : 0;
}
