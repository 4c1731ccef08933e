/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/list/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/host/loop.h"
#include "core/list/view-internal.h"

enum { BATCH = 4096 };

static const struct {
	const char *name, *title;
} sorts[] =
	{
#define VIEW_SORT(id, name, title) {name, title},
#include "core/list/view-orders.inc"
#undef VIEW_SORT
},
  groups[] = {
#define VIEW_GROUP(id, name, title) {name, title},
#include "core/list/view-orders.inc"
#undef VIEW_GROUP
};

const char *view_sort_name(enum view_sort sort)
{
	return sort >= 0 && sort < _VIEW_SORT_MAX ? sorts[sort].name : "";
}

const char *view_sort_title(enum view_sort sort)
{
	return sort >= 0 && sort < _VIEW_SORT_MAX ? sorts[sort].title : "";
}

enum view_sort view_sort_from_name(const char *name)
{
	for (int i = 0; i < _VIEW_SORT_MAX; i++)
		if (strcmp(sorts[i].name, name) == 0)
			return (enum view_sort)i;
	return _VIEW_SORT_INVALID;
}

const char *view_group_name(enum view_group group)
{
	return group >= 0 && group < _VIEW_GROUP_MAX ? groups[group].name : "";
}

const char *view_group_title(enum view_group group)
{
	return group >= 0 && group < _VIEW_GROUP_MAX ? groups[group].title : "";
}

enum view_group view_group_from_name(const char *name)
{
	for (int i = 0; i < _VIEW_GROUP_MAX; i++)
		if (strcmp(groups[i].name, name) == 0)
			return (enum view_group)i;
	return _VIEW_GROUP_INVALID;
}

bool view_vec_room(struct view_vec *v, size_t n)
{
	size_t cap = v->cap ? v->cap : 256;
	uint32_t *at;

	if (v->n + n <= v->cap)
		return true;
	while (cap < v->n + n)
		cap *= 2;
	at = reallocarray(v->at, cap, sizeof(*at));
	if (!at)
		return false;
	v->at = at;
	v->cap = cap;
	return true;
}

bool view_vec_add(struct view_vec *v, uint32_t value)
{
	if (!view_vec_room(v, 1))
		return false;
	v->at[v->n++] = value;
	return true;
}

void view_vec_done(struct view_vec *v)
{
	free(v->at);
	*v = (struct view_vec){0};
}

size_t view_n_head(const struct view *v)
{
	return v->passed.all ? mstore_head(v->store) : v->passed.head.n;
}

size_t view_n_tail(const struct view *v)
{
	return v->passed.all ? mstore_tail(v->store) : v->passed.tail.n;
}

mref view_head_at(const struct view *v, size_t i)
{
	return v->passed.all ? (mref)i : v->passed.head.at[i];
}

mref view_tail_at(const struct view *v, size_t i)
{
	return v->passed.all ? MSTORE_TAIL + (mref)i : v->passed.tail.at[i];
}

static void drop_order(struct view *v)
{
	v->sorter = view_sorter_free(v->sorter);
	v->grouper = view_grouper_free(v->grouper);
}

static void restart(struct view *v)
{
	struct passed *p = &v->passed;

	drop_order(v);
	view_vec_done(&p->head);
	view_vec_done(&p->tail);
	p->all = !v->filter || filter_is_empty(v->filter);
	p->head_at = 0;
	p->tail_at = MSTORE_TAIL;
	p->restarts++;
}

int view_new(const struct mstore *store, const struct filter_context *ctx,
	     struct pool *pool, struct view **ret, struct diag *reterr)
{
	struct view *v = calloc(1, sizeof(*v));

	if (!v)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Not enough memory.");
	v->store = store;
	v->ctx = ctx;
	v->pool = pool;
	restart(v);
	*ret = v;
	return 0;
}

