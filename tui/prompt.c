/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/prompt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/keys.h"

void prompt_history_add(struct history *h, const char *line)
{
	char *copy;

	if (!*line || (h->n && strcmp(h->line[h->n - 1], line) == 0))
		return;
	copy = strdup(line);
	if (!copy)
		return; /* a line less in the history */
	if (h->n == HISTORY_MAX) {
		free(h->line[0]);
		memmove(h->line, h->line + 1, (HISTORY_MAX - 1) * sizeof(h->line[0]));
		h->n--;
	}
	h->line[h->n++] = copy;
}

void prompt_history_done(struct history *h)
{
	for (size_t i = 0; i < h->n; i++)
		free(h->line[i]);
	h->n = 0;
}

void prompt_set(struct prompt *p, const char *text)
{
	(void)snprintf(p->text, sizeof(p->text), "%s", text);
	p->len = p->cursor = strlen(p->text);
}

void prompt_start(struct prompt *p, const char *label, struct history *history,
		  const char *text)
{
	*p = (struct prompt){.label = label, .history = history};
	prompt_set(p, text ? text : "");
}

static size_t before(const struct prompt *p, size_t at)
{
	while (at > 0 && ((unsigned char)p->text[--at] & 0xc0) == 0x80)
		;
	return at;
}

static size_t after(const struct prompt *p, size_t at)
{
	while (at < p->len && ((unsigned char)p->text[++at] & 0xc0) == 0x80)
		;
	return at;
}

static enum prompt_event cut(struct prompt *p, size_t from, size_t to)
{
	if (from >= to)
		return PROMPT_SAME;
	memmove(p->text + from, p->text + to, p->len - to + 1);
	p->len -= to - from;
	p->cursor = from;
	return PROMPT_CHANGED;
}

static size_t encode(char *out, uint32_t cp)
{
	size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;

	if (n == 1) {
		out[0] = (char)cp;
		return 1;
	}
	for (size_t i = n - 1; i > 0; i--, cp >>= 6)
		out[i] = (char)(0x80 | (cp & 0x3f));
	out[0] = (char)((0xf00u >> n & 0xf0) | cp);
	return n;
}

/* Only what a terminal shows as it is goes into the line. */
static enum prompt_event insert(struct prompt *p, int key)
{
	_cleanup_strbuf_ struct strbuf shown = {0};
	char text[5] = {0};
	size_t n;

	if (key < ' ' || key > 0x10ffff)
		return PROMPT_SAME;
	n = encode(text, (uint32_t)key);
	str_escape(&shown, (struct span){(const uint8_t *)text, n}, false);
	if ((key != '\\' && strcmp(strbuf_str(&shown), text) != 0) ||
	    p->len + n >= sizeof(p->text))
		return PROMPT_SAME;
	memmove(p->text + p->cursor + n, p->text + p->cursor, p->len - p->cursor + 1);
	memcpy(p->text + p->cursor, text, n);
	p->len += n;
	p->cursor += n;
	return PROMPT_CHANGED;
}

static enum prompt_event recall(struct prompt *p, bool older)
{
	if (!p->history || (older ? p->back >= p->history->n : p->back == 0))
		return PROMPT_SAME;
	if (p->back == 0)
		memcpy(p->draft, p->text, sizeof(p->draft));
	p->back += older ? 1 : (size_t)-1;
	/* The newest line is often what stands there already. */
	if (older && p->back == 1 && p->history->n > 1 &&
	    strcmp(p->history->line[p->history->n - 1], p->draft) == 0)
		p->back = 2;
	prompt_set(p, p->back ? p->history->line[p->history->n - p->back] : p->draft);
	return PROMPT_CHANGED;
}

static size_t word_start(const struct prompt *p)
{
	size_t at = p->cursor;

	while (at > 0 && p->text[at - 1] == ' ')
		at--;
	while (at > 0 && p->text[at - 1] != ' ')
		at--;
	return at;
}

static enum prompt_event move(struct prompt *p, size_t to)
{
	p->cursor = to;
	return PROMPT_SAME;
}

enum prompt_event prompt_key(struct prompt *p, int key)
{
	switch (key) {
	case K_ENTER:
		if (p->history)
			prompt_history_add(p->history, p->text);
		return PROMPT_DONE;
	case K_ESC:
	case 'G' - '@':
		return PROMPT_CANCEL;
	case K_BACKSPACE:
		return p->len ? cut(p, before(p, p->cursor), p->cursor) : PROMPT_CANCEL;
	case K_DELETE:
	case 'D' - '@':
		return cut(p, p->cursor, after(p, p->cursor));
	case 'U' - '@':
		return cut(p, 0, p->cursor);
	case 'K' - '@':
		return cut(p, p->cursor, p->len);
	case 'W' - '@':
		return cut(p, word_start(p), p->cursor);
	case K_LEFT:
	case 'B' - '@':
		return move(p, before(p, p->cursor));
	case K_RIGHT:
	case 'F' - '@':
		return move(p, after(p, p->cursor));
	case K_HOME:
	case 'A' - '@':
		return move(p, 0);
	case K_END:
	case 'E' - '@':
		return move(p, p->len);
	case K_UP:
	case 'P' - '@':
		return recall(p, true);
	case K_DOWN:
	case 'N' - '@':
		return recall(p, false);
	default:
		return insert(p, key);
	}
}

void prompt_draw(const struct prompt *p, struct canvas *c, int y, int x, int w)
{
	char head[PROMPT_MAX];
	int used = canvas_textf(c, y, x, w, STYLE_PROMPT, "%s: ", p->label), room, at,
	    start;

	/* A long line is shown around its cursor; the error keeps up to half of the row.
	 */
	room = w - used - 1;
	if (*p->error)
		room -= canvas_width(p->error) + 3 < room / 2 ? canvas_width(p->error) + 3
							      : room / 2;
	(void)snprintf(head, sizeof(head), "%.*s", (int)p->cursor, p->text);
	at = canvas_width(head);
	start = 0;
	for (; at >= room && p->text[start]; at = canvas_width(head + start))
		start = (int)after(p, (size_t)start);
	x += used;
	used = canvas_text(c, y, x, room, STYLE_NORMAL, p->text + start);
	c->cursor_y = y;
	c->cursor_x = x + at;
	if (*p->error)
		canvas_text(c, y, x + used + 2, w - (x + used + 2), STYLE_BAD, p->error);
}
