/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/deniallist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "tui/words.h"

enum { REGROUP_MS = 500 };

void deniallist_done(struct deniallist *l)
{
	denialcase_free(l->asked);
	planned_drop(&l->ready);
	mute_done(&l->mutes);
	free(l->groups);
	free(l->rows);
	strbuf_done(&l->mute_reason);
	strbuf_done(&l->scratch);
	entrytext_done(&l->text);
	for (size_t i = 0; i < array_size(l->offers); i++)
		strbuf_done(&l->offers[i]);
	prompt_history_done(&l->keys);
	prompt_history_done(&l->certs);
	prompt_history_done(&l->reasons);
}

void deniallist_mutes_load(struct deniallist *l)
{
	mute_done(&l->mutes);
	l->mutes = (struct mute_list){0};
	l->no_mutes = (struct diag){0};
	if (mute_load(l->app->model.root, &l->mutes, &l->no_mutes) < 0)
		mute_done(&l->mutes);
	l->mutes_read = l->stale = true;
}

/* Which rows are shown */

static bool passes(struct deniallist *l, const struct denials_row *row)
{
	if (!*l->find.filter)
		return true;
	strbuf_clear(&l->scratch);
	deniallist_search_text(l, row, &l->scratch);
	return words_pass(l->find.filter, strbuf_str(&l->scratch));
}

static bool is_muted(const struct deniallist *l, const struct denials_row *row)
{
	return l->mutes.n && mute_find(&l->mutes, row, l->app->model.pkgs,
				       (uint64_t)l->app->model.wall);
}

static bool wants(void *user, const struct denials_row *row)
{
	struct deniallist *l = user;

	if (!passes(l, row))
		return false;
	if (!is_muted(l, row))
		return true;
	l->n_muted += row->count;
	return l->muted_shown;
}

bool deniallist_shows(struct deniallist *l, const struct denials_row *row)
{
	return passes(l, row) && (l->muted_shown || !is_muted(l, row));
}

/* Groups and their rows */

static struct deniallist_name name_of(const struct deniallist *l,
				      const struct denials_group *g)
{
	return (struct deniallist_name){l->key == DENIALS_BY_CAUSE ? g->kind
								   : DENIAL_ACCESS,
					g->name};
}

static bool same(const struct deniallist_name *a, const struct deniallist_name *b)
{
	return a->kind == b->kind && span_equal(a->name, b->name);
}

static size_t open_at(const struct deniallist *l, const struct deniallist_name *name)
{
	for (size_t i = 0; i < l->n_open; i++)
		if (same(&l->open[i], name))
			return i;
	return SIZE_MAX;
}

static void close_at(struct deniallist *l, size_t i)
{
	memmove(&l->open[i], &l->open[i + 1], (--l->n_open - i) * sizeof(l->open[0]));
}

static void open_group(struct deniallist *l, const struct deniallist_name *name)
{
	if (open_at(l, name) != SIZE_MAX)
		return;
	if (l->n_open == DENIALLIST_OPEN)
		close_at(l, 0);
	l->open[l->n_open++] = *name;
}

static bool in_group(const struct deniallist *l, const struct denials_row *row,
		     const struct denials_group *g)
{
	return (l->key != DENIALS_BY_CAUSE || row->last.kind == g->kind) &&
	       denials_row_is(row, l->key, l->app->model.pkgs, g->name);
}

struct ranked {
	uint32_t at;
	uint64_t count, last_ms;
};

static int most_first(const void *x, const void *y)
{
	const struct ranked *a = x, *b = y;

	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	if (a->last_ms != b->last_ms)
		return a->last_ms < b->last_ms ? 1 : -1;
	return a->at < b->at ? -1 : a->at > b->at;
}

/* The rows of a group that are shown, the most frequent first; how many. The caller
 * frees. */
static size_t rows_of(struct deniallist *l, const struct denials_group *g,
		      struct ranked **ret)
{
	uint64_t muted = l->n_muted; /* they were counted with the groups */
	size_t n = 0;