struct view *view_free(struct view *v)
{
	if (!v)
		return NULL;
	drop_order(v);
	view_vec_done(&v->passed.head);
	view_vec_done(&v->passed.tail);
	filter_free(v->filter);
	free(v);
	return NULL;
}

void view_set_filter(struct view *v, struct filter *f)
{
	filter_free(v->filter);
	v->filter = f;
	restart(v);
}

const struct filter *view_filter(const struct view *v)
{
	return v->filter;
}

void view_set_sort(struct view *v, enum view_sort sort, bool descending)
{
	if (sort != v->sort)
		v->sorter = view_sorter_free(v->sorter);
	v->sort = sort;
	v->descending = descending;
}

void view_set_group(struct view *v, enum view_group group)
{
	v->grouper = view_grouper_free(v->grouper);
	v->group = group;
}

enum view_sort view_sort(const struct view *v, bool *ret_descending)
{
	*ret_descending = v->descending;
	return v->sort;
}

enum view_group view_group(const struct view *v)
{
	return v->group;
}

void view_refresh(struct view *v)
{
	restart(v);
}

/* The tail became part of the head (or vanished). When the head had been looked at up to
 * there, its rows just move over; otherwise they are found again in their turn. */
static bool follow_store(struct view *v)
{
	struct passed *p = &v->passed;
	struct mstore_progress now;
	mref start = mstore_resolve(v->store, MSTORE_TAIL);

	mstore_progress(v->store, &now);
	if (now.generation == p->generation)
		return true;
	p->generation = now.generation;
	if (start == MSTORE_TAIL) /* still open: only its numbers became known */
		return true;
	drop_order(v);
	if (!p->all && p->head_at == start) {
		if (!view_vec_room(&p->head, p->tail.n))
			return false;
		for (size_t i = 0; i < p->tail.n; i++)
			p->head.at[p->head.n++] = mstore_resolve(v->store, p->tail.at[i]);
		p->head_at = mstore_resolve(v->store, p->tail_at);
	}
	p->tail.n = 0;
	p->tail_at = MSTORE_TAIL;
	return true;
}

static bool looked_at_all(const struct view *v)
{
	const struct passed *p = &v->passed;

	return p->all || (p->head_at >= mstore_head(v->store) &&
			  (!mstore_tail(v->store) ||
			   p->tail_at - MSTORE_TAIL >= mstore_tail(v->store)));
}

static bool scan_into(struct view *v, struct view_vec *rows, mref *at, uint64_t deadline)
{
	uint64_t now = loop_now_us();

	if (!view_vec_room(rows, BATCH))
		return false;
	rows->n += filter_scan(v->filter, v->ctx, v->store, at,
			       now < deadline ? (unsigned)(deadline - now) : 0,
			       rows->at + rows->n, BATCH);
	return true;
}

/* The end of the list first: it is what a person who follows looks at. */
static int scan(struct view *v, uint64_t deadline)
{
	struct passed *p = &v->passed;

	while (!looked_at_all(v)) {
		bool tail = mstore_tail(v->store) &&
			    p->tail_at - MSTORE_TAIL < mstore_tail(v->store);

		if (!scan_into(v, tail ? &p->tail : &p->head,
			       tail ? &p->tail_at : &p->head_at, deadline))
			return -ENOMEM;
		if (loop_now_us() >= deadline)
			break;
	}
	return looked_at_all(v) ? 0 : 1;
}

int view_step(struct view *v, unsigned budget_us)
{
	uint64_t deadline = loop_now_us() + budget_us;
	int r;

	if (!follow_store(v))
		return -ENOMEM;
	r = scan(v, deadline);
	if (r != 0)
		return r;
	if (v->group != VIEW_GROUP_NONE)
		return view_grouper_step(v, deadline);
	if (v->sort != VIEW_SORT_ARRIVAL)
		return view_sorter_step(v, deadline);
	return 0;
}

