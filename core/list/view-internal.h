/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by view.c, view-sort.c and view-group.c, nobody else's business. */
#pragma once

#include "core/list/view.h"

struct view_vec {
	uint32_t *at;
	size_t n, cap;
};

bool view_vec_add(struct view_vec *v, uint32_t value);
bool view_vec_room(struct view_vec *v, size_t n);
void view_vec_done(struct view_vec *v);

/* The entries that pass, in order of arrival; without a filter they are not listed. */
struct passed {
	bool all; /* no filter: every entry of the store */
	struct view_vec head, tail;
	mref head_at, tail_at; /* where looking goes on */
	unsigned generation;   /* of the store */
	unsigned restarts;     /* counts up when rows that were there vanished */
};

struct sorter;
struct grouper;

struct view {
	const struct mstore *store;
	const struct filter_context *ctx;
	struct pool *pool;
	struct filter *filter;
	enum view_sort sort;
	bool descending;
	enum view_group group;
	struct passed passed;
	struct sorter *sorter;	 /* unless sorted by arrival */
	struct grouper *grouper; /* when grouped */
};

/* Of the passed entries, head and tail apart. */
size_t view_n_head(const struct view *v);
size_t view_n_tail(const struct view *v);
mref view_head_at(const struct view *v, size_t i);
mref view_tail_at(const struct view *v, size_t i);

/* The bytes an entry is ordered by and a number that goes first; stable memory. */
struct view_key {
	uint64_t number;
	const uint8_t *ptr;
	uint32_t len;
	mref ref;
};

struct sorter *view_sorter_new(void);
struct sorter *view_sorter_free(struct sorter *s);
int view_sorter_step(struct view *v, uint64_t deadline);
bool view_sorter_ready(const struct sorter *s);
size_t view_sorter_count(const struct sorter *s);
mref view_sorter_at(const struct sorter *s, size_t row, bool descending);

struct grouper *view_grouper_new(void);
struct grouper *view_grouper_free(struct grouper *g);
int view_grouper_step(struct view *v, uint64_t deadline);
size_t view_grouper_count(const struct grouper *g);
bool view_grouper_at(const struct grouper *g, size_t row, struct view_row *ret);
int view_grouper_toggle(struct grouper *g, uint32_t group);
bool view_grouper_find(const struct grouper *g, mref ref, size_t *ret_row);
