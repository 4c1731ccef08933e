/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows in another order than that of arrival. Keys are taken on the owner's thread in
 * slices (only it may look into the store's index), sorted in the pool, and what arrives
 * later is inserted one by one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/host/loop.h"
#include "core/host/pkgdb.h"
#include "core/list/view-internal.h"

enum { INSERT_MAX = 256 }; /* more new entries than this are sorted in anew */

struct sort_job {
	struct pool_job job;
	struct sorter *owner; /* NULL: nobody waits for the result any more */
	struct view_key *key;
	size_t n;
	size_t n_head, n_tail; /* how many of the passed entries are in it */
};

struct sorter {
	struct view_vec order;
	size_t n_head, n_tail; /* of the passed entries, contained in order */
	bool ready;
	struct sort_job *taking;  /* keys are being taken */
	struct sort_job *running; /* in the pool */
};

struct sorter *view_sorter_new(void)
{
	return calloc(1, sizeof(struct sorter));
}

static void job_free(struct sort_job *j)
{
	if (j)
		free(j->key);
	free(j);
}

struct sorter *view_sorter_free(struct sorter *s)
{
	if (!s)
		return NULL;
	job_free(s->taking);
	if (s->running) {
		s->running->owner = NULL;
		pool_cancel(&s->running->job);
	}
	view_vec_done(&s->order);
	free(s);
	return NULL;
}

bool view_sorter_ready(const struct sorter *s)
{
	return s->ready;
}

size_t view_sorter_count(const struct sorter *s)
{
	return s->order.n;
}

mref view_sorter_at(const struct sorter *s, size_t row, bool descending)
{
	return s->order.at[descending ? s->order.n - 1 - row : row];
}

static int compare(const void *a, const void *b)
{
	const struct view_key *x = a, *y = b;
	uint32_t n = x->len < y->len ? x->len : y->len;
	int r;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	r = n ? memcmp(x->ptr, y->ptr, n) : 0;
	if (r)
		return r;
	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return x->ref < y->ref ? -1 : x->ref > y->ref;
}

/* A view into decoded ASCII is gone with the scratch; the same bytes stand in the record. */
static struct span stable(const struct view *v, mref ref, struct span value)
{
	struct span record;
	const uint8_t *at;

	if (!mstore_dialect(v->store)->ascii || !value.len)
		return value;
	record = mstore_record(v->store, ref);
	at = memmem(record.ptr, record.len, value.ptr, value.len);
	return at ? (struct span){at, value.len} : (struct span){0};
}

static uint64_t digest_number(const struct mlog_dialect *d, const struct mlog_entry *e)
{
	struct mlog_digest digest;

	if (!mlog_file_digest(d, e, &digest) || digest.value.len < 8)
		return 0;
	return bytes_load(digest.value.ptr, 8, true);
}

static void take_key(const struct view *v, mref ref, struct strbuf *scratch,
		     struct view_key *ret)
{
	const struct mlog_dialect *d = mstore_dialect(v->store);
	struct span value = {0};
	struct mlog_entry e;

	*ret = (struct view_key){.ref = ref};
	if (!mstore_entry(v->store, ref, scratch, &e))
		return;
	switch (v->sort) {
	case VIEW_SORT_PATH:
		value = stable(v, ref, mlog_path(d, &e));
		break;
	case VIEW_SORT_TEMPLATE:
		value = e.name;
		break;
	case VIEW_SORT_SIZE:
		ret->number = e.size;
		break;
	case VIEW_SORT_PKG:
		if (v->ctx->pkgs)
			value = span_of(
				pkgdb_name(v->ctx->pkgs,
					   pkgdb_owner(v->ctx->pkgs, mlog_path(d, &e))));
		break;
	case VIEW_SORT_DIGEST:
		ret->number = digest_number(d, &e);
		break;
	case VIEW_SORT_ARRIVAL:
	case _VIEW_SORT_MAX:
	case _VIEW_SORT_INVALID:
		break;
	}
	ret->ptr = value.ptr;
	ret->len = (uint32_t)value.len;
}

static mref passed_at(const struct view *v, size_t n_head, size_t i)
{
	return i < n_head ? view_head_at(v, i) : view_tail_at(v, i - n_head);
}

static void sort_run(struct pool_job *job)
{
	struct sort_job *j = (struct sort_job *)job;

	if (!atomic_load(&j->job.cancelled))
		qsort(j->key, j->n, sizeof(*j->key), compare);
}

static void sort_done(struct pool_job *job)
{
	struct sort_job *j = (struct sort_job *)job;
	struct sorter *s = j->owner;

	if (s) {
		s->running = NULL;
		s->order.n = 0;
		if (view_vec_room(&s->order, j->n)) {
			for (size_t i = 0; i < j->n; i++)
				s->order.at[s->order.n++] = j->key[i].ref;
			s->n_head = j->n_head;
			s->n_tail = j->n_tail;
			s->ready = true;
		}
	}
	job_free(j);
}

static struct sort_job *begin(const struct view *v)
{
	struct sort_job *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->owner = v->sorter;
	j->n_head = view_n_head(v);
	j->n_tail = view_n_tail(v);
	j->job.run = sort_run;
	j->job.done = sort_done;
	j->key = calloc(j->n_head + j->n_tail + 1, sizeof(*j->key));
	if (!j->key) {
		free(j);
		return NULL;
	}
	return j;
}

/* 1: the slice is over, 0: all keys are taken. */
static int take_keys(const struct view *v, struct sort_job *j, uint64_t deadline)
{
	_cleanup_strbuf_ struct strbuf scratch = {0};

	while (j->n < j->n_head + j->n_tail) {
		take_key(v, passed_at(v, j->n_head, j->n), &scratch, &j->key[j->n]);
		j->n++;
		if (j->n % 256 == 0 && loop_now_us() >= deadline)
			return 1;
	}
	return 0;
}

static size_t place(const struct view *v, const struct view_key *key,
		    struct strbuf *scratch)
{
	const struct view_vec *o = &v->sorter->order;
	size_t low = 0, high = o->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		struct view_key other;

		take_key(v, o->at[mid], scratch, &other);
		if (compare(&other, key) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool insert(struct view *v, mref ref, struct strbuf *scratch)
{
	struct view_vec *o = &v->sorter->order;
	struct view_key key;
	size_t at;

	if (!view_vec_room(o, 1))
		return false;
	take_key(v, ref, scratch, &key);
	at = place(v, &key, scratch);
	memmove(o->at + at + 1, o->at + at, (o->n - at) * sizeof(*o->at));
	o->at[at] = ref;
	o->n++;
	return true;
}

static int insert_new(struct view *v)
{
	_cleanup_strbuf_ struct strbuf scratch = {0};
	struct sorter *s = v->sorter;

	for (; s->n_head < view_n_head(v); s->n_head++)
		if (!insert(v, view_head_at(v, s->n_head), &scratch))
			return -ENOMEM;
	for (; s->n_tail < view_n_tail(v); s->n_tail++)
		if (!insert(v, view_tail_at(v, s->n_tail), &scratch))
			return -ENOMEM;
	return 0;
}

int view_sorter_step(struct view *v, uint64_t deadline)
{
	struct sorter *s = v->sorter ? v->sorter : (v->sorter = view_sorter_new());
	size_t new;

	if (!s)
		return -ENOMEM;
	if (s->running)
		return 0; /* pool_dispatch() brings it */
	new = view_n_head(v) + view_n_tail(v) - s->n_head - s->n_tail;
	if (!s->taking) {
		if (s->ready && new <= INSERT_MAX)
			return insert_new(v);
		s->taking = begin(v);
		if (!s->taking)
			return -ENOMEM;
	}
	if (take_keys(v, s->taking, deadline))
		return 1;
	s->running = take_ptr(s->taking);
	if (v->pool) {
		pool_submit(v->pool, &s->running->job);
		return 0;
	}
	sort_run(&s->running->job);
	sort_done(&s->running->job);
	return 0;
}
