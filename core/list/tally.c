/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/list/tally.h"

#include <errno.h>
#include <string.h>

struct row {
	char *name;
	size_t len;
	uint64_t weight, count;
};

struct tally {
	size_t max, n;
	size_t slots;	 /* a power of two, at least 2 * max */
	uint32_t *slot;	 /* row + 1; 0: free */
	struct row *row; /* max of them */
	uint64_t error;
};

struct tally *tally_new(size_t max)
{
	struct tally *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->max = max < 2 ? 2 : max;
	for (t->slots = 4; t->slots < 2 * t->max;)
		t->slots *= 2;
	t->slot = calloc(t->slots, sizeof(*t->slot));
	t->row = calloc(t->max, sizeof(*t->row));
	return t->slot && t->row ? t : tally_free(t);
}

struct tally *tally_free(struct tally *t)
{
	if (t) {
		for (size_t i = 0; i < t->n; i++)
			free(t->row[i].name);
		free(t->slot);
		free(t->row);
		free(t);
	}
	return NULL;
}

static size_t hash(struct span s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ s.ptr[i]) * 0x100000001b3u;
	return (size_t)(h ^ h >> 32);
}

static struct span name_of(const struct row *r)
{
	return (struct span){(const uint8_t *)r->name, r->len};
}

/* Where the name is, or the free slot where it belongs. */
static size_t find(const struct tally *t, struct span name)
{
	size_t i = hash(name) & (t->slots - 1);

	while (t->slot[i] && !span_equal(name_of(&t->row[t->slot[i] - 1]), name))
		i = (i + 1) & (t->slots - 1);
	return i;
}

static void index_anew(struct tally *t)
{
	memset(t->slot, 0, t->slots * sizeof(*t->slot));
	for (size_t i = 0; i < t->n; i++)
		t->slot[find(t, name_of(&t->row[i]))] = (uint32_t)i + 1;
}

static int heavier(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	int order;

	if (x->weight != y->weight)
		return x->weight < y->weight ? 1 : -1;
	order = n ? memcmp(x->name, y->name, n) : 0;
	return order ? order : (x->len > y->len) - (x->len < y->len);
}

static void throw_out(struct tally *t)
{
	size_t keep = t->max / 2;
	uint64_t off;

	qsort(t->row, t->n, sizeof(*t->row), heavier);
	off = t->row[keep].weight;
	for (size_t i = keep; i < t->n; i++)
		free(t->row[i].name);
	t->n = keep;
	while (t->n && t->row[t->n - 1].weight == off)
		free(t->row[--t->n].name);
	for (size_t i = 0; i < t->n; i++)
		t->row[i].weight -= off;
	t->error += off;
	index_anew(t);
}

int tally_add(struct tally *t, struct span name, uint64_t weight)
{
	size_t at = find(t, name);
	struct row *r;

	if (!t->slot[at]) {
		if (t->n == t->max) {
			throw_out(t);
			at = find(t, name);
		}
		r = &t->row[t->n];
		*r = (struct row){.name = malloc(name.len + 1), .len = name.len};
		if (!r->name)
			return -ENOMEM;
		if (name.len)
			memcpy(r->name, name.ptr, name.len);
		t->slot[at] = (uint32_t)++t->n;
	}
	r = &t->row[t->slot[at] - 1];
	r->weight += weight;
	r->count++;
	return 0;
}

size_t tally_top(struct tally *t, struct tally_row *ret, size_t max)
{
	size_t n = t->n < max ? t->n : max;

	qsort(t->row, t->n, sizeof(*t->row), heavier);
	index_anew(t);
	for (size_t i = 0; i < n; i++)
		ret[i] = (struct tally_row){name_of(&t->row[i]), t->row[i].weight,
					    t->row[i].count};
	return n;
}

bool tally_find(const struct tally *t, struct span name, struct tally_row *ret)
{
	size_t at = find(t, name);

	if (!t->slot[at])
		return false;
	*ret = (struct tally_row){name_of(&t->row[t->slot[at] - 1]),
				  t->row[t->slot[at] - 1].weight,
				  t->row[t->slot[at] - 1].count};
	return true;
}

uint64_t tally_error(const struct tally *t)
{
	return t->error;
}