static bool sorted(const struct view *v)
{
	return v->group == VIEW_GROUP_NONE && v->sort != VIEW_SORT_ARRIVAL && v->sorter &&
	       view_sorter_ready(v->sorter);
}

void view_progress(const struct view *v, struct view_progress *ret)
{
	const struct passed *p = &v->passed;
	uint64_t known = (uint64_t)mstore_head(v->store) + mstore_tail(v->store);

	*ret = (struct view_progress){
		.filtering = !looked_at_all(v),
		.sorting = v->group == VIEW_GROUP_NONE && v->sort != VIEW_SORT_ARRIVAL &&
			   !sorted(v),
		.matched = view_n_head(v) + view_n_tail(v),
		.looked_at = p->all ? known : p->head_at + (p->tail_at - MSTORE_TAIL),
		.known = known,
	};
}

/* Arrival order has one row more while the middle of the list has not been read. */
static bool has_gap(const struct view *v)
{
	return mstore_tail(v->store) > 0;
}

size_t view_count(const struct view *v)
{
	if (v->group != VIEW_GROUP_NONE)
		return v->grouper ? view_grouper_count(v->grouper) : 0;
	if (sorted(v))
		return view_sorter_count(v->sorter);
	return view_n_head(v) + view_n_tail(v) + has_gap(v);
}

static void gap_row(const struct view *v, struct view_row *ret)
{
	struct mstore_progress p;
	uint64_t known;

	mstore_progress(v->store, &p);
	known = (uint64_t)p.head + p.tail;
	*ret = (struct view_row){.kind = VIEW_ROW_GAP,
				 .ref = MSTORE_NONE,
				 .count = p.count > known ? p.count - known : 0};
}

bool view_at(const struct view *v, size_t row, struct view_row *ret)
{
	size_t head = view_n_head(v);
	bool gap = has_gap(v);
	bool down = v->descending && v->sort == VIEW_SORT_ARRIVAL;

	if (row >= view_count(v))
		return false;
	if (v->group != VIEW_GROUP_NONE)
		return view_grouper_at(v->grouper, row, ret);
	*ret = (struct view_row){.kind = VIEW_ROW_ENTRY};
	if (sorted(v)) {
		ret->ref = view_sorter_at(v->sorter, row, v->descending);
		return true;
	}
	if (down)
		row = view_count(v) - 1 - row;
	if (row < head)
		ret->ref = view_head_at(v, row);
	else if (gap && row == head)
		gap_row(v, ret);
	else
		ret->ref = view_tail_at(v, row - head - gap);
	return true;
}

/* Rows in arrival order ascend: the last one not after @ref. */
static bool bisect(const struct view *v, mref ref, bool tail, size_t *ret)
{
	size_t low = 0, high = tail ? view_n_tail(v) : view_n_head(v);

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		mref at = tail ? view_tail_at(v, mid) : view_head_at(v, mid);

		if (at <= ref)
			low = mid + 1;
		else
			high = mid;
	}
	*ret = low ? low - 1 : 0;
	return low && (tail ? view_tail_at(v, low - 1) : view_head_at(v, low - 1)) == ref;
}

static bool find_sorted(const struct view *v, mref ref, size_t *ret_row)
{
	size_t n = view_sorter_count(v->sorter);

	for (size_t i = 0; i < n; i++)
		if (view_sorter_at(v->sorter, i, v->descending) == ref) {
			*ret_row = i;
			return true;
		}
	*ret_row = 0;
	return false;
}

bool view_find(const struct view *v, mref ref, size_t *ret_row)
{
	bool found;

	*ret_row = 0;
	ref = mstore_resolve(v->store, ref);
	if (ref == MSTORE_NONE || view_count(v) == 0)
		return false;
	if (v->group != VIEW_GROUP_NONE)
		return view_grouper_find(v->grouper, ref, ret_row);
	if (sorted(v))
		return find_sorted(v, ref, ret_row);
	found = bisect(v, ref, ref >= MSTORE_TAIL, ret_row);
	if (ref >= MSTORE_TAIL)
		*ret_row += view_n_head(v) + has_gap(v);
	if (*ret_row >= view_count(v))
		*ret_row = view_count(v) - 1;
	if (v->descending && v->sort == VIEW_SORT_ARRIVAL)
		*ret_row = view_count(v) - 1 - *ret_row;
	return found;
}

