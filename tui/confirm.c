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

enum confirm_event confirm_key(struct confirm *q, int key)
{
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

void confirm_draw(const struct confirm *q, struct canvas *c)
{
	int w = c->w < 80 ? c->w : 80, extra = q->level == CONFIRM_L1 ? 4 : 6;
	int rows = (int)doc_rows(&q->doc, w - 4);
	struct rect box;

	if (rows > c->h - extra)
		rows = c->h - extra;
	box = (struct rect){(c->h - rows - extra) / 2, (c->w - w) / 2, rows + extra, w};
	canvas_fill(c, box, STYLE_DIALOG);
	canvas_box(c, box, STYLE_DIALOG);
	canvas_textf(c, box.y, box.x + 3, w - 6, STYLE_TITLE, " %s ", q->title);
	(void)doc_draw(&q->doc, c, (struct rect){box.y + 1, box.x + 1, rows, w - 4}, 0);
	if (q->level == CONFIRM_L3)
		canvas_textf(c, box.y + rows + 1, box.x + 2, w - 4, STYLE_WARN,
			     "This cannot be undone. The phrase: %s", q->phrase);
	if (q->level != CONFIRM_L1)
		prompt_draw(&q->prompt, c, box.y + rows + 2, box.x + 2, w - 4);
	buttons(q, c, box.y + box.h - 2, box.x + 2, w - 4);
}
