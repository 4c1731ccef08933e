/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/log.h"

#include <stdlib.h>
#include <string.h>

bool log_selected(const struct log *l, struct view_row *ret)
{
	return l->view && view_at(l->view, l->list.sel, ret);
}

/* What the selected row stands for is remembered, not where it is. */
static void remember(struct log *l)
{
	struct view_row row;

	if (!log_selected(l, &row))
		return;
	l->on_group = row.kind == VIEW_ROW_GROUP;
	l->group = row.group;
	if (row.kind != VIEW_ROW_GAP)
		l->sel = row.ref;
}

void log_select_row(struct log *l, size_t row)
{
	list_select(&l->list, row);
	remember(l);
}

static int by_ref(const void *a, const void *b)
{
	mref x = *(const mref *)a, y = *(const mref *)b;

	return x < y ? -1 : x > y;
}

/* Refs of the tail get other names when the middle has been read. */
static void resolve(struct log *l)
{
	const struct mstore *store = l->app->model.store;
	struct mstore_progress p;
	size_t n = 0;

	mstore_progress(store, &p);
	if (p.generation == l->generation)
		return;
	l->generation = p.generation;
	if (l->sel != MSTORE_NONE)
		l->sel = mstore_resolve(store, l->sel);
	l->same_ref = MSTORE_NONE;
	for (size_t i = 0; i < l->n_marks; i++) {
		mref now = mstore_resolve(store, l->marks[i]);

		if (now != MSTORE_NONE)
			l->marks[n++] = now;
	}
	l->n_marks = n;
	if (n)
		qsort(l->marks, n, sizeof(*l->marks), by_ref);
}

/* Where the selected group's heading is now. */
static bool find_group(const struct log *l, size_t *ret_row)
{
	struct view_row row;

	for (size_t i = 0; i < view_count(l->view); i++)
		if (view_at(l->view, i, &row) && row.kind == VIEW_ROW_GROUP &&
		    row.group == l->group) {
			*ret_row = i;
			return true;
		}
	return false;
}

void log_sync(struct log *l, size_t rows)
{
	struct view_row here;
	size_t row;
	bool found;

	if (!l->view)
		return;
	resolve(l);
	list_fit(&l->list, view_count(l->view), rows);
	if (l->follow) {
		log_select_row(l, l->list.count ? l->list.count - 1 : 0);
		return;
	}
	if (l->sel == MSTORE_NONE) {
		remember(l);
		return;
	}
	if (log_selected(l, &here) && here.kind != VIEW_ROW_GAP &&
	    (here.kind == VIEW_ROW_GROUP) == l->on_group &&
	    (l->on_group ? here.group == l->group : here.ref == l->sel))
		return;
	found = l->on_group ? find_group(l, &row) : view_find(l->view, l->sel, &row);
	if (found || !l->on_group)
		list_carry(&l->list, row);
}

/* Where @ref is or would be among the marks. */
static size_t mark_place(const struct log *l, mref ref)
{
	size_t low = 0, high = l->n_marks;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (l->marks[mid] < ref)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool log_is_marked(const struct log *l, mref ref)
{
	size_t at = mark_place(l, ref);

	return at < l->n_marks && l->marks[at] == ref;
}

void log_mark(struct log *l, mref ref)
{
	size_t at = mark_place(l, ref), cap;
	mref *marks;

	if (at < l->n_marks && l->marks[at] == ref) {
		memmove(l->marks + at, l->marks + at + 1,
			(--l->n_marks - at) * sizeof(*l->marks));
		return;
	}
	if (l->n_marks == l->cap_marks) {
		cap = l->cap_marks ? 2 * l->cap_marks : 64;
		marks = realloc(l->marks, cap * sizeof(*marks));
		if (!marks) {
			app_note(l->app, STYLE_BAD, "Out of memory: not marked");
			return;
		}
		l->marks = marks;
		l->cap_marks = cap;
	}
	memmove(l->marks + at + 1, l->marks + at,
		(l->n_marks++ - at) * sizeof(*l->marks));
	l->marks[at] = ref;
}