int view_group_toggle(struct view *v, uint32_t group)
{
	return v->grouper ? view_grouper_toggle(v->grouper, group) : 0;
}

size_t view_newer(const struct view *v, mref ref)
{
	size_t row = 0, n = view_count(v);

	(void)view_find(v, ref, &row);
	return n ? n - 1 - row : 0;
}

static bool row_passes(const struct view *v, const struct filter *what, size_t row,
		       struct strbuf *scratch)
{
	struct mlog_entry e;
	struct view_row r;
	uint64_t number;

	if (!view_at(v, row, &r) || r.kind != VIEW_ROW_ENTRY ||
	    !mstore_entry(v->store, r.ref, scratch, &e))
		return false;
	if (!mstore_number(v->store, r.ref, &number))
		number = 0;
	return filter_match(what, v->ctx, mstore_dialect(v->store), &e, number, r.ref);
}

int view_search(const struct view *v, const struct filter *what, size_t row, bool forward,
		unsigned budget_us, size_t *cursor, size_t *ret_row)
{
	_cleanup_strbuf_ struct strbuf scratch = {0};
	uint64_t deadline = loop_now_us() + budget_us;
	size_t n = view_count(v);

	for (; *cursor < n; ++*cursor) {
		size_t step = *cursor % n;
		size_t at = forward ? (row + step) % n : (row + n - step) % n;

		if (*cursor % 64 == 63 && loop_now_us() >= deadline) {
			++*cursor;
			if (!row_passes(v, what, at, &scratch))
				return -EAGAIN;
			*ret_row = at;
			return 1;
		}
		if (row_passes(v, what, at, &scratch)) {
			*ret_row = at;
			return 1;
		}
	}
	return 0;
}

static void count_digest(struct view_same *s, struct span digest)
{
	uint64_t h = 0;

	memcpy(&h, digest.ptr, digest.len < sizeof(h) ? digest.len : sizeof(h));
	for (uint32_t i = 0; i < s->digests; i++)
		if (s->seen[i] == h)
			return;
	if (s->digests < VIEW_DIGESTS)
		s->seen[s->digests++] = h;
}

int view_same_path(const struct view *v, mref ref, unsigned budget_us,
		   struct view_same *state)
{
	_cleanup_strbuf_ struct strbuf scratch = {0}, path = {0};
	const struct mlog_dialect *d = mstore_dialect(v->store);
	uint64_t deadline = loop_now_us() + budget_us, head = mstore_head(v->store);
	uint64_t n = head + mstore_tail(v->store);
	struct mlog_digest digest;
	struct mlog_entry e;
	struct span want;

	if (!mstore_entry(v->store, ref, &scratch, &e))
		return 0;
	want = mlog_path(d, &e);
	strbuf_add(&path, want.ptr,
		   want.len); /* the scratch of an ASCII list is reused */
	want = (struct span){(const uint8_t *)strbuf_str(&path), path.len};
	for (; state->looked_at < n; state->looked_at++) {
		uint64_t i = state->looked_at;

		if (i % 256 == 255 && loop_now_us() >= deadline) {
			state->looked_at++;
			deadline = 0;
		}
		if (mstore_entry(v->store,
				 i < head ? (mref)i : MSTORE_TAIL + (mref)(i - head),
				 &scratch, &e) &&
		    span_equal(mlog_path(d, &e), want)) {
			state->times++;
			if (mlog_file_digest(d, &e, &digest))
				count_digest(state, digest.value);
		}
		if (deadline == 0)
			return -EAGAIN;
	}
	return 1;
}
