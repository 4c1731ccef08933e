/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "tui/filelist.h"
#include "tui/filetext.h"

enum { COUNT_W = 10, WIDE = 76 };

static void title_row(const struct filelist *l, struct canvas *c, int y)
{
	_cleanup_strbuf_ struct strbuf left = {0}, right = {0};

	strbuf_addc(&left, ' ');
	if (*l->find.filter)
		strbuf_addf(&left, "Filter: %s", l->find.filter);
	else
		filelist_title(l, &left);
	filelist_sum(l, &right);
	canvas_right(c, y, c->w / 3, c->w - c->w / 3 - 1, STYLE_STATUS,
		     strbuf_str(&right));
	canvas_text(c, y, 0, c->w - canvas_width(strbuf_str(&right)) - 3, STYLE_TITLE,
		    strbuf_str(&left));
}

static int why_w(const struct canvas *c)
{
	return c->w >= 120 ? 50 : c->w >= WIDE ? 26 : 18;
}

static void headings(struct canvas *c, int y)
{
	canvas_fill(c, (struct rect){y, 0, 1, c->w}, STYLE_HEADING);
	canvas_right(c, y, 3, COUNT_W, STYLE_HEADING, "FILES");
	canvas_text(c, y, COUNT_W + 5, c->w - COUNT_W - 5, STYLE_HEADING, "VERDICT");
	canvas_text(c, y, c->w - why_w(c), why_w(c), STYLE_HEADING,
		    c->w >= WIDE ? "AUDITED AS, OR WHY" : "WHY");
}

static void group_row(const struct filelist *l, struct canvas *c, int y,
		      struct filerow row, enum style s, const char *why)
{
	enum style mine = s == STYLE_NORMAL ? filelist_style(row.group) : s;
	uint64_t count =
		*l->find.filter ? l->shown[row.group] : filelist_count(l, row.group);
	char n[32], words[64];

	canvas_text(c, y, 1, 1, s,
		    !filelist_listed(l, row.group) ? " "
		    : l->open[row.group]	   ? "-"
						   : "+");
	canvas_right(c, y, 3, COUNT_W, mine, str_count(n, sizeof(n), count));
	canvas_text(c, y, COUNT_W + 5, c->w - COUNT_W - 6 - why_w(c), mine,
		    filelist_words(l, row.group, words, sizeof(words)));
	canvas_text(c, y, c->w - why_w(c), why_w(c) - 1, s, why);
}

static void file_row(const struct filelist *l, struct canvas *c, int y,
		     struct filerow row, enum style s, const char *why)
{
	_cleanup_strbuf_ struct strbuf path = {0};
	int x = 4, w = c->w - x - 1;

	if (*why) {
		canvas_text(c, y, c->w - why_w(c), why_w(c) - 1, s, why);
		w = c->w - why_w(c) - x - 1;
	}
	strbuf_addc(&path, '/');
	str_escape(&path, span_of(filelist_path(l, row)), l->app->ascii);
	if (l->tails)
		(void)canvas_tail(c, y, x, w, s, strbuf_str(&path));
	else
		(void)canvas_text(c, y, x, w, s, canvas_skip(strbuf_str(&path), l->left));
}

static void draw_row(const struct filelist *l, struct canvas *c, int y, size_t at)
{
	enum style s = at == l->list.sel ? STYLE_SELECTED : STYLE_NORMAL;
	_cleanup_strbuf_ struct strbuf why = {0};

	if (at >= l->n)
		return;
	if (s == STYLE_SELECTED)
		canvas_fill(c, (struct rect){y, 0, 1, c->w}, s);
	canvas_text(c, y, 0, 1, s, s == STYLE_SELECTED ? ">" : " ");
	filelist_why(l, l->rows[at], &why);
	if (l->rows[at].at == FILELIST_HEADING)
		group_row(l, c, y, l->rows[at], s, strbuf_str(&why));
	else
		file_row(l, c, y, l->rows[at], s, strbuf_str(&why));
}

/* "Files  [####....]  50 %  12 of 24" */
static void bar(struct canvas *c, int y, const char *label, uint64_t part, uint64_t all,
		const char *text)
{
	int w = c->w / 3,
	    full = !all || part >= all ? w : (int)(part * (uint64_t)w / all);
	int x = 9;

	canvas_text(c, y, 1, 7, STYLE_LABEL, label);
	canvas_text(c, y, x, 1, STYLE_LINE, "[");
	for (int i = 0; i < w; i++)
		canvas_text(c, y, x + 1 + i, 1, i < full ? STYLE_GOOD : STYLE_DIM,
			    i < full ? "#" : ".");
	canvas_text(c, y, x + 1 + w, 1, STYLE_LINE, "]");
	canvas_textf(c, y, x + 3 + w, c->w - x - 4 - w, STYLE_NORMAL, "%3u%%  %s",
		     !all || part >= all ? 100 : (unsigned)(part * 100 / all), text);
}

