/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line of input: editing, history, an error beside it. The text is valid UTF-8
 * without anything str_escape() would change but the backslash.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "tui/canvas.h"

enum { PROMPT_MAX = 512, HISTORY_MAX = 50 };

/* Lines entered before, newest last. Zero-initialised; prompt_history_done() frees. */
struct history {
	char *line[HISTORY_MAX];
	size_t n;
};

void prompt_history_add(struct history *h, const char *line);
void prompt_history_done(struct history *h);

struct prompt {
	const char *label;	 /* borrowed: "Filter", "Search" */
	struct history *history; /* borrowed, may be NULL */
	char text[PROMPT_MAX];
	char draft[PROMPT_MAX]; /* what was typed before Up brought old lines */
	size_t len, cursor;
	size_t back;	 /* lines up in the history */
	char error[240]; /* shown behind the text; "" */
};

enum prompt_event {
	PROMPT_SAME,	/* nothing the owner cares about */
	PROMPT_CHANGED, /* the text is another one */
	PROMPT_DONE,	/* Enter; the line is in the history */
	PROMPT_CANCEL,	/* Esc, or Backspace in an empty line */
};

void prompt_start(struct prompt *p, const char *label, struct history *history,
		  const char *text);
void prompt_set(struct prompt *p, const char *text);
enum prompt_event prompt_key(struct prompt *p, int key);

/* Draws into row @y and places the cursor. */
void prompt_draw(const struct prompt *p, struct canvas *c, int y, int x, int w);
