/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/rings.h"

#include <stdio.h>

enum { DETAIL_ROWS = 7 };

/* Widths; 0: not shown at this size. */
struct columns {
	int keyid, name, kind, until, files, measured, signer;
};

static struct columns layout(int w)
{
	struct columns k = {.keyid = 8, .until = 18, .files = 7};

	if (w >= 76)
		k.signer = w >= 100 ? 28 : 14;
	if (w >= 100) {
		k.kind = 20;
		k.measured = 8;
	}
	k.name = w - 2 - k.keyid - k.until - k.files - 3 - (k.signer ? k.signer + 1 : 0) -
		 (k.kind ? k.kind + 1 : 0) - (k.measured ? k.measured + 1 : 0);
	return k;
}

static int cell(struct canvas *c, int y, int x, int w, enum style s, const char *text)
{
	if (!w)
		return x;
	canvas_text(c, y, x, w, s, text);
	return x + w + 1;
}

static int number(struct canvas *c, int y, int x, int w, enum style s, const char *text)
{
	if (!w)
		return x;
	canvas_right(c, y, x, w, s, text);
	return x + w + 1;
}

/* Where there is room for one number only: what was asked for, else what costs nothing. */
static const char *files_title(const struct rings *r, const struct columns *k)
{
	return r->counted || k->measured || !r->seen_on ? "FILES" : "IN LOG";
}

static void headings(const struct rings *r, struct canvas *c, int y,
		     const struct columns *k)
{
	enum style s = STYLE_HEADING;
	int x = 1;

	canvas_fill(c, (struct rect){y, 0, 1, c->w}, s);
	x = cell(c, y, x, k->keyid, s, "KEY ID");
	x = cell(c, y, x, k->name, s, "NAME");
	x = cell(c, y, x, k->kind, s, "KIND");
	x = cell(c, y, x, k->until, s, "VALID UNTIL");
	x = number(c, y, x, k->files, s, files_title(r, k));
	x = number(c, y, x, k->measured, s, "IN LOG");
	(void)cell(c, y, x, k->signer, s, "SIGNED BY");
}

static void foreign(const struct rings *r, struct span text, struct strbuf *out)
{
	str_escape(out, text, r->app->ascii);
}

static const char *count_text(bool known, uint64_t n, char buf[32])
{
	return known ? str_count(buf, 32, n) : "-";
}

static int count_cells(const struct rings *r, struct canvas *c, int y, int x,
		       const struct columns *k, const struct rings_row *row, enum style s)
{
	uint64_t files = 0, seen = 0;
	bool has_files = rings_files(r, row, &files),
	     has_seen = rings_measured(r, row, &seen);
	char buf[32];

	if (!r->counted && !k->measured) {
		files = seen;
		has_files = has_seen;
	}
	x = number(c, y, x, k->files, s, count_text(has_files, files, buf));
	return number(c, y, x, k->measured, s, count_text(has_seen, seen, buf));
}

static void key_row(struct rings *r, struct canvas *c, int y, const struct columns *k,
		    const struct rings_row *row, enum style s)
{
	const struct cert *cert = keyhost_cert(&r->host, row->key, NULL);
	_cleanup_strbuf_ struct strbuf id = {0}, name = {0}, kind = {0}, signer = {0};
	uint8_t keyid[CERT_KEYID];
	enum style until_style;
	char until[40];
	int x = 1;

	if (keyhost_keyid(&r->host, row->key, keyid))
		strbuf_addhex(&id, (struct span){keyid, sizeof(keyid)});
	foreign(r, row->key->name, &name);
	foreign(r, row->key->algorithm, &kind);
	if (cert)
		foreign(r, span_of(strbuf_str(&cert->signer)), &signer);
	(void)rings_until(r, row->key, until, &until_style);
	x = cell(c, y, x, k->keyid, s, id.len ? strbuf_str(&id) : "-");
	x = cell(c, y, x, k->name, s, strbuf_str(&name));
	x = cell(c, y, x, k->kind, s, strbuf_str(&kind));
	x = cell(c, y, x, k->until, s == STYLE_SELECTED ? s : until_style, until);
	x = count_cells(r, c, y, x, k, row, s);
	(void)cell(c, y, x, k->signer, s, cert ? strbuf_str(&signer) : "-");
}