	*ret = calloc(g->n_rows + 1, sizeof(**ret));
	for (size_t i = 0; *ret && i < denials_rows(l->feed->store); i++) {
		const struct denials_row *row = denials_row(l->feed->store, i);

		if (n < g->n_rows && in_group(l, row, g) && wants(l, row))
			(*ret)[n++] =
				(struct ranked){(uint32_t)i, row->count, row->last_ms};
	}
	l->n_muted = muted;
	if (n)
		qsort(*ret, n, sizeof(**ret), most_first);
	return n;
}

bool deniallist_add(struct deniallist *l, struct deniallist_row row)
{
	size_t cap = l->cap ? 2 * l->cap : 64;
	struct deniallist_row *more;

	if (l->n == l->cap) {
		more = reallocarray(l->rows, cap, sizeof(*more));
		if (!more)
			return false;
		l->rows = more;
		l->cap = cap;
	}
	l->rows[l->n++] = row;
	return true;
}

static void add_group(struct deniallist *l, uint32_t g)
{
	struct deniallist_name name = name_of(l, &l->groups[g]);
	_cleanup_free_ struct ranked *rows = NULL;
	size_t n;

	if (!deniallist_add(l, (struct deniallist_row){DENIALLIST_GROUP, g, 0}) ||
	    open_at(l, &name) == SIZE_MAX)
		return;
	n = rows_of(l, &l->groups[g], &rows);
	for (size_t i = 0; i < n; i++)
		if (!deniallist_add(l, (struct deniallist_row){DENIALLIST_ROW, g,
							       rows[i].at}))
			return;
}

/* Where what was selected is now: its row, else its group, else the same line. */
static size_t place_in_stream(const struct deniallist *l)
{
	for (size_t i = l->n; i-- > 0;)
		if (l->rows[i].is == l->sel_is && l->rows[i].at == l->sel_row)
			return i;
	return l->list.sel;
}

static size_t place_of(const struct deniallist *l)
{
	size_t group = SIZE_MAX;

	if (l->stream)
		return place_in_stream(l);
	for (size_t i = 0; i < l->n; i++) {
		const struct deniallist_row *r = &l->rows[i];
		struct deniallist_name name = name_of(l, &l->groups[r->group]);

		if (!same(&name, &l->sel))
			continue;
		if (r->is == DENIALLIST_GROUP)
			group = i;
		if ((r->is == DENIALLIST_ROW) == l->on_row &&
		    (!l->on_row || r->at == l->sel_row))
			return i;
	}
	return group != SIZE_MAX ? group : l->list.sel;
}

/* The group, or row, that has the latest event. */
static size_t latest(const struct deniallist *l)
{
	uint64_t last = 0;
	size_t at = 0;

	if (l->stream)
		return l->n ? l->n - 1 : 0;
	for (size_t i = 0; i < l->n; i++) {
		const struct deniallist_row *r = &l->rows[i];
		uint64_t ms = r->is == DENIALLIST_GROUP
				      ? l->groups[r->group].last_ms
				      : denials_row(l->feed->store, r->at)->last_ms;

		if (ms >= last && ms) {
			at = i;
			last = ms;
		}
	}
	return at;
}

static bool make_groups(struct deniallist *l)
{
	struct denials_group *groups = NULL;
	int n = denials_group(l->feed->store, l->key, l->app->model.pkgs, l->minute,
			      wants, l, &groups);

	if (n < 0)
		return false;
	free(l->groups);
	l->groups = groups;
	l->n_groups = (size_t)n;
	l->n = 0;
	for (uint32_t g = 0; g < l->n_groups && !l->stream; g++)
		add_group(l, g);
	return true;
}

static void rebuild(struct deniallist *l)
{
	l->minute = (uint64_t)l->app->model.wall / 60;
	l->n_muted = 0;
	if (!make_groups(l) || (l->stream && !deniallist_stream_rows(l))) {
		app_note(l->app, STYLE_BAD, "Out of memory: rows are old or missing");
		return;
	}
	list_fit(&l->list, l->n, l->list.rows);
	list_carry(&l->list, l->follow ? latest(l) : place_of(l));
	deniallist_moved(l);
	l->generation = l->feed->generation;
	l->made_ms = l->app->model.now_ms;
	l->seen = l->feed->events;
	l->stale = false;
	l->app->dirty = true;
}

