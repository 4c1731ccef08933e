/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/confirm.h"

#include <stdio.h>
#include <string.h>

#include "tui/keys.h"

void confirm_start(struct confirm *q, enum confirm_level level, const char *title,
		   const char *action, const char *phrase)
{
	confirm_done(q);
	*q = (struct confirm){.level = level};
	(void)snprintf(q->title, sizeof(q->title), "%s", title);
	(void)snprintf(q->action, sizeof(q->action), "%s", action);
	(void)snprintf(q->phrase, sizeof(q->phrase), "%s", phrase ? phrase : "");
	prompt_start(&q->prompt,
		     level == CONFIRM_L2 ? "Type the host name" : "Type the phrase", NULL,
		     NULL);
}

void confirm_done(struct confirm *q)
{
	doc_done(&q->doc);
}

static bool typed(const struct confirm *q)
{
	return *q->phrase && strcmp(q->prompt.text, q->phrase) == 0;
}

/* Two buttons, no text: arrows and Tab move, Enter takes what is chosen. */
static enum confirm_event simple_key(struct confirm *q, int key)
{
	switch (key) {
	case K_LEFT:
	case K_RIGHT:
	case K_TAB:
	case K_BACKTAB:
	case 'h':
	case 'l':
		q->on_yes = !q->on_yes;
		return CONFIRM_MORE;
	case K_ENTER:
		return q->on_yes ? CONFIRM_YES : CONFIRM_NO;
	case K_ESC:
	case 'q':
		return CONFIRM_NO;
	default:
		return CONFIRM_MORE;
	}
}

/* Of a text that is longer than the box. */
static bool scrolled(struct confirm *q, int key)
{
	if (key == K_DOWN || key == K_PAGE_DOWN)
		q->top += q->hidden ? 1 : 0;
	else if (key == K_UP || key == K_PAGE_UP)
		q->top -= q->top ? 1 : 0;
	else
		return false;
	return true;
}

enum confirm_event confirm_key(struct confirm *q, int key)
{
	if (scrolled(q, key))
		return CONFIRM_MORE;
	if (q->level == CONFIRM_L1)
		return simple_key(q, key);
	switch (prompt_key(&q->prompt, key)) {
	case PROMPT_CANCEL:
		return key == K_BACKSPACE ? CONFIRM_MORE : CONFIRM_NO;
	case PROMPT_DONE:
		if (typed(q))
			return CONFIRM_YES;
		(void)snprintf(q->prompt.error, sizeof(q->prompt.error),
			       "that is not it");
		return CONFIRM_MORE;
	default:
		q->prompt.error[0] = '\0';
		return CONFIRM_MORE;
	}
}

static void buttons(const struct confirm *q, struct canvas *c, int y, int x, int w)
{
	bool yes = q->level == CONFIRM_L1 ? q->on_yes : typed(q);
	char action[40];
	int aw;

	(void)snprintf(action, sizeof(action), "[ %s ]", q->action);
	aw = canvas_width(action);
	canvas_text(c, y, x + w - 18 - aw, aw, yes ? STYLE_SELECTED : STYLE_DIALOG,
		    action);
	canvas_text(c, y, x + w - 16, 16, yes ? STYLE_DIALOG : STYLE_SELECTED,
		    "[ Cancel (Esc) ]");
}

/* Nobody is to say yes to what he cannot read: the text is scrolled, and that there is more
 * of it stands in the frame. */
static void more(const struct confirm *q, struct canvas *c, int y, int x, int w)
{
	if (q->top || q->hidden)
		canvas_textf(c, y, x, w, STYLE_WARN,
			     " Up/Down: %zu lines above, %zu below ", q->top, q->hidden);
}

void confirm_draw(struct confirm *q, struct canvas *c)
{
	int w = c->w < 80 ? c->w : 80, extra = q->level == CONFIRM_L1 ? 4 : 6;
	int all = (int)doc_rows(&q->doc, w - 4), rows = all;
	struct rect box;

	if (rows > c->h - extra)
		rows = c->h - extra;
	if (q->top > (size_t)(all - rows))
		q->top = (size_t)(all - rows);
	q->hidden = (size_t)(all - rows) - q->top;
	box = (struct rect){(c->h - rows - extra) / 2, (c->w - w) / 2, rows + extra, w};
	canvas_fill(c, box, STYLE_DIALOG);
	canvas_box(c, box, STYLE_DIALOG);
	canvas_textf(c, box.y, box.x + 3, w - 6, STYLE_TITLE, " %s ", q->title);
	(void)doc_draw(&q->doc, c, (struct rect){box.y + 1, box.x + 1, rows, w - 4},
		       q->top);
	more(q, c, box.y + box.h - 1, box.x + 3, w - 6);
	if (q->level == CONFIRM_L3)
		canvas_textf(c, box.y + rows + 1, box.x + 2, w - 4, STYLE_WARN,
			     "This cannot be undone. The phrase: %s", q->phrase);
	if (q->level != CONFIRM_L1)
		prompt_draw(&q->prompt, c, box.y + rows + 2, box.x + 2, w - 4);
	buttons(q, c, box.y + box.h - 2, box.x + 2, w - 4);
}
