/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "tui/log.h"

enum { DETAIL_ROWS = 6 }; /* the rule above it included */

/* Columns in the order they are drawn; 0: not shown at this width. */
struct columns {
	int number, pcr, template, alg, digest, sig, pkg, path;
	size_t keep; /* digits of the digest from either end */
};

static int digits(uint64_t n)
{
	int d = 1;

	for (; n >= 10; n /= 10)
		d++;
	return d;
}

static struct columns layout(const struct log *l, int w)
{
	struct columns k = {.pcr = 3,
			    .template = 8,
			    .alg = 6,
			    .digest = 13,
			    .sig = 3,
			    .pkg = 13,
			    .keep = 4};

	k.number = digits(model_count(&l->app->model, NULL));
	k.number = k.number > 5 ? k.number : 5;
	if (w < 76)
		k.template = k.pkg = k.alg = 0;
	if (w < 76)
		k.digest = 10;
	if (w >= 120) {
		k.keep = 8;
		k.digest = 18;
		k.pkg = 20;
		k.template = 10;
		k.alg = 8;
	}
	k.path = w - 1 - k.number;
	k.path -= k.pcr + 1 + (k.template ? k.template + 1 : 0) +
		  (k.alg ? k.alg + 1 : 0) + k.digest + 1 + k.sig + 1 +
		  (k.pkg ? k.pkg + 1 : 0) + 1;
	return k;
}

/* Draws the cell and moves on behind its gap; nothing when the column is not shown. */
static int cell(struct canvas *c, int y, int x, int w, enum style style, const char *text)
{
	if (w == 0)
		return x;
	canvas_text(c, y, x, w, style, text);
	return x + w + 1;
}

static void headings(const struct log *l, struct canvas *c, int y,
		     const struct columns *k)
{
	enum style s = STYLE_HEADING;
	int x = 1;

	canvas_fill(c, (struct rect){y, 0, 1, c->w}, s);
	canvas_right(c, y, x, k->number, s, "#");
	x += k->number + 1;
	x = cell(c, y, x, k->pcr, s, "PCR");
	x = cell(c, y, x, k->template, s, "TEMPLATE");
	x = cell(c, y, x, k->alg, s, "ALG");
	x = cell(c, y, x, k->digest, s, "DIGEST");
	x = cell(c, y, x, k->sig, s, "SIG");
	x = cell(c, y, x, k->pkg, s, "PKG");
	(void)cell(c, y, x, k->path, s, "PATH");
}

/* The part of the path that is scrolled to; the cut is shown. */
static void path_cell(const struct log *l, struct canvas *c, int y, int x, int w,
		      enum style s, const char *path)
{
	if (l->tails)
		(void)canvas_tail(c, y, x, w, s, path);
	else
		(void)canvas_text(c, y, x, w, s, canvas_skip(path, l->left));
}

/* Marks what was searched for, where it can be seen. */
static void hits(const struct log *l, struct canvas *c, int y, int x, int w,
		 const char *path)
{
	const char *at = path;
	size_t len = strlen(l->find_text);

	if (len == 0 || l->tails || l->left)
		return;
	while ((at = strstr(at, l->find_text))) {
		int from = (int)(at - path);

		if (from < w)
			canvas_paint(c,
				     (struct rect){y, x + from, 1,
						   from + (int)len > w ? w - from
								       : (int)len},
				     STYLE_HIT);
		at += len;
	}
}

static enum style sig_style(const struct entrytext *t, enum style row)
{
	return row != STYLE_NORMAL ? row : t->violation ? STYLE_WARN : STYLE_NORMAL;
}