/* In a storm not with each batch. */
static bool is_due(const struct deniallist *l)
{
	uint64_t passed = l->app->model.now_ms - l->made_ms;

	if (!l->feed->store)
		return false;
	if (l->stale)
		return true;
	if (l->paused)
		return false;
	if (l->generation != l->feed->generation)
		return passed >= REGROUP_MS || (!l->feed->job && !l->feed->due);
	if (l->stream && deniallist_stream_grew(l))
		return passed >= REGROUP_MS;
	return l->minute != (uint64_t)l->app->model.wall / 60 ||
	       (l->app->model.pkgs_changed && l->key == DENIALS_BY_PACKAGE);
}

void deniallist_sync(struct deniallist *l)
{
	if (is_due(l))
		rebuild(l);
}

void deniallist_fit(struct deniallist *l, size_t lines)
{
	if (!l->mutes_read)
		deniallist_mutes_load(l);
	if (l->stale && l->feed->store)
		rebuild(l);
	list_fit(&l->list, l->n, lines);
}

/* Selection */

const struct deniallist_row *deniallist_selected(struct deniallist *l)
{
	deniallist_fit(l, l->list.rows);
	return l->list.sel < l->n ? &l->rows[l->list.sel] : NULL;
}

void deniallist_moved(struct deniallist *l)
{
	const struct deniallist_row *r =
		l->list.sel < l->n ? &l->rows[l->list.sel] : NULL;

	if (!r)
		return;
	l->sel_is = r->is;
	if (l->stream) {
		l->sel_row = r->at;
		return;
	}
	l->sel = name_of(l, &l->groups[r->group]);
	l->on_row = r->is == DENIALLIST_ROW;
	l->sel_row = r->at;
}

const struct denials_group *deniallist_group(const struct deniallist *l,
					     const struct deniallist_row *row)
{
	return &l->groups[row->group];
}

const struct denials_row *deniallist_store_row(struct deniallist *l,
					       const struct deniallist_row *row,
					       uint32_t *ret_at)
{
	_cleanup_free_ struct ranked *rows = NULL;
	size_t n = 1;

	*ret_at = row->at;
	if (row->is == DENIALLIST_ENTRY)
		return NULL;
	if (row->is == DENIALLIST_EVENT)
		*ret_at = deniallist_event(l, row->at)->row;
	if (row->is == DENIALLIST_GROUP) {
		n = rows_of(l, &l->groups[row->group], &rows);
		*ret_at = n ? rows->at : 0;
	}
	return n == 1 ? denials_row(l->feed->store, *ret_at) : NULL;
}

void deniallist_toggle(struct deniallist *l, const struct deniallist_row *row)
{
	struct deniallist_name name = name_of(l, &l->groups[row->group]);
	size_t at = open_at(l, &name);

	if (at != SIZE_MAX)
		close_at(l, at);
	else
		open_group(l, &name);
	l->on_row = false;
	rebuild(l);
}

void deniallist_restart(struct deniallist *l)
{
	if (!l->feed->ended || !feed_restart(l->feed))
		return;
	deniallist_set_key(l, l->key);
	l->n = l->n_groups = l->n_fixes = 0;
	l->seen = 0;
	list_fit(&l->list, 0, l->list.rows);
}

void deniallist_set_stream(struct deniallist *l, bool stream)
{
	l->stream = stream;
	l->follow = stream;
	l->stale = true;
}

void deniallist_set_key(struct deniallist *l, enum denials_key key)
{
	l->key = key;
	l->stream = false;
	l->n_open = 0;
	l->sel = (struct deniallist_name){_DENIAL_KIND_INVALID, {0}};
	l->list.sel = l->list.top = 0;
	l->stale = true;
}