static void ring_row(struct rings *r, struct canvas *c, int y, enum keyring_id ring,
		     enum style s)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	enum style title = s == STYLE_SELECTED ? s : STYLE_TITLE;
	int x = 1;

	rings_ring_text(r, ring, &text);
	x += canvas_text(c, y, x, c->w - x, title, keyring_name(ring)) + 2;
	canvas_text(c, y, x, c->w - x - 1, s, strbuf_str(&text));
}

static void missing_row(struct rings *r, struct canvas *c, int y, enum style s)
{
	_cleanup_strbuf_ struct strbuf text = {0};

	rings_missing_text(r, &text);
	canvas_text(c, y, 1, c->w - 2, s == STYLE_SELECTED ? s : STYLE_DIM,
		    strbuf_str(&text));
}

static void draw_row(struct rings *r, struct canvas *c, int y, const struct columns *k,
		     size_t at)
{
	bool selected = at == r->list.sel;
	enum style s = selected ? STYLE_SELECTED : STYLE_NORMAL;
	const struct rings_row *row;

	if (at >= r->n)
		return;
	row = &r->row[at];
	if (selected)
		canvas_fill(c, (struct rect){y, 0, 1, c->w}, s);
	canvas_text(c, y, 0, 1, s, selected ? ">" : " ");
	if (row->ring == _KEYRING_MAX)
		missing_row(r, c, y, s);
	else if (row->key)
		key_row(r, c, y, k, row, s);
	else
		ring_row(r, c, y, row->ring, s);
}

static void title_row(const struct rings *r, struct canvas *c, int y)
{
	_cleanup_strbuf_ struct strbuf left = {0}, right = {0};
	char n[48];

	rings_title(r, &left);
	rings_progress(r, &right);
	if (!right.len && r->counted)
		strbuf_addf(&right, "%s looked at",
			    str_counted(n, sizeof(n), r->use.counts.wanted, "file",
					"files"));
	canvas_right(c, y, c->w / 3, c->w - c->w / 3 - 1, STYLE_STATUS,
		     strbuf_str(&right));
	canvas_text(c, y, 1, c->w - canvas_width(strbuf_str(&right)) - 3, STYLE_TITLE,
		    strbuf_str(&left));
}

static void detail(struct rings *r, struct canvas *c, struct rect at)
{
	_cleanup_(doc_done) struct doc d = {.label_w = 10, .cut = true};
	const struct rings_row *row = rings_selected(r);

	canvas_hline(c, at.y, 0, c->w, STYLE_LINE);
	if (!row)
		return;
	canvas_text(c, at.y, 1, c->w - 2, STYLE_TITLE, row->key ? " Key " : " Keyring ");
	canvas_right(c, at.y, c->w - 20, 16, STYLE_LINE, " Enter: full ");
	rings_detail(r, row, &d, false);
	(void)doc_draw(&d, c, (struct rect){at.y + 1, at.x, at.h - 1, at.w - 1}, 0);
}

static void nothing(struct rings *r, struct canvas *c, struct rect body)
{
	_cleanup_(doc_done) struct doc d = {0};

	rings_nothing(r, &d);
	canvas_hline(c, body.y, 0, c->w, STYLE_LINE);
	(void)doc_draw(&d, c, (struct rect){body.y + 2, body.x, body.h - 2, body.w - 2},
		       0);
}

void rings_draw(struct rings *r, struct canvas *c, struct rect body)
{
	int detail_h = c->h >= 24 ? DETAIL_ROWS + (c->h >= 40 ? 3 : 0) : 0;
	struct rect rows = {body.y + 3, 0, body.h - 3 - detail_h, body.w};
	struct columns k = layout(c->w);

	if (!r->n) {
		nothing(r, c, body);
		return;
	}
	list_fit(&r->list, r->n, (size_t)rows.h);
	r->rows_at = rows;
	title_row(r, c, body.y);
	canvas_hline(c, body.y + 1, 0, c->w, STYLE_LINE);
	headings(r, c, body.y + 2, &k);
	for (int i = 0; i < rows.h; i++)
		draw_row(r, c, rows.y + i, &k, r->list.top + (size_t)i);
	if (detail_h)
		detail(r, c, (struct rect){rows.y + rows.h, 0, detail_h, c->w});
}
