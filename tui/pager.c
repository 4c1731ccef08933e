/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/pager.h"

#include <string.h>

void pager_done(struct pager *p)
{
	doc_done(&p->doc);
	*p = (struct pager){0};
}

static size_t last_top(const struct pager *p)
{
	size_t rows = doc_rows(&p->doc, p->w);

	return rows > (size_t)p->h ? rows - (size_t)p->h : 0;
}

static void scroll(struct pager *p, size_t by, bool down)
{
	size_t last = last_top(p);

	p->top = down ? p->top + by : p->top > by ? p->top - by : 0;
	if (p->top > last)
		p->top = last;
}

/* The line that is at the top stays there. */
static void toggle_wrap(struct pager *p)
{
	size_t line = doc_line_of(&p->doc, p->top, p->w);

	p->doc.cut = !p->doc.cut;
	p->doc.left = 0;
	p->top = doc_row_of(&p->doc, line, p->w);
	scroll(p, 0, true);
}

static void scroll_aside(struct pager *p, int by)
{
	int last = doc_width(&p->doc) - p->w, left = p->doc.left + by;

	left = left < last ? left : last;
	p->doc.left = p->doc.cut && left > 0 ? left : 0;
}

bool pager_request(struct pager *p, enum request r)
{
	size_t page = p->h > 1 ? (size_t)p->h - 1 : 1;

	switch ((int)r) {
	case REQ_UP:
	case REQ_DOWN:
		scroll(p, 1, r == REQ_DOWN);
		return true;
	case REQ_PAGE_UP:
	case REQ_PAGER_UP:
		scroll(p, page, false);
		return true;
	case REQ_PAGE_DOWN:
	case REQ_PAGER_DOWN:
		scroll(p, page, true);
		return true;
	case REQ_HALF_UP:
	case REQ_HALF_DOWN:
		scroll(p, page / 2 + 1, r == REQ_HALF_DOWN);
		return true;
	case REQ_TOP:
		p->top = 0;
		return true;
	case REQ_BOTTOM:
		p->top = last_top(p);
		return true;
	case REQ_WRAP:
		toggle_wrap(p);
		return true;
	case REQ_LEFT:
	case REQ_RIGHT:
		scroll_aside(p, r == REQ_RIGHT ? 8 : -8);
		return true;
	case REQ_SEARCH_NEXT:
	case REQ_SEARCH_PREV:
		return pager_search(p, r == REQ_SEARCH_NEXT);
	default:
		return false;
	}
}

static bool holds(const struct pager *p, size_t i)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	doc_line_text(&p->doc, i, &b);
	return strcasestr(strbuf_str(&b), p->find) != NULL;
}

bool pager_search(struct pager *p, bool forward)
{
	size_t best = SIZE_MAX;

	for (size_t i = 0; *p->find && i < p->doc.n; i++) {
		size_t row = doc_row_of(&p->doc, i, p->w);

		if (!holds(p, i) || (forward ? row <= p->top : row >= p->top))
			continue;
		best = row;
		if (forward)
			break;
	}
	if (best == SIZE_MAX)
		return false;
	p->top = best;
	scroll(p, 0, true);
	return true;
}

void pager_draw(struct pager *p, struct canvas *c, struct rect r)
{
	p->h = r.h;
	p->w = r.w;
	scroll(p, 0, true);
	(void)doc_draw(&p->doc, c, r, p->top);
	for (int y = r.y; *p->find && y < r.y + r.h; y++) {
		_cleanup_strbuf_ struct strbuf row = {0};

		for (int x = r.x; x < r.x + r.w; x++)
			strbuf_adds(&row, canvas_cell(c, y, x)
						  ? canvas_cell(c, y, x)->text
						  : "");
		if (strcasestr(strbuf_str(&row), p->find))
			canvas_paint(c, (struct rect){y, r.x, 1, r.w}, STYLE_HIT);
	}
}

void pager_status(const struct pager *p, struct strbuf *out)
{
	size_t rows = doc_rows(&p->doc, p->w), end = p->top + (size_t)p->h;

	strbuf_addf(out, "lines %zu-%zu of %zu", p->top + 1, end < rows ? end : rows,
		    rows);
	if (p->doc.cut)
		strbuf_adds(out, " | long lines are cut: w wraps them");
}
