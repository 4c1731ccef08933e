/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A box with a few things to choose from, narrowed down while one types: the palette and
 * every small menu. */
#pragma once

#include "tui/list.h"
#include "tui/prompt.h"

enum { PICK_MAX = 128 };

struct pick_item {
	int id;
	const char *keys; /* borrowed; may be NULL */
	const char *text; /* borrowed */
};

struct pick {
	const char *title;
	struct pick_item item[PICK_MAX];
	size_t n;
	unsigned char shown[PICK_MAX]; /* items that match, best first */
	struct prompt prompt;
	struct list list;
};

enum pick_event { PICK_MORE, PICK_DONE, PICK_CANCEL };

void pick_start(struct pick *p, const char *title);
void pick_add(struct pick *p, int id, const char *keys, const char *text);
/* PICK_DONE: *ret_id is the choice. */
enum pick_event pick_key(struct pick *p, int key, int *ret_id);
void pick_draw(struct pick *p, struct canvas *c);
