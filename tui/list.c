/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/list.h"

static size_t last_top(const struct list *l)
{
	return l->count > l->rows ? l->count - l->rows : 0;
}

static void keep_visible(struct list *l)
{
	if (l->sel >= l->count)
		l->sel = l->count ? l->count - 1 : 0;
	if (l->sel < l->top)
		l->top = l->sel;
	if (l->rows && l->sel >= l->top + l->rows)
		l->top = l->sel - l->rows + 1;
	if (l->top > last_top(l))
		l->top = last_top(l);
}

void list_fit(struct list *l, size_t count, size_t rows)
{
	l->count = count;
	l->rows = rows;
	keep_visible(l);
}

void list_select(struct list *l, size_t row)
{
	l->sel = row;
	keep_visible(l);
}

void list_carry(struct list *l, size_t row)
{
	size_t below = l->sel - l->top;

	l->sel = row;
	l->top = row > below ? row - below : 0;
	keep_visible(l);
}

static size_t minus(size_t a, size_t b)
{
	return a > b ? a - b : 0;
}

/* A page moves the window too, so that the selection stays where it is on the screen. */
static void page(struct list *l, size_t n, bool down)
{
	l->sel = down ? l->sel + n : minus(l->sel, n);
	l->top = down ? l->top + n : minus(l->top, n);
	keep_visible(l);
}

bool list_request(struct list *l, enum request r)
{
	size_t screen = l->rows > 1 ? l->rows - 1 : 1,
	       half = l->rows > 3 ? l->rows / 2 : 1;

	switch ((int)r) {
	case REQ_UP:
		list_select(l, minus(l->sel, 1));
		return true;
	case REQ_DOWN:
		list_select(l, l->sel + 1);
		return true;
	case REQ_PAGE_UP:
	case REQ_PAGE_DOWN:
		page(l, screen, r == REQ_PAGE_DOWN);
		return true;
	case REQ_HALF_UP:
	case REQ_HALF_DOWN:
		page(l, half, r == REQ_HALF_DOWN);
		return true;
	case REQ_TOP:
		list_select(l, 0);
		return true;
	case REQ_BOTTOM:
		list_select(l, minus(l->count, 1));
		return true;
	default:
		return false;
	}
}
