/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/canvas.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static const struct cell blank = {.text = " ", .kind = CELL_TEXT, .style = STYLE_NORMAL};

int canvas_resize(struct canvas *c, int h, int w)
{
	struct cell *cell = calloc((size_t)h * (size_t)w + 1, sizeof(*cell));

	if (!cell)
		return -ENOMEM;
	free(c->cell);
	*c = (struct canvas){.h = h, .w = w, .cell = cell};
	canvas_clear(c);
	return 0;
}

void canvas_done(struct canvas *c)
{
	free(c->cell);
	*c = (struct canvas){0};
}

void canvas_clear(struct canvas *c)
{
	for (int i = 0; i < c->h * c->w; i++)
		c->cell[i] = blank;
	c->cursor_y = c->cursor_x = -1;
}

static struct cell *at(const struct canvas *c, int y, int x)
{
	if (y < 0 || x < 0 || y >= c->h || x >= c->w)
		return NULL;
	return &c->cell[y * c->w + x];
}

const struct cell *canvas_cell(const struct canvas *c, int y, int x)
{
	return at(c, y, x);
}

/* One character of our UTF-8 with its bytes and columns. */
struct glyph {
	const char *text;
	size_t bytes;
	int columns;
};

static bool next_glyph(const char **text, struct glyph *ret)
{
	uint32_t cp = 0;
	size_t n;

	if (!**text)
		return false;
	n = str_utf8(span_of(*text), &cp);
	*ret = (struct glyph){*text, n, n ? wcwidth((wchar_t)cp) : -1};
	assert(n && cp >= 0x20 && !(cp >= 0x7f && cp < 0xa0));
	if (ret->columns < 0) /* this locale cannot show it */
		*ret = (struct glyph){"?", 1, 1};
	*text += n ? n : 1;
	return true;
}

int canvas_width(const char *text)
{
	struct glyph g;
	int w = 0;

	while (next_glyph(&text, &g))
		w += g.columns;
	return w;
}

/* Half of a wide character that is overwritten leaves a blank, not the other half. */
static void unpair(struct canvas *c, int y, int x)
{
	struct cell *here = at(c, y, x), *left = at(c, y, x - 1),
		    *right = at(c, y, x + 1);

	if (here->kind == CELL_TAIL && left)
		*left = (struct cell){.text = " ", .style = left->style};
	if (right && right->kind == CELL_TAIL)
		*right = (struct cell){.text = " ", .style = right->style};
}

static void put(struct canvas *c, int y, int x, const struct glyph *g, enum style style)
{
	struct cell *cell = at(c, y, x), *tail;

	if (!cell)
		return;
	unpair(c, y, x);
	*cell = (struct cell){.kind = CELL_TEXT, .style = (uint8_t)style};
	memcpy(cell->text, g->text, g->bytes);
	if (g->columns < 2)
		return;
	tail = at(c, y, x + 1);
	if (!tail) {
		memcpy(cell->text, ">", 2);
		return;
	}
	unpair(c, y, x + 1);
	*tail = (struct cell){.kind = CELL_TAIL, .style = (uint8_t)style};
}

/* A combining character joins the cell before it where there is room. */
static void combine(struct canvas *c, int y, int x, const struct glyph *g)
{
	struct cell *cell = at(c, y, x);
	size_t have;

	if (cell && cell->kind == CELL_TAIL)
		cell = at(c, y, x - 1);
	if (!cell || cell->kind != CELL_TEXT)
		return;
	have = strlen(cell->text);
	if (have + g->bytes < sizeof(cell->text))
		memcpy(cell->text + have, g->text, g->bytes);
}

/* Draws as far as @w columns go; returns the columns used. */
static int draw(struct canvas *c, int y, int x, int w, enum style style, const char *text)
{
	struct glyph g;
	int used = 0;

	while (next_glyph(&text, &g)) {
		if (used + g.columns > w)
			break;
		if (g.columns == 0 && used > 0)
			combine(c, y, x + used - 1, &g);
		else if (g.columns > 0)
			put(c, y, x + used, &g, style);
		used += g.columns;
	}
	return used;
}

int canvas_text(struct canvas *c, int y, int x, int w, enum style style, const char *text)
{
	static const struct glyph cut = {">", 1, 1};
	int used;

	if (x + w > c->w)
		w = c->w - x;
	if (y < 0 || y >= c->h || w <= 0)
		return 0;
	if (canvas_width(text) <= w)
		return draw(c, y, x, w, style, text);
	used = draw(c, y, x, w - 1, style, text);
	put(c, y, x + used, &cut, style);
	return used + 1;
}

