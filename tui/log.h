/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of the Log screen, shared by its parts: screen-log.c (requests), log-draw.c,
 * log-actions.c (search, filter, export, copy), log-plain.c (line mode). */
#pragma once

#include "core/list/view.h"
#include "tui/app.h"
#include "tui/entrytext.h"
#include "tui/list.h"
#include "tui/save.h"

struct log {
	struct app *app;
	struct filter_context ctx;
	struct view *view; /* NULL: there is no list */
	struct list list;
	struct entrytext text; /* of the row being drawn */

	mref sel;	/* the selected entry; MSTORE_NONE while there is none */
	uint32_t group; /* the selected group when on_group */
	bool on_group;
	bool follow, paused;
	uint64_t
		seen; /* rows there were when follow or pause ended the look at the end */
	unsigned generation;
	bool tails;	     /* long paths: their end */
	int left;	     /* columns the path is scrolled by */
	struct rect rows_at; /* of the last drawing, for the mouse */

	mref *marks; /* ascending */
	size_t n_marks, cap_marks;

	char filter_before[PROMPT_MAX]; /* what Esc in the prompt goes back to */
	struct filter *find, *bad;	/* what / and e look for; NULL: not asked yet */
	const struct filter *finding_what; /* one of them */
	char find_text[PROMPT_MAX];
	bool finding, find_forward;
	size_t find_row, find_cursor;

	mref same_ref; /* whose path is counted, and how far that is */
	struct view_same same;
	bool same_done;

	enum export_format format; /* of the export being asked for */
};

/* Rows, selection and window after anything changed. */
void log_sync(struct log *l, size_t rows);
/* The selected row; false in an empty list. */
bool log_selected(const struct log *l, struct view_row *ret);
void log_select_row(struct log *l, size_t row);

bool log_is_marked(const struct log *l, mref ref);
void log_mark(struct log *l, mref ref);

void log_draw(struct log *l, struct canvas *c, struct rect body);

/* log-actions.c */
bool log_action(struct log *l, enum request r);
/* A slice of a search that is on its way. 1: more. */
int log_find_step(struct log *l, unsigned budget_us);
/* False: it is wrong, *ret says how; the filter stays what it was. */
bool log_set_filter(struct log *l, const char *text, struct diag *ret);
/* What search looks for: the filter language. */
bool log_find_what(struct log *l, const char *text, struct diag *ret);
/* What an export writes: the marked entries, else what passes the filter, else all. */
void log_save_what(const struct log *l, enum export_format format, struct save_what *ret);
void log_detail(struct log *l, struct doc *d, mref ref, bool tall);

void log_plain(struct log *l, struct plain *p);
