/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/pick.h"

#include <ctype.h>
#include <string.h>

void pick_start(struct pick *p, const char *title)
{
	memset(p, 0, sizeof(*p));
	p->title = title;
	prompt_start(&p->prompt, "Find", NULL, NULL);
}

/* How well @what matches: 3 as a word's start, 2 anywhere, 1 letter by letter, 0 not. */
static int match(const char *text, const char *what)
{
	const char *at = strcasestr(text, what);

	for (; at; at = strcasestr(at + 1, what))
		if (at == text || at[-1] == ' ')
			return 3;
	if (strcasestr(text, what))
		return 2;
	for (; *text && *what; text++)
		if (tolower((unsigned char)*text) == tolower((unsigned char)*what))
			what++;
	return *what ? 0 : 1;
}

/* Words that stand in the column of keys ("exec") are names of what is chosen. */
static int rank_of(const struct pick_item *item, const char *what)
{
	size_t len = strlen(what);

	if (item->keys && len > 1 && strncasecmp(item->keys, what, len) == 0)
		return 4;
	return match(item->text, what);
}

/* Letter by letter only where nothing better is found. */
static void narrow(struct pick *p)
{
	bool all = !*p->prompt.text;
	size_t n = 0;

	for (int rank = 4; rank >= 1 && (rank > 1 || n == 0); rank--)
		for (size_t i = 0; i < p->n; i++)
			if (all ? rank == 4
				: rank_of(&p->item[i], p->prompt.text) == rank)
				p->shown[n++] = (unsigned char)i;
	list_fit(&p->list, n, p->list.rows);
	list_select(&p->list, 0);
}

void pick_add(struct pick *p, int id, const char *keys, const char *text)
{
	if (p->n == PICK_MAX)
		return;
	p->item[p->n++] = (struct pick_item){id, keys, text};
	narrow(p);
}

static enum request movement(int key)
{
	switch (key) {
	case K_UP:
	case 'P' - '@':
		return REQ_UP;
	case K_DOWN:
	case K_TAB:
	case 'N' - '@':
		return REQ_DOWN;
	case K_PAGE_UP:
		return REQ_PAGE_UP;
	case K_PAGE_DOWN:
		return REQ_PAGE_DOWN;
	default:
		return REQ_NONE;
	}
}

enum pick_event pick_key(struct pick *p, int key, int *ret_id)
{
	if (list_request(&p->list, movement(key)))
		return PICK_MORE;
	switch (prompt_key(&p->prompt, key)) {
	case PROMPT_CHANGED:
		narrow(p);
		return PICK_MORE;
	case PROMPT_CANCEL:
		return PICK_CANCEL;
	case PROMPT_DONE:
		if (p->list.count == 0)
			return PICK_MORE;
		*ret_id = p->item[p->shown[p->list.sel]].id;
		return PICK_DONE;
	default:
		return PICK_MORE;
	}
}

static void draw_item(const struct pick *p, struct canvas *c, struct rect r, size_t row)
{
	const struct pick_item *item = &p->item[p->shown[row]];
	enum style style = row == p->list.sel ? STYLE_SELECTED : STYLE_DIALOG;
	int keys = item->keys ? 10 : 0;

	canvas_fill(c, (struct rect){r.y, r.x, 1, r.w}, style);
	canvas_text(c, r.y, r.x, 1, style, row == p->list.sel ? ">" : " ");
	if (item->keys)
		canvas_text(c, r.y, r.x + 2, keys - 1, style, item->keys);
	canvas_text(c, r.y, r.x + 2 + keys, r.w - 2 - keys, style, item->text);
}

void pick_draw(struct pick *p, struct canvas *c)
{
	int w = c->w - 4 < 76 ? c->w - 4 : 76;
	int rows = (int)p->n < c->h - 8 ? (int)p->n : c->h - 8;
	struct rect box = {(c->h - rows - 3) / 2, (c->w - w) / 2,
			   (rows > 1 ? rows : 1) + 3, w};

	canvas_fill(c, box, STYLE_DIALOG);
	canvas_box(c, box, STYLE_DIALOG);
	canvas_textf(c, box.y, box.x + 2, w - 4, STYLE_TITLE, " %s ", p->title);
	prompt_draw(&p->prompt, c, box.y + 1, box.x + 2, w - 4);
	list_fit(&p->list, p->list.count, (size_t)(rows > 1 ? rows : 1));
	if (p->list.count == 0)
		canvas_text(c, box.y + 2, box.x + 4, w - 6, STYLE_DIM, "nothing matches");
	for (size_t i = 0; i < p->list.rows && p->list.top + i < p->list.count; i++)
		draw_item(p, c, (struct rect){box.y + 2 + (int)i, box.x + 2, 1, w - 4},
			  p->list.top + i);
}
