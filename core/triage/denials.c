/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/triage/denials.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/sip.h"

/* Past DENIALS_ROWS_MAX: a row for each cause, then one for each kind. */
enum {
	CROWDED_MAX = 256,
	CROWDED_NAME_MAX = 64,
	ROWS_LIMIT = DENIALS_ROWS_MAX + CROWDED_MAX + _DENIAL_KIND_MAX,
	SLOTS = 65536, /* a power of two, well above ROWS_LIMIT */
	CHUNK = 256,   /* rows that are had at once */
	BLOCK = 64 << 10,
};

_Static_assert(ROWS_LIMIT * 2 < SLOTS, "the table of rows stays half empty");

struct row {
	struct denials_row row;
	uint64_t hash[2];
};

/* Names, in blocks that never move. */
struct block {
	struct block *before;
	size_t len, cap;
	uint8_t bytes[];
};

struct denials {
	uint64_t key[2];
	struct row *chunk[ROWS_LIMIT / CHUNK + 1];
	size_t n_rows;
	uint32_t slot[SLOTS]; /* number + 1 */
	struct block *names;
	size_t n_bytes;
	struct denials_totals totals;
};

int denials_new(struct denials **ret, struct diag *reterr)
{
	struct denials *s = calloc(1, sizeof(*s));

	if (!s)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Not enough memory.");
	sip_new_key(s->key);
	s->totals.memory = sizeof(*s);
	*ret = s;
	return 0;
}

struct denials *denials_free(struct denials *s)
{
	struct block *before;

	if (!s)
		return NULL;
	for (; s->names; s->names = before) {
		before = s->names->before;
		free(s->names);
	}
	for (size_t i = 0; i < array_size(s->chunk); i++)
		free(s->chunk[i]);
	free(s);
	return NULL;
}

static struct row *row_at(const struct denials *s, size_t i)
{
	return &s->chunk[i / CHUNK][i % CHUNK];
}

/* What makes two events alike: a name that is whole stands for the file, else its number
 * belongs to it. */
static void hash_of(const struct denials *s, const struct denial *d, uint64_t ret[2])
{
	bool whole = d->name == DENIAL_NAME_WHOLE || d->name == DENIAL_NAME_FOUND;
	struct sip h;

	sip_start(&h, s->key);
	sip_add(&h, (uint64_t)d->kind << 32 | (uint64_t)d->type);
	sip_add(&h, whole ? 0 : d->ino);
	sip_add_span(&h, d->op);
	sip_add_span(&h, d->cause);
	sip_add_span(&h, d->path);
	if (!whole)
		sip_add_span(&h, d->dev);
	sip_add_span(&h, denial_program(d));
	sip_end(&h, ret);
}

/* The slot of that hash, or the free one where it belongs. */
static uint32_t *slot_of(struct denials *s, const uint64_t hash[2])
{
	for (size_t i = hash[0];; i++) {
		uint32_t *slot = &s->slot[i % SLOTS];
		const struct row *r = *slot ? row_at(s, *slot - 1) : NULL;

		if (!r || (r->hash[0] == hash[0] && r->hash[1] == hash[1]))
			return slot;
	}
}

static int grow_names(struct denials *s, size_t len)
{
	size_t cap = len > BLOCK ? len : BLOCK;
	struct block *b = malloc(sizeof(*b) + cap);

	if (!b)
		return -ENOMEM;
	*b = (struct block){.before = s->names, .cap = cap};
	s->names = b;
	s->totals.memory += sizeof(*b) + cap;
	return 0;
}

static void keep_name(struct denials *s, struct span *name)
{
	struct block *b = s->names;
	uint8_t *at = b->bytes + b->len;

	if (name->len)
		memcpy(at, name->ptr, name->len);
	b->len += name->len;
	*name = (struct span){at, name->len};
}

static size_t names_len(const struct denial *d)
{
	return d->op.len + d->cause.len + d->path.len + d->dev.len + d->comm.len +
	       d->exe.len;
}

static int keep_names(struct denials *s, struct denial *d)
{
	size_t len = names_len(d);

	if ((!s->names || s->names->cap - s->names->len < len) && grow_names(s, len) < 0)
		return -ENOMEM;
	s->n_bytes += len;
	keep_name(s, &d->op);
	keep_name(s, &d->cause);
	keep_name(s, &d->path);
	keep_name(s, &d->dev);
	keep_name(s, &d->comm);
	keep_name(s, &d->exe);
	return 0;
}