static void entry_row(struct log *l, struct canvas *c, int y, const struct columns *k,
		      mref ref, enum style s)
{
	struct entrytext *t = &l->text;
	char buf[64];
	int x = 1;

	if (!entrytext_fill(t, l->app->model.store, l->app->model.pkgs, ref,
			    l->app->ascii))
		return;
	(void)snprintf(buf, sizeof(buf), "%s%llu", t->exact ? "" : "~",
		       (unsigned long long)t->number);
	canvas_right(c, y, x, k->number, s, buf);
	x += k->number;
	canvas_text(c, y, x++, 1, s, log_is_marked(l, ref) ? "*" : " ");
	(void)snprintf(buf, sizeof(buf), "%3u", t->pcr);
	x = cell(c, y, x, k->pcr, s, buf);
	x = cell(c, y, x, k->template, s, strbuf_str(&t->template));
	x = cell(c, y, x, k->alg, s, strbuf_str(&t->alg));
	x = cell(c, y, x, k->digest, s,
		 entrytext_short(buf, sizeof(buf), strbuf_str(&t->digest), k->keep));
	x = cell(c, y, x, k->sig, sig_style(t, s), t->sig);
	x = cell(c, y, x, k->pkg, s, strbuf_str(&t->pkg));
	path_cell(l, c, y, x, k->path, s, strbuf_str(&t->path));
	hits(l, c, y, x, k->path, strbuf_str(&t->path));
}

static void group_row(struct log *l, struct canvas *c, int y, const struct view_row *row,
		      enum style s)
{
	_cleanup_strbuf_ struct strbuf label = {0};
	char count[32];
	int x = 1;

	str_escape(&label, row->label, l->app->ascii);
	x += canvas_textf(c, y, x, 3, s, "%s ", row->open ? "-" : "+");
	canvas_right(c, y, x, 10, s, str_count(count, sizeof(count), row->count));
	x += 12;
	if (row->violations)
		x += canvas_textf(c, y, x, 16, s == STYLE_NORMAL ? STYLE_WARN : s,
				  "%u VIO  ", row->violations);
	canvas_text(c, y, x, c->w - x, s == STYLE_NORMAL ? STYLE_TITLE : s,
		    label.len ? strbuf_str(&label) : "(none)");
}

static void gap_row(struct canvas *c, int y, const struct view_row *row, enum style s)
{
	char count[32];

	canvas_textf(c, y, 1, c->w - 1, s == STYLE_NORMAL ? STYLE_DIM : s,
		     "   ...  about %s entries between here are still being read",
		     str_count(count, sizeof(count), row->count));
}

static void draw_row(struct log *l, struct canvas *c, int y, const struct columns *k,
		     size_t at)
{
	bool selected = at == l->list.sel;
	enum style s = selected ? STYLE_SELECTED : STYLE_NORMAL;
	struct view_row row;

	if (!view_at(l->view, at, &row))
		return;
	if (!selected && row.kind == VIEW_ROW_ENTRY && log_is_marked(l, row.ref))
		s = STYLE_MARKED;
	if (selected)
		canvas_fill(c, (struct rect){y, 0, 1, c->w}, s);
	canvas_text(c, y, 0, 1, s, selected ? ">" : " ");
	if (row.kind == VIEW_ROW_GROUP)
		group_row(l, c, y, &row, s);
	else if (row.kind == VIEW_ROW_GAP)
		gap_row(c, y, &row, s);
	else
		entry_row(l, c, y, k, row.ref, s);
}

static void follow_words(const struct log *l, struct strbuf *out)
{
	const struct model *m = &l->app->model;
	uint64_t now = model_count(m, NULL), new = now > l->seen ? now - l->seen : 0;
	char count[32];

	if (l->paused)
		strbuf_adds(out, " | PAUSED");
	else if (l->follow && m->live)
		strbuf_adds(out, " | FOLLOW");
	if (m->live && new && (l->paused || !l->follow))
		strbuf_addf(out, " | +%s new", str_count(count, sizeof(count), new));
}

/* What is shown, and how much of it. */
static void filter_row(const struct log *l, struct canvas *c, int y)
{
	_cleanup_strbuf_ struct strbuf left = {0}, right = {0};
	const struct filter *f = view_filter(l->view);
	struct view_progress p;
	char matched[32], all[32];
	bool exact;
	uint64_t count = model_count(&l->app->model, &exact);

	view_progress(l->view, &p);
	str_count(all, sizeof(all), count);
	if (f && !filter_is_empty(f)) {
		strbuf_addf(&left, " Filter: %s", filter_text(f));
		strbuf_addf(&right, "%s%s of %s%s",
			    str_count(matched, sizeof(matched), p.matched),
			    p.filtering ? ".." : "", exact ? "" : "~", all);
	} else {
		strbuf_adds(&left, " All entries");
		strbuf_addf(&right, "%s%s", exact ? "" : "~", all);
	}
	if (view_group(l->view) != VIEW_GROUP_NONE)
		strbuf_addf(&left, "   by %s", view_group_title(view_group(l->view)));
	follow_words(l, &right);
	canvas_right(c, y, c->w / 2, c->w - c->w / 2 - 1, STYLE_STATUS,
		     strbuf_str(&right));
	canvas_text(c, y, 0, c->w - canvas_width(strbuf_str(&right)) - 3, STYLE_TITLE,
		    strbuf_str(&left));
}