const char *canvas_skip(const char *text, int columns)
{
	struct glyph g;

	while (columns > 0 && next_glyph(&text, &g))
		columns -= g.columns;
	return text;
}

int canvas_tail(struct canvas *c, int y, int x, int w, enum style style, const char *text)
{
	static const struct glyph cut = {"<", 1, 1};
	int over = canvas_width(text) - w;

	if (w <= 0)
		return 0;
	if (over <= 0)
		return canvas_text(c, y, x, w, style, text);
	put(c, y, x, &cut, style);
	return 1 + draw(c, y, x + 1, w - 1, style, canvas_skip(text, over + 1));
}

void canvas_right(struct canvas *c, int y, int x, int w, enum style style,
		  const char *text)
{
	int have = canvas_width(text);

	if (have < w)
		canvas_text(c, y, x + w - have, have, style, text);
	else
		canvas_text(c, y, x, w, style, text);
}

int canvas_textf(struct canvas *c, int y, int x, int w, enum style style, const char *fmt,
		 ...)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	va_list ap;

	va_start(ap, fmt);
	strbuf_addv(&b, fmt, ap);
	va_end(ap);
	return canvas_text(c, y, x, w, style, strbuf_str(&b));
}

/* The part of @r that lies on the grid. */
static struct rect clip(const struct canvas *c, struct rect r)
{
	int y2 = r.y + r.h < c->h ? r.y + r.h : c->h;
	int x2 = r.x + r.w < c->w ? r.x + r.w : c->w;

	r.y = r.y > 0 ? r.y : 0;
	r.x = r.x > 0 ? r.x : 0;
	return (struct rect){r.y, r.x, y2 - r.y, x2 - r.x};
}

void canvas_fill(struct canvas *c, struct rect r, enum style style)
{
	r = clip(c, r);
	for (int y = r.y; y < r.y + r.h; y++)
		for (int x = r.x; x < r.x + r.w; x++) {
			unpair(c, y, x);
			*at(c, y, x) =
				(struct cell){.text = " ", .style = (uint8_t)style};
		}
}

void canvas_paint(struct canvas *c, struct rect r, enum style style)
{
	r = clip(c, r);
	for (int y = r.y; y < r.y + r.h; y++)
		for (int x = r.x; x < r.x + r.w; x++)
			at(c, y, x)->style = (uint8_t)style;
}

static void put_line(struct canvas *c, int y, int x, enum cell_kind kind,
		     enum style style)
{
	struct cell *cell = at(c, y, x);

	if (!cell)
		return;
	unpair(c, y, x);
	*cell = (struct cell){.kind = (uint8_t)kind, .style = (uint8_t)style};
}

void canvas_hline(struct canvas *c, int y, int x, int w, enum style style)
{
	for (int i = 0; i < w; i++)
		put_line(c, y, x + i, CELL_HLINE, style);
}

void canvas_box(struct canvas *c, struct rect r, enum style style)
{
	int y2 = r.y + r.h - 1, x2 = r.x + r.w - 1;

	canvas_hline(c, r.y, r.x, r.w, style);
	canvas_hline(c, y2, r.x, r.w, style);
	for (int y = r.y; y <= y2; y++) {
		put_line(c, y, r.x, CELL_VLINE, style);
		put_line(c, y, x2, CELL_VLINE, style);
	}
	put_line(c, r.y, r.x, CELL_CORNER_TL, style);
	put_line(c, r.y, x2, CELL_CORNER_TR, style);
	put_line(c, y2, r.x, CELL_CORNER_BL, style);
	put_line(c, y2, x2, CELL_CORNER_BR, style);
}

static const char *cell_text(const struct cell *cell)
{
	static const char *const text[] = {
		[CELL_TAIL] = "",	[CELL_HLINE] = "-",	[CELL_VLINE] = "|",
		[CELL_CORNER_TL] = "+", [CELL_CORNER_TR] = "+", [CELL_CORNER_BL] = "+",
		[CELL_CORNER_BR] = "+",
	};

	return cell->kind == CELL_TEXT ? cell->text : text[cell->kind];
}

void canvas_dump(const struct canvas *c, struct strbuf *out)
{
	for (int y = 0; y < c->h; y++) {
		for (int x = 0; x < c->w; x++)
			strbuf_adds(out, cell_text(at(c, y, x)));
		while (out->len && out->ptr[out->len - 1] == ' ')
			out->ptr[--out->len] = '\0';
		strbuf_addc(out, '\n');
	}
}
