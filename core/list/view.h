/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a list screen shows of a store: rows, filtered, sorted or grouped, kept up to date
 * as entries arrive. No drawing here. Work is done in slices by view_step(), so the rows
 * may be incomplete meanwhile (view_progress()); what is there is right.
 *
 * A row is an entry, a group heading, or the gap between the head and the tail of a store
 * whose middle has not been read. Selection is by entry (mref), never by row number.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cleanup.h"
#include "core/base/diag.h"
#include "core/list/filter.h"
#include "core/list/mstore.h"
#include "core/host/pool.h"

enum view_sort {
#define VIEW_SORT(id, name, title) VIEW_SORT_##id,
#include "core/list/view-orders.inc"
#undef VIEW_SORT
	_VIEW_SORT_MAX,
	_VIEW_SORT_INVALID = -EINVAL,
};

enum view_group {
#define VIEW_GROUP(id, name, title) VIEW_GROUP_##id,
#include "core/list/view-orders.inc"
#undef VIEW_GROUP
	_VIEW_GROUP_MAX,
	_VIEW_GROUP_INVALID = -EINVAL,
};

enum view_row_kind { VIEW_ROW_ENTRY, VIEW_ROW_GROUP, VIEW_ROW_GAP };

struct view_row {
	enum view_row_kind kind;
	mref ref;	/* ENTRY: it; GROUP: its newest entry */
	uint32_t group; /* GROUP: id for view_group_toggle() */
	uint64_t count; /* GROUP: entries in it; GAP: entries not read yet (estimate) */
	uint32_t violations; /* GROUP */
	bool open;	     /* GROUP: its entries follow */
	struct span label;   /* GROUP: raw bytes (escape them!), borrowed from the view */
};

struct view_progress {
	bool filtering; /* not all known entries have been looked at */
	bool sorting;	/* rows are in order of arrival until this ends */
	uint64_t matched;
	uint64_t looked_at;
	uint64_t known;
};

struct view;

/* The store, the context's members and the pool (may be NULL) must outlive the view. */
int view_new(const struct mstore *store, const struct filter_context *ctx,
	     struct pool *pool, struct view **ret, struct diag *reterr);
struct view *view_free(struct view *v);
DEFINE_CLEANUP(struct view *, view_free)

/* Each starts the rows anew. The view takes @f over (NULL: none). */
void view_set_filter(struct view *v, struct filter *f);
const struct filter *view_filter(const struct view *v);
void view_set_sort(struct view *v, enum view_sort sort, bool descending);
void view_set_group(struct view *v, enum view_group group);
enum view_sort view_sort(const struct view *v, bool *ret_descending);
enum view_group view_group(const struct view *v);
/* The context changed (packages loaded, time went on): looks at all entries again. */
void view_refresh(struct view *v);

/* One slice. 1: more to do now; 0: up to date; -ENOMEM. */
int view_step(struct view *v, unsigned budget_us);
void view_progress(const struct view *v, struct view_progress *ret);

size_t view_count(const struct view *v);
bool view_at(const struct view *v, size_t row, struct view_row *ret);
/* The row of an entry; if it is not shown, the nearest row before it (false). */
bool view_find(const struct view *v, mref ref, size_t *ret_row);
/* Opens or closes a group; all of them with UINT32_MAX. */
int view_group_toggle(struct view *v, uint32_t group);
/* How many rows came at the end since @ref was the last (for "+37 new"). */
size_t view_newer(const struct view *v, mref ref);

/* Search: the next row from @row on (@forward) whose entry passes @what; wraps around.
 * 1: found, 0: nowhere, -EAGAIN: the slice is over, call again with the same *cursor.
 * *cursor starts as 0. */
int view_search(const struct view *v, const struct filter *what, size_t row, bool forward,
		unsigned budget_us, size_t *cursor, size_t *ret_row);

/* How often the path of an entry occurs among the known entries, and with how many
 * different digests (counted up to VIEW_DIGESTS). Starts as zeroes; -EAGAIN as above. */
enum { VIEW_DIGESTS = 16 };

struct view_same {
	uint64_t looked_at; /* ours: progress */
	uint32_t times;
	uint32_t digests;
	uint64_t seen[VIEW_DIGESTS];
};

int view_same_path(const struct view *v, mref ref, unsigned budget_us,
		   struct view_same *state);

const char *view_sort_name(enum view_sort sort);
const char *view_sort_title(enum view_sort sort);
enum view_sort view_sort_from_name(const char *name);
const char *view_group_name(enum view_group group);
const char *view_group_title(enum view_group group);
enum view_group view_group_from_name(const char *name);