static int add_row(struct denials *s, const struct denial *d, const uint64_t hash[2],
		   uint32_t *slot)
{
	struct row **chunk = &s->chunk[s->n_rows / CHUNK], *r;
	struct denial kept = *d;

	if (!*chunk) {
		*chunk = calloc(CHUNK, sizeof(**chunk));
		if (!*chunk)
			return -ENOMEM;
		s->totals.memory += CHUNK * sizeof(**chunk);
	}
	if (keep_names(s, &kept) < 0)
		return -ENOMEM;
	r = row_at(s, s->n_rows);
	*r = (struct row){.row.last = kept, .hash = {hash[0], hash[1]}};
	*slot = (uint32_t)++s->n_rows;
	return 0;
}

static bool has_room(const struct denials *s, const struct denial *d)
{
	return s->n_rows < DENIALS_ROWS_MAX &&
	       s->n_bytes + names_len(d) <= DENIALS_BYTES_MAX;
}

/* The same event without its names: they have no room. */
static void crowd(struct denial *d, bool by_cause)
{
	d->path = d->dev = d->comm = d->exe = (struct span){0};
	d->ino = 0;
	d->name = DENIAL_NAME_NONE;
	d->type = by_cause ? d->type : AUDITREC_TYPELESS;
	if (!by_cause || d->op.len > CROWDED_NAME_MAX || d->cause.len > CROWDED_NAME_MAX)
		d->op = d->cause = (struct span){0};
}

static uint32_t *find_slot(struct denials *s, const struct denial *d, uint64_t hash[2])
{
	hash_of(s, d, hash);
	return slot_of(s, hash);
}

/* The number of the event's row, a new one where it has to be. */
static int find_row(struct denials *s, struct denial *d)
{
	uint64_t hash[2];
	uint32_t *slot = find_slot(s, d, hash);

	if (!*slot && !has_room(s, d)) {
		s->totals.crowded++;
		crowd(d, true);
		slot = find_slot(s, d, hash);
		if (!*slot && s->n_rows >= DENIALS_ROWS_MAX + CROWDED_MAX) {
			crowd(d, false);
			slot = find_slot(s, d, hash);
		}
	}
	if (!*slot && add_row(s, d, hash, slot) < 0)
		return -ENOMEM;
	return (int)*slot - 1;
}

/* Moves the hour so that it ends with @minute. */
static void turn(struct denials_row *r, uint64_t minute)
{
	uint64_t by = r->minute ? minute - r->minute : 0;

	r->minute = minute;
	if (by >= DENIALS_MINUTES) {
		memset(r->per_minute, 0, sizeof(r->per_minute));
		return;
	}
	memmove(r->per_minute, r->per_minute + by,
		(DENIALS_MINUTES - by) * sizeof(r->per_minute[0]));
	memset(r->per_minute + DENIALS_MINUTES - by, 0, by * sizeof(r->per_minute[0]));
}

static void count_time(struct denials_row *r, uint64_t time_ms)
{
	uint64_t minute = time_ms / 60000, age;

	if (!time_ms)
		return;
	if (minute > r->minute)
		turn(r, minute);
	age = r->minute - minute;
	if (age < DENIALS_MINUTES &&
	    r->per_minute[DENIALS_MINUTES - 1 - age] < UINT16_MAX)
		r->per_minute[DENIALS_MINUTES - 1 - age]++;
	if (!r->first_ms || time_ms < r->first_ms)
		r->first_ms = time_ms;
	if (time_ms > r->last_ms)
		r->last_ms = time_ms;
}

/* The latest event, with the names of the row. */
static void keep_last(struct denials_row *r, const struct denial *d)
{
	struct denial before = r->last;

	r->last = *d;
	r->last.op = before.op;
	r->last.cause = before.cause;
	r->last.path = before.path;
	r->last.dev = before.dev;
	r->last.comm = before.comm;
	r->last.exe = before.exe;
}

static void count(struct denials *s, struct denials_row *r, const struct denial *d)
{
	s->totals.events++;
	s->totals.denied += d->denied == DENIAL_DENIED;
	s->totals.allowed += d->denied == DENIAL_ALLOWED;
	s->totals.of_kind[d->kind]++;
	r->count++;
	r->n_denied += d->denied == DENIAL_DENIED;
	r->n_allowed += d->denied == DENIAL_ALLOWED;
	if (d->time_ms >= r->last_ms)
		keep_last(r, d);
	count_time(r, d->time_ms);
}

int denials_add(struct denials *s, const struct denial *d)
{
	uint64_t crowded = s->totals.crowded;
	struct denial kept = *d;
	int i = find_row(s, &kept);
	struct denials_row *r;

	if (i < 0)
		return i;
	r = &row_at(s, (size_t)i)->row;
	r->crowded |= s->totals.crowded != crowded;
	count(s, r, &kept);
	return i;
}

size_t denials_rows(const struct denials *s)
{
	return s->n_rows;
}

const struct denials_row *denials_row(const struct denials *s, size_t i)
{
	return &row_at(s, i)->row;
}

void denials_totals(const struct denials *s, struct denials_totals *ret)
{
	*ret = s->totals;
}
