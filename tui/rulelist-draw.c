/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/rulelist.h"

#include <stdio.h>
#include <string.h>

enum { DETAIL_ROWS = 7, NUMBER_W = 5, ACTION_W = 13, HITS_W = 8 };

/* Widths; 0: not shown at this size. */
struct columns {
	int origin, rule, hits;
};

static struct columns layout(int w)
{
	struct columns k = {.origin = w >= 76 ? 7 : 0, .hits = HITS_W};

	k.rule = w - NUMBER_W - 1 - 3 - ACTION_W - 1 - k.hits - 2 -
		 (k.origin ? k.origin + 1 : 0) - 1;
	return k;
}

static int cell(struct canvas *c, int y, int x, int w, enum style s, const char *text)
{
	if (!w)
		return x;
	canvas_text(c, y, x, w, s, text);
	return x + w + 1;
}

static void headings(struct canvas *c, int y, const struct columns *k)
{
	enum style s = STYLE_HEADING;
	int x = NUMBER_W + 2 + 3;

	canvas_fill(c, (struct rect){y, 0, 1, c->w}, s);
	canvas_right(c, y, 1, NUMBER_W, s, "RULE");
	x = cell(c, y, x, k->origin, s, "FROM");
	x = cell(c, y, x, ACTION_W, s, "ACTION");
	x = cell(c, y, x, k->rule, s, "WHEN");
	canvas_right(c, y, x, k->hits, s, "DECIDES");
}

static void rule_row(const struct rulelist *l, struct canvas *c, int y,
		     const struct columns *k, size_t rule, enum style s)
{
	const char *text = rulelist_rule(l, rule), *rest = strchr(text, ' ');
	enum style quiet = s == STYLE_SELECTED ? s : STYLE_DIM;
	char n[32], action[80], hits[40];
	int x = NUMBER_W + 2 + 3;

	(void)snprintf(n, sizeof(n), "%zu", rule + 1);
	(void)snprintf(action, sizeof(action), "%.*s", (int)strcspn(text, " "), text);
	canvas_right(c, y, 1, NUMBER_W, s, n);
	x = cell(c, y, x, k->origin, quiet,
		 ruleset_origin_word(l->set.rules.origins[rule]));
	/* what is refused may be anything, and one long word */
	if (l->set.rules.policy.rules[rule].refused)
		rest = text - 1;
	else
		canvas_text(c, y, x, ACTION_W, s, action);
	x += l->set.rules.policy.rules[rule].refused ? 0 : ACTION_W + 1;
	canvas_text(c, y, x,
		    k->rule +
			    (l->set.rules.policy.rules[rule].refused ? ACTION_W + 1 : 0),
		    s, rest ? canvas_skip(rest + 1, l->left) : "");
	canvas_right(c, y, c->w - k->hits - 1, k->hits, s, rulelist_hits(l, rule, hits));
}

static void draw_row(const struct rulelist *l, struct canvas *c, int y,
		     const struct columns *k, size_t at)
{
	bool selected = at == l->list.sel;
	enum style s = selected ? STYLE_SELECTED : STYLE_NORMAL, mine;
	const struct rulelist_row *row;
	const char *mark;

	if (at >= l->n)
		return;
	row = &l->row[at];
	if (selected)
		canvas_fill(c, (struct rect){y, 0, 1, c->w}, s);
	canvas_text(c, y, 0, 1, s, selected ? ">" : " ");
	mark = rulelist_mark(rulelist_worst(l, row), &mine);
	canvas_text(c, y, NUMBER_W + 2, 2, selected ? s : mine, mark);
	if (row->rule != SIZE_MAX)
		rule_row(l, c, y, k, row->rule, s);
	else
		canvas_text(c, y, NUMBER_W + 5, c->w - NUMBER_W - 6, selected ? s : mine,
			    l->set.rules.policy.findings[row->finding].d.text);
}

static void title_row(const struct rulelist *l, struct canvas *c, int y)
{
	_cleanup_strbuf_ struct strbuf left = {0}, right = {0};

	if (*l->find.filter)
		strbuf_addf(&left, "Filter: %s", l->find.filter);
	else
		rulelist_title(l, &left);
	rulelist_sum(l, &right);
	canvas_right(c, y, c->w / 3, c->w - c->w / 3 - 1, STYLE_STATUS,
		     strbuf_str(&right));
	canvas_text(c, y, 1, c->w - canvas_width(strbuf_str(&right)) - 4, STYLE_TITLE,
		    strbuf_str(&left));
}

static void detail(struct rulelist *l, struct canvas *c, struct rect at)
{
	_cleanup_(doc_done) struct doc d = {.label_w = 11, .cut = true};
	const struct rulelist_row *row = rulelist_selected(l);

	canvas_hline(c, at.y, 0, c->w, STYLE_LINE);
	if (!row)
		return;
	canvas_text(c, at.y, 1, c->w - 2, STYLE_TITLE,
		    row->rule == SIZE_MAX ? " Policy " : " Rule ");
	canvas_right(c, at.y, c->w - 20, 16, STYLE_LINE, " Enter: full ");
	rulelist_detail(l, row, &d, false);
	(void)doc_draw(&d, c, (struct rect){at.y + 1, at.x, at.h - 1, at.w - 1}, 0);
}

static void no_rows(struct rulelist *l, struct canvas *c, struct rect body)
{
	_cleanup_(doc_done) struct doc d = {0};

	rulelist_nothing(l, &d);
	(void)doc_draw(&d, c, (struct rect){body.y + 3, body.x, body.h - 3, body.w - 2},
		       0);
}

void rulelist_draw(struct rulelist *l, struct canvas *c, struct rect body)
{
	int detail_h = c->h >= 24 ? DETAIL_ROWS + (c->h >= 40 ? 3 : 0) : 0;
	struct rect rows = {body.y + 3, 0, body.h - 3 - detail_h, body.w};
	struct columns k = layout(c->w);

	title_row(l, c, body.y);
	canvas_hline(c, body.y + 1, 0, c->w, STYLE_LINE);
	if (!l->n) {
		no_rows(l, c, body);
		return;
	}
	list_fit(&l->list, l->n, (size_t)rows.h);
	l->rows_at = rows;
	headings(c, body.y + 2, &k);
	for (int i = 0; i < rows.h; i++)
		draw_row(l, c, rows.y + i, &k, l->list.top + (size_t)i);
	if (detail_h)
		detail(l, c, (struct rect){rows.y + rows.h, 0, detail_h, c->w});
}
