/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a store holds, by reference, number and place. */
#include <string.h>

#include "core/list/mstore-internal.h"

const struct mlog_dialect *mstore_dialect(const struct mstore *s)
{
	return &s->dialect;
}

const struct diag *mstore_damage(const struct mstore *s)
{
	return &s->damage;
}

uint32_t mstore_head(const struct mstore *s)
{
	return s->head.entries;
}

uint32_t mstore_tail(const struct mstore *s)
{
	return s->tail == TAIL_OPEN ? s->tail_part.entries : 0;
}

static size_t part_memory(const struct part *p)
{
	size_t n = p->cap * sizeof(struct chunk);

	for (size_t i = 0; i < p->n_chunks; i++)
		n += p->chunk[i].n_cap * sizeof(uint32_t);
	return n;
}

static uint64_t part_bytes(const struct part *p)
{
	uint64_t n = 0;

	for (size_t i = 0; i < p->n_chunks; i++)
		n += p->chunk[i].fill;
	return n;
}

/* Entries in all: known, said by the kernel, or by the mean size of those known. */
static uint64_t estimate_count(const struct mstore *s, bool *ret_exact)
{
	uint64_t known = (uint64_t)s->head.entries + mstore_tail(s);
	uint64_t bytes = part_bytes(&s->head) + part_bytes(&s->tail_part);

	*ret_exact = s->tail != TAIL_OPEN && s->state != MSTORE_LOADING;
	if (*ret_exact)
		return known;
	if (s->count) {
		*ret_exact = s->count_exact;
		return s->count > known ? s->count : known;
	}
	return known && bytes && s->size > bytes
		       ? (uint64_t)((double)s->size * (double)known / (double)bytes)
		       : known;
}

void mstore_progress(const struct mstore *s, struct mstore_progress *ret)
{
	*ret = (struct mstore_progress){
		.state = s->state,
		.head = s->head.entries,
		.tail = mstore_tail(s),
		.bytes = part_bytes(&s->head) + part_bytes(&s->tail_part),
		.bytes_total = s->size,
		.index_bytes =
			sizeof(*s) + part_memory(&s->head) + part_memory(&s->tail_part),
		.generation = s->generation,
	};
	ret->count = estimate_count(s, &ret->exact);
}

mref mstore_first(const struct mstore *s)
{
	return s->head.entries ? 0 : mstore_tail(s) ? MSTORE_TAIL : MSTORE_NONE;
}

mref mstore_last(const struct mstore *s)
{
	if (mstore_tail(s))
		return MSTORE_TAIL + mstore_tail(s) - 1;
	return s->head.entries ? s->head.entries - 1 : MSTORE_NONE;
}

mref mstore_resolve(const struct mstore *s, mref ref)
{
	if (ref < MSTORE_TAIL || ref == MSTORE_NONE)
		return ref;
	if (s->tail == TAIL_JOINED)
		return ref - MSTORE_TAIL + s->joined_at;
	return s->tail == TAIL_OPEN ? ref : MSTORE_NONE;
}

mref mstore_next(const struct mstore *s, mref ref)
{
	ref = mstore_resolve(s, ref);
	if (ref < MSTORE_TAIL)
		return ref + 1 < s->head.entries ? ref + 1
		       : mstore_tail(s)		 ? MSTORE_TAIL
						 : MSTORE_NONE;
	return ref != MSTORE_NONE && ref - MSTORE_TAIL + 1 < mstore_tail(s) ? ref + 1
									    : MSTORE_NONE;
}

mref mstore_prev(const struct mstore *s, mref ref)
{
	ref = mstore_resolve(s, ref);
	if (ref == MSTORE_NONE || ref == 0)
		return MSTORE_NONE;
	if (ref == MSTORE_TAIL)
		return s->head.entries ? s->head.entries - 1 : MSTORE_NONE;
	return ref - 1;
}

bool mstore_number(const struct mstore *s, mref ref, uint64_t *ret)
{
	uint64_t count;
	bool exact;

	ref = mstore_resolve(s, ref);
	if (ref < MSTORE_TAIL) {
		*ret = (uint64_t)ref + 1;
		return true;
	}
	if (ref == MSTORE_NONE)
		return false;
	if (s->tail_number) {
		*ret = s->tail_number + (ref - MSTORE_TAIL);
		return true;
	}
	count = estimate_count(s, &exact);
	*ret = count - mstore_tail(s) + (ref - MSTORE_TAIL) + 1;
	return false;
}

mref mstore_find(const struct mstore *s, uint64_t number)
{
	if (number == 0)
		return MSTORE_NONE;
	if (number <= s->head.entries)
		return (mref)(number - 1);
	if (s->tail_number && number >= s->tail_number &&
	    number - s->tail_number < mstore_tail(s))
		return MSTORE_TAIL + (mref)(number - s->tail_number);
	return MSTORE_NONE;
}

/* The chunk of a ref and the record's place in it. */
static const struct chunk *locate(const struct mstore *s, mref ref, uint32_t *ret_index)
{
	const struct part *p = &s->head;
	size_t low = 0, high;
	uint32_t i;

	ref = mstore_resolve(s, ref);
	if (ref == MSTORE_NONE)
		return NULL;
	if (ref >= MSTORE_TAIL)
		p = &s->tail_part;
	i = ref & ~MSTORE_TAIL;
	if (i >= p->entries)
		return NULL;
	for (high = p->n_chunks; high - low > 1;) {
		size_t mid = low + (high - low) / 2;

		if (p->chunk[mid].first <= i)
			low = mid;
		else
			high = mid;
	}
	*ret_index = i - p->chunk[low].first;
	return &p->chunk[low];
}

static struct span record_of(const struct chunk *c, uint32_t i)
{
	size_t start = c->offset[i];
	size_t end = i + 1 < c->n ? c->offset[i + 1] : c->len;

	return (struct span){c->bytes + start, end - start};
}

struct span mstore_record(const struct mstore *s, mref ref)
{
	uint32_t i;
	const struct chunk *c = locate(s, ref, &i);

	return c ? record_of(c, i) : (struct span){0};
}

bool mstore_entry(const struct mstore *s, mref ref, struct strbuf *scratch,
		  struct mlog_entry *ret)
{
	struct span r = mstore_record(s, ref);
	struct bytes b = bytes_of(r.ptr, r.len);

	return r.len && mlog_next(&s->dialect, &b, scratch, ret, NULL) > 0;
}

uint64_t mstore_offset(const struct mstore *s, mref ref)
{
	uint32_t i;
	const struct chunk *c = locate(s, ref, &i);

	return c ? c->at + c->offset[i] : 0;
}

uint32_t mstore_run(const struct mstore *s, mref ref, struct span *ret)
{
	uint32_t i;
	const struct chunk *c = locate(s, ref, &i);

	if (!c) {
		*ret = (struct span){0};
		return 0;
	}
	*ret = (struct span){c->bytes + c->offset[i], c->len - c->offset[i]};
	return c->n - i;
}

mref mstore_at(const struct mstore *s, mref ref, const uint8_t *at)
{
	uint32_t i, low, high;
	const struct chunk *c = locate(s, ref, &i);
	size_t offset;

	if (!c)
		return MSTORE_NONE;
	offset = (size_t)(at - c->bytes);
	for (low = i, high = c->n; high - low > 1;) {
		uint32_t mid = low + (high - low) / 2;

		if (c->offset[mid] <= offset)
			low = mid;
		else
			high = mid;
	}
	return mstore_resolve(s, ref) + (low - i);
}
