/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "core/base/cleanup.h"
#include "tui/deniallist.h"

enum { PANE_ROWS = 8, COUNT_W = 7, TIME_W = 8, IS_W = 6, SPARK_MAX = 20 };

/* Widths; 0: not shown at this size. */
struct columns {
	int first, spark, text;
};

static struct columns layout(int w)
{
	struct columns k = {0};

	k.spark = w >= 120 ? SPARK_MAX : w >= 76 ? 6 : 0;
	k.first = w >= 120 ? TIME_W : 0;
	k.text = w - 3 - COUNT_W - 1 - TIME_W - 1 - IS_W - 1 - 1;
	k.text -= (k.spark ? k.spark + 1 : 0) + (k.first ? k.first + 1 : 0);
	return k;
}

static int cell(struct canvas *c, int y, int x, int w, enum style s, const char *text)
{
	if (!w)
		return x;
	canvas_text(c, y, x, w, s, text);
	return x + w + 1;
}

static void headings(const struct deniallist *l, struct canvas *c, int y,
		     const struct columns *k)
{
	static const char *const names[_DENIALS_KEY_MAX] = {
		[DENIALS_BY_CAUSE] = "CAUSE",
		[DENIALS_BY_PATH] = "FILE",
		[DENIALS_BY_PROGRAM] = "PROGRAM",
		[DENIALS_BY_PACKAGE] = "PACKAGE",
	};
	enum style s = STYLE_HEADING;
	int x = 3 + COUNT_W + 1;

	canvas_fill(c, (struct rect){y, 0, 1, c->w}, s);
	if (l->stream) {
		canvas_text(c, y, 1, c->w - 2, s, "TIME     RESULT   WHAT");
		return;
	}
	canvas_right(c, y, 3, COUNT_W, s, "COUNT");
	x = cell(c, y, x, k->first, s, "FIRST");
	x = cell(c, y, x, TIME_W, s, "LAST");
	x = cell(c, y, x, IS_W, s, "RESULT");
	x = cell(c, y, x, k->spark, s, k->spark > 8 ? "LAST HOUR" : "HOUR");
	(void)cell(c, y, x, k->text, s, names[l->key]);
}

/* What both kinds of rows have. */
struct counted {
	uint64_t count, denied, allowed, first_ms, last_ms;
	enum denial_kind kind;
	uint32_t per_minute[DENIALS_MINUTES];
};

static int numbers(const struct deniallist *l, struct canvas *c, int y,
		   const struct columns *k, const struct counted *n, enum style s)
{
	char buf[40], spark[SPARK_MAX + 1];
	enum style mine;
	const char *is =
		deniallist_result(n->kind, n->count, n->denied, n->allowed, &mine);
	int x = 3 + COUNT_W + 1;

	canvas_right(c, y, 3, COUNT_W, s, str_count(buf, sizeof(buf), n->count));
	x = cell(c, y, x, k->first, s, deniallist_time(l, n->first_ms, buf));
	x = cell(c, y, x, TIME_W, s, deniallist_time(l, n->last_ms, buf));
	x = cell(c, y, x, IS_W, s == STYLE_SELECTED ? s : mine, is);
	if (k->spark)
		deniallist_spark(n->per_minute, k->spark, spark);
	return cell(c, y, x, k->spark, s, k->spark ? spark : "");
}

static void text(const struct deniallist *l, struct canvas *c, int y, int x, int w,
		 enum style s, const struct strbuf *b)
{
	if (l->tails)
		(void)canvas_tail(c, y, x, w, s, strbuf_str(b));
	else
		(void)canvas_text(c, y, x, w, s, canvas_skip(strbuf_str(b), l->left));
}

static void group_row(const struct deniallist *l, struct canvas *c, int y,
		      const struct columns *k, const struct denials_group *g, bool open,
		      enum style s)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct counted n = {g->count,	g->n_denied, g->n_allowed, g->first_ms,
			    g->last_ms, g->kind,     {0}};
	int x;

	memcpy(n.per_minute, g->per_minute, sizeof(n.per_minute));
	canvas_text(c, y, 1, 1, s, open ? "-" : "+");
	x = numbers(l, c, y, k, &n, s);
	deniallist_group_text(l, g, &b);
	text(l, c, y, x, k->text, s == STYLE_NORMAL ? STYLE_TITLE : s, &b);
}