/* First-run and error text: what is missing, why it matters, what to do. */
static void no_list(const struct log *l, struct canvas *c, struct rect r)
{
	const struct diag *d = &l->app->model.list_error;
	_cleanup_(doc_done) struct doc doc = {0};

	doc_title(&doc, "There is no measurement list to show");
	doc_text(&doc, STYLE_NORMAL, "%s: %s", diag_code(d->id), d->text);
	doc_text(&doc, STYLE_NORMAL, "%s", diag_hint(d->id));
	doc_blank(&doc);
	doc_text(
		&doc, STYLE_NORMAL,
		"The list is what the kernel measured since boot: without it there is nothing "
		"to see or to prove. 1 shows what this kernel can do and how to turn it on.");
	(void)doc_draw(&doc, c, (struct rect){r.y + 1, r.x, r.h - 1, r.w - 2}, 0);
}

static void no_rows(const struct log *l, struct canvas *c, int y)
{
	const struct filter *f = view_filter(l->view);
	struct view_progress p;

	view_progress(l->view, &p);
	if (p.filtering)
		canvas_text(c, y, 2, c->w - 2, STYLE_DIM, "Looking ...");
	else if (f && !filter_is_empty(f))
		canvas_text(
			c, y, 2, c->w - 2, STYLE_NORMAL,
			"No entry passes the filter. F4 changes it; empty shows all.");
	else
		canvas_text(
			c, y, 2, c->w - 2, STYLE_NORMAL,
			"The list is empty: nothing has been measured. 1 says what to do.");
}

static void detail(struct log *l, struct canvas *c, struct rect r)
{
	_cleanup_(doc_done) struct doc d = {.label_w = 7, .cut = true};
	struct view_row row;

	canvas_hline(c, r.y, 0, c->w, STYLE_LINE);
	if (!log_selected(l, &row) || row.kind == VIEW_ROW_GAP)
		return;
	canvas_text(c, r.y, 1, c->w - 2, STYLE_TITLE,
		    row.kind == VIEW_ROW_GROUP ? " Newest of the group " : " Detail ");
	canvas_right(c, r.y, c->w - 20, 16, STYLE_LINE,
		     row.kind != VIEW_ROW_GROUP ? " Enter: full "
		     : row.open			? " Enter: close "
						: " Enter: open ");
	log_detail(l, &d, row.ref, r.h > DETAIL_ROWS);
	(void)doc_draw(&d, c, (struct rect){r.y + 1, r.x, r.h - 1, r.w - 1}, 0);
}

void log_draw(struct log *l, struct canvas *c, struct rect body)
{
	int detail_h = c->h >= 24 ? DETAIL_ROWS + (c->h >= 40 ? 3 : 0) : 0;
	struct rect rows = {body.y + 3, 0, body.h - 3 - detail_h, body.w};
	struct columns k;

	if (!l->view) {
		no_list(l, c, body);
		return;
	}
	log_sync(l, (size_t)rows.h);
	l->rows_at = rows;
	k = layout(l, c->w);
	filter_row(l, c, body.y);
	canvas_hline(c, body.y + 1, 0, c->w, STYLE_LINE);
	headings(l, c, body.y + 2, &k);
	for (int i = 0; i < rows.h; i++)
		draw_row(l, c, rows.y + i, &k, l->list.top + (size_t)i);
	if (l->list.count == 0)
		no_rows(l, c, rows.y);
	if (detail_h)
		detail(l, c, (struct rect){rows.y + rows.h, 0, detail_h, c->w});
}
