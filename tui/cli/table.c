/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <wchar.h>

#include "core/base/cleanup.h"

#define GAP	    2
#define FLEX_MIN    8
#define MAX_COLUMNS 16

struct table_cell {
	size_t at, len; /* in table.text */
	unsigned width;
	enum out_style style;
};

void table_init(struct table *t, const struct out *out,
		const struct table_column *columns, size_t n_columns)
{
	*t = (struct table){
		.columns = columns,
		.n_columns = n_columns < MAX_COLUMNS ? n_columns : MAX_COLUMNS,
		.ascii = out->ascii,
	};
}

void table_done(struct table *t)
{
	strbuf_done(&t->text);
	free(t->cells);
	*t = (struct table){0};
}

/* Bytes of the first character of @s and the columns it takes. */
static size_t next_char(struct span s, unsigned *ret_width)
{
	uint32_t cp = 0;
	size_t n = str_utf8(s, &cp);
	int width = n > 1 ? wcwidth((wchar_t)cp) : 1;

	*ret_width = width < 0 ? 1 : (unsigned)width;
	return n ? n : 1;
}

unsigned table_width(struct span text)
{
	unsigned sum = 0, width;

	for (size_t i = 0; i < text.len; sum += width)
		i += next_char((struct span){text.ptr + i, text.len - i}, &width);
	return sum;
}

static struct span cell_text(const struct table *t, const struct table_cell *c)
{
	return (struct span){(const uint8_t *)strbuf_str(&t->text) + c->at, c->len};
}

/* The text from @at on becomes a cell. */
static void add_cell(struct table *t, size_t at, enum out_style style)
{
	size_t cap = t->cap ? t->cap * 2 : 64;
	struct table_cell *cells;

	if (t->n_cells == t->cap) {
		cells = reallocarray(t->cells, cap, sizeof(*cells));
		if (!cells) {
			t->failed = true;
			return;
		}
		t->cells = cells;
		t->cap = cap;
	}
	t->failed |= t->text.failed;
	if (t->failed)
		return;
	t->cells[t->n_cells] = (struct table_cell){at, t->text.len - at, 0, style};
	t->cells[t->n_cells].width = table_width(cell_text(t, &t->cells[t->n_cells]));
	t->n_cells++;
}

void table_text(struct table *t, enum out_style style, const char *text)
{
	size_t at = t->text.len;

	strbuf_adds(&t->text, text);
	add_cell(t, at, style);
}

void table_textf(struct table *t, enum out_style style, const char *fmt, ...)
{
	size_t at = t->text.len;
	va_list ap;

	va_start(ap, fmt);
	strbuf_addv(&t->text, fmt, ap);
	va_end(ap);
	add_cell(t, at, style);
}

void table_foreign(struct table *t, struct span bytes)
{
	size_t at = t->text.len;

	str_escape(&t->text, bytes, t->ascii);
	add_cell(t, at, OUT_PLAIN);
}

static void measure(const struct table *t, unsigned *widths)
{
	const char *title;

	for (size_t c = 0; c < t->n_columns; c++) {
		title = t->columns[c].title;
		widths[c] = title ? table_width(span_of(title)) : 0;
	}
	for (size_t i = 0; i < t->n_cells; i++)
		if (t->cells[i].width > widths[i % t->n_columns])
			widths[i % t->n_columns] = t->cells[i].width;
}

/* Takes what the terminal lacks from the flexible columns, the widest first. */
static void shrink(const struct table *t, unsigned *widths, unsigned terminal)
{
	unsigned sum = GAP * (unsigned)(t->n_columns - 1);
	size_t widest;

	for (size_t c = 0; c < t->n_columns; c++)
		sum += widths[c];
	for (; sum > terminal; sum--) {
		widest = t->n_columns;
		for (size_t c = 0; c < t->n_columns; c++)
			if (t->columns[c].flex && widths[c] > FLEX_MIN &&
			    (widest == t->n_columns || widths[c] > widths[widest]))
				widest = c;
		if (widest == t->n_columns)
			return;
		widths[widest]--;
	}
}

/* As much of @text as fits @width with ".." behind it. Returns the columns taken. */
static unsigned cut(struct strbuf *to, struct span text, unsigned width)
{
	unsigned used = 0, w;
	size_t n;

	for (size_t i = 0; i < text.len; i += n, used += w) {
		n = next_char((struct span){text.ptr + i, text.len - i}, &w);
		if (used + w + 2 > width)
			break;
		strbuf_add(to, text.ptr + i, n);
	}
	strbuf_adds(to, "..");
	return used + 2;
}

static void print_cell(struct out *out, const struct table *t, size_t column,
		       struct span text, enum out_style style, unsigned width)
{
	_cleanup_strbuf_ struct strbuf shown = {0};
	bool last = column + 1 == t->n_columns;
	unsigned taken = table_width(text);

	if (taken > width)
		taken = cut(&shown, text, width);
	else
		strbuf_add(&shown, text.ptr, text.len);
	if (t->columns[column].right)
		out_addf(out, "%*s", (int)(width - taken), "");
	out_style(out, style, strbuf_str(&shown));
	if (last)
		out_add(out, "\n");
	else
		out_addf(out, "%*s",
			 (int)((t->columns[column].right ? 0 : width - taken) + GAP), "");
}

static void print_titles(struct out *out, const struct table *t, const unsigned *widths)
{
	bool any = false;

	for (size_t c = 0; c < t->n_columns; c++)
		any |= t->columns[c].title != NULL;
	for (size_t c = 0; any && c < t->n_columns; c++)
		print_cell(out, t, c, span_of(t->columns[c].title ?: ""), OUT_BOLD,
			   widths[c]);
}

void table_print(struct out *out, const struct table *t)
{
	unsigned widths[MAX_COLUMNS] = {0};

	if (t->failed || t->n_columns == 0) {
		out_buf(out)->failed |= t->failed;
		return;
	}
	measure(t, widths);
	if (out->width)
		shrink(t, widths, out->width);
	print_titles(out, t, widths);
	for (size_t i = 0; i < t->n_cells; i++) {
		print_cell(out, t, i % t->n_columns, cell_text(t, &t->cells[i]),
			   t->cells[i].style, widths[i % t->n_columns]);
		if ((i + 1) % t->n_columns == 0 && out_check(out) < 0)
			return;
	}
}
