/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list of which only the rows on the screen exist: positions and movement, no content.
 * The owner draws rows [top, top + rows) and maps them to whatever they stand for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "tui/keys.h"

struct list {
	size_t count; /* rows there are */
	size_t rows;  /* rows on the screen */
	size_t top;   /* first row shown */
	size_t sel;   /* selected row; 0 in an empty list */
};

/* New counts; the selection stays and stays visible. */
void list_fit(struct list *l, size_t count, size_t rows);

/* Selects a row (the last when there are fewer) and brings it into view. */
void list_select(struct list *l, size_t row);

/* Selects a row and keeps it as many lines from the top as the selection was: for rows
 * that moved because others came or went. */
void list_carry(struct list *l, size_t row);

/* Moves for UP, DOWN, PAGE_UP.. TOP, BOTTOM; false for any other request. */
bool list_request(struct list *l, enum request r);

static inline bool list_at_end(const struct list *l)
{
	return l->sel + 1 >= l->count;
}