/* Searching */

static void select_row(struct deniallist *l, uint32_t g, uint32_t at)
{
	l->sel = name_of(l, &l->groups[g]);
	l->on_row = true;
	l->sel_row = at;
	l->follow = false;
	open_group(l, &l->sel);
	rebuild(l);
}

static bool holds(struct deniallist *l, uint32_t at)
{
	strbuf_clear(&l->scratch);
	deniallist_search_text(l, denials_row(l->feed->store, at), &l->scratch);
	return strstr(strbuf_str(&l->scratch), l->find.text);
}

/* Of one group: behind (or before) row @from, SIZE_MAX: all. */
static bool find_in(struct deniallist *l, uint32_t g, size_t from, bool forward)
{
	_cleanup_free_ struct ranked *rows = NULL;
	size_t n = rows_of(l, &l->groups[g], &rows), at = SIZE_MAX;

	for (size_t i = 0; i < n; i++)
		if (from != SIZE_MAX && rows[i].at == from)
			at = i;
	for (size_t k = 0; k < n; k++) {
		size_t i = forward ? k : n - 1 - k;

		if (at != SIZE_MAX && (forward ? i <= at : i >= at))
			continue;
		if (holds(l, rows[i].at)) {
			select_row(l, g, rows[i].at);
			return true;
		}
	}
	return false;
}

static bool find_in_stream(struct deniallist *l, bool forward)
{
	enum style unused;

	for (size_t i = 1; i <= l->n; i++) {
		size_t at = (l->list.sel + (forward ? i : l->n - i)) % l->n;
		_cleanup_strbuf_ struct strbuf b = {0};

		deniallist_stream_text(l, &l->rows[at], &b, &unused);
		if (!strstr(strbuf_str(&b), l->find.text))
			continue;
		l->follow = false;
		list_select(&l->list, at);
		deniallist_moved(l);
		return true;
	}
	return false;
}

bool deniallist_find(void *list, bool forward)
{
	struct deniallist *l = list;
	const struct deniallist_row *row = deniallist_selected(l);
	uint32_t n = (uint32_t)l->n_groups, g;
	bool on_row;

	if (!row)
		return false;
	if (l->stream)
		return find_in_stream(l, forward);
	g = row->group;
	on_row = row->is == DENIALLIST_ROW;
	/* backwards from a group's own line its rows come last */
	if ((forward || on_row) && find_in(l, g, on_row ? row->at : SIZE_MAX, forward))
		return true;
	for (uint32_t i = 1; i <= n; i++)
		if (find_in(l, (g + (forward ? i : n - i)) % n, SIZE_MAX, forward))
			return true;
	return false;
}

static bool is_bad(const struct deniallist *l, const struct deniallist_row *r)
{
	const struct denials_row *row;
	const struct feed_event *e;

	switch (r->is) {
	case DENIALLIST_ENTRY:
		return false;
	case DENIALLIST_EVENT:
		e = deniallist_event(l, r->at);
		return feed_is_denial(e->d.kind) && e->d.denied == DENIAL_DENIED;
	case DENIALLIST_GROUP:
		return feed_is_denial(l->groups[r->group].kind) &&
		       l->groups[r->group].n_denied;
	default:
		row = denials_row(l->feed->store, r->at);
		return feed_is_denial(row->last.kind) && row->n_denied;
	}
}

bool deniallist_next_bad(struct deniallist *l, bool forward)
{
	for (size_t i = 1; i <= l->n; i++) {
		size_t at = (l->list.sel + (forward ? i : l->n - i)) % l->n;

		if (is_bad(l, &l->rows[at])) {
			list_select(&l->list, at);
			deniallist_moved(l);
			return true;
		}
	}
	return false;
}

const struct deniallist_fix *deniallist_fix_of(const struct deniallist *l, uint32_t row)
{
	for (size_t i = l->n_fixes; i-- > 0;)
		if (l->fixes[i].row == row)
			return &l->fixes[i];
	return NULL;
}