static void bars(const struct relabel_job *j, struct canvas *c, int y)
{
	char a[32], b[32], rate[32], text[128];

	(void)snprintf(text, sizeof(text), "%s of %s, %s/s",
		       str_count(a, sizeof(a), j->n.done),
		       str_count(b, sizeof(b), j->steps),
		       str_count(rate, sizeof(rate), j->files_per_s));
	bar(c, y, "Files", j->n.done, j->steps, text);
	(void)snprintf(text, sizeof(text), "%s of %s, %s/s",
		       str_bytes(a, sizeof(a), j->bytes),
		       str_bytes(b, sizeof(b), j->to_read),
		       str_bytes(rate, sizeof(rate), j->bytes_per_s));
	bar(c, y + 1, "Bytes", j->bytes, j->to_read, text);
}

static void times(const struct relabel_job *j, struct canvas *c, int y)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	char span[32], spread[32];

	strbuf_adds(&b, str_duration(span, sizeof(span), j->elapsed_ms));
	if (j->has_eta)
		strbuf_addf(&b, ", %s left (+/- %s)",
			    str_duration(span, sizeof(span), j->eta_ms),
			    str_duration(spread, sizeof(spread), j->eta_spread_ms));
	strbuf_adds(&b, "; ");
	filetext_job_counts(&b, j);
	canvas_text(c, y, 1, 7, STYLE_LABEL, "Time");
	canvas_text(c, y, 9, c->w - 10, STYLE_NORMAL, strbuf_str(&b));
}

static void last_line(const struct filelist *l, const struct relabel_job *j,
		      struct canvas *c, int y)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	if (j->state == RELABEL_JOB_RUNNING && j->current && *j->current) {
		strbuf_addc(&b, '/');
		str_escape(&b, span_of(j->current), l->app->ascii);
		canvas_text(c, y, 1, 7, STYLE_LABEL, "At");
	} else {
		filetext_job_what(&b, j);
		canvas_text(c, y, 1, 7, STYLE_LABEL, "Scope");
	}
	canvas_text(c, y, 9, c->w - 10, STYLE_NORMAL, strbuf_str(&b));
}

static int panel_rows(const struct filelist *l, const struct canvas *c)
{
	return !l->work->has_job ? 0 : c->h < 24 ? 2 : 5;
}

/* How far the job is, or how it ended. */
static void job_panel(const struct filelist *l, struct canvas *c, int y, int h)
{
	const struct relabel_job *j = &l->work->job;
	_cleanup_strbuf_ struct strbuf title = {0}, next = {0};

	canvas_hline(c, y, 0, c->w, STYLE_LINE);
	strbuf_addc(&title, ' ');
	filetext_job_title(&title, j);
	strbuf_addc(&title, ' ');
	if (*filetext_job_next(j))
		strbuf_addf(&next, " %s ", filetext_job_next(j));
	canvas_right(c, y, 2, c->w - 4, STYLE_LINE, strbuf_str(&next));
	canvas_text(c, y, 1, c->w - 4, STYLE_TITLE, strbuf_str(&title));
	if (h < 5) {
		times(j, c, y + 1);
		return;
	}
	bars(j, c, y + 1);
	times(j, c, y + 3);
	last_line(l, j, c, y + 4);
}

static void no_rows(const struct filelist *l, struct canvas *c, struct rect r)
{
	_cleanup_(doc_done) struct doc d = {0};

	if (*l->find.filter)
		doc_text(&d, STYLE_NORMAL,
			 "No file passes the filter. F4 changes it; empty shows all.");
	else if (l->work->scanned)
		doc_text(&d, STYLE_NORMAL, "There are no files here.");
	else if (filework_busy(l->work))
		doc_text(&d, STYLE_DIM,
			 "What is found is shown when all files have been looked at. Esc "
			 "stops that and shows what was found until then.");
	else
		filelist_intro(l, &d);
	(void)doc_draw(&d, c, (struct rect){r.y + 1, r.x, r.h - 1, r.w - 2}, 0);
}

void filelist_draw(struct filelist *l, struct canvas *c, struct rect body)
{
	int panel = panel_rows(l, c);
	struct rect rows = {body.y + 3, 0, body.h - 3 - panel, body.w};

	filelist_sync(l, (size_t)rows.h);
	l->rows_at = rows;
	title_row(l, c, body.y);
	canvas_hline(c, body.y + 1, 0, c->w, STYLE_LINE);
	if (!l->n) {
		rows.y--;
		rows.h++;
		no_rows(l, c, rows);
	} else {
		headings(c, body.y + 2);
	}
	for (int i = 0; l->n && i < rows.h; i++)
		draw_row(l, c, rows.y + i, l->list.top + (size_t)i);
	if (panel)
		job_panel(l, c, body.y + body.h - panel, panel);
}