static void store_row(const struct deniallist *l, struct canvas *c, int y,
		      const struct columns *k, uint32_t at, enum style s)
{
	const struct denials_row *row = denials_row(l->feed->store, at);
	_cleanup_strbuf_ struct strbuf b = {0};
	struct counted n = {row->count,
			    row->n_denied,
			    row->n_allowed,
			    row->first_ms,
			    row->last_ms,
			    row->last.kind,
			    {0}};
	int x;

	deniallist_minutes(row, l->minute, n.per_minute);
	x = numbers(l, c, y, k, &n, s);
	deniallist_row_text(l, at, &b);
	text(l, c, y, x + 1, k->text - 1, s, &b);
}

static void stream_row(struct deniallist *l, struct canvas *c, int y,
		       const struct deniallist_row *row, enum style s)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	enum style mine;

	deniallist_stream_text(l, row, &b, &mine);
	text(l, c, y, 1, c->w - 2, s == STYLE_NORMAL ? mine : s, &b);
}

static void draw_row(struct deniallist *l, struct canvas *c, int y,
		     const struct columns *k, size_t at)
{
	bool selected = at == l->list.sel;
	enum style s = selected ? STYLE_SELECTED : STYLE_NORMAL;
	const struct deniallist_row *row;

	if (at >= l->n)
		return;
	row = &l->rows[at];
	if (selected)
		canvas_fill(c, (struct rect){y, 0, 1, c->w}, s);
	canvas_text(c, y, 0, 1, s, selected ? ">" : " ");
	if (l->stream)
		stream_row(l, c, y, row, s);
	else if (row->is == DENIALLIST_GROUP)
		group_row(l, c, y, k, &l->groups[row->group],
			  at + 1 < l->n && l->rows[at + 1].is == DENIALLIST_ROW, s);
	else
		store_row(l, c, y, k, row->at, s);
}

static void title_row(const struct deniallist *l, struct canvas *c, int y)
{
	_cleanup_strbuf_ struct strbuf left = {0}, right = {0};

	deniallist_title(l, &left);
	if (*l->find.filter)
		strbuf_addf(&left, "   Filter: %s", l->find.filter);
	deniallist_sum(l, &right);
	canvas_right(c, y, c->w / 3, c->w - c->w / 3 - 1, STYLE_STATUS,
		     strbuf_str(&right));
	canvas_text(c, y, 1, c->w - canvas_width(strbuf_str(&right)) - 4, STYLE_TITLE,
		    strbuf_str(&left));
}

static void pane(struct deniallist *l, struct canvas *c, struct rect at)
{
	_cleanup_(doc_done) struct doc d = {.label_w = 7, .cut = at.h < PANE_ROWS + 5};
	const struct deniallist_row *row = deniallist_selected(l);
	uint32_t i;

	canvas_hline(c, at.y, 0, c->w, STYLE_LINE);
	if (!row)
		return;
	canvas_text(c, at.y, 1, c->w - 2, STYLE_TITLE, " Triage ");
	canvas_right(c, at.y, c->w - 20, 16, STYLE_LINE,
		     row->is == DENIALLIST_GROUP ? " Enter: rows " : " Enter: full ");
	if (row->is == DENIALLIST_ENTRY)
		deniallist_entry(l, row->at, &d);
	else if (deniallist_store_row(l, row, &i))
		deniallist_pane(l, i, &d, at.h > PANE_ROWS);
	else
		deniallist_group_pane(l, deniallist_group(l, row), i, &d,
				      at.h > PANE_ROWS);
	(void)doc_draw(&d, c, (struct rect){at.y + 1, at.x, at.h - 1, at.w - 1}, 0);
}

static void no_rows(const struct deniallist *l, struct canvas *c, struct rect body)
{
	_cleanup_(doc_done) struct doc d = {0};

	deniallist_nothing(l, &d);
	(void)doc_draw(&d, c, (struct rect){body.y + 3, body.x, body.h - 3, body.w - 2},
		       0);
}

void deniallist_draw(struct deniallist *l, struct canvas *c, struct rect body)
{
	int pane_h = c->h >= 24 ? PANE_ROWS + (c->h >= 40 ? 6 : 0) : 0;
	struct rect rows = {body.y + 3, 0, body.h - 3 - pane_h, body.w};
	struct columns k = layout(c->w);

	deniallist_fit(l, (size_t)rows.h);
	title_row(l, c, body.y);
	canvas_hline(c, body.y + 1, 0, c->w, STYLE_LINE);
	if (!l->n) {
		no_rows(l, c, body);
		return;
	}
	l->rows_at = rows;
	headings(l, c, body.y + 2, &k);
	for (int i = 0; i < rows.h; i++)
		draw_row(l, c, rows.y + i, &k, l->list.top + (size_t)i);
	if (pane_h)
		pane(l, c, (struct rect){rows.y + rows.h, 0, pane_h, c->w});
}
