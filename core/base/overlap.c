/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/overlap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/plan.h"
#include "core/base/sha256.h"

/* What is known about a name: some step touches it; one that makes it come and go; one
 * that touches a single attribute; one touches something below it. */
enum fact {
	TOUCHED = 'T',
	MOVED = 'M',
	ATTRIBUTE = 'A',
	ABOVE = 'U',
};

struct slot {
	uint64_t key; /* 0: free */
	size_t latest;
};

struct overlap {
	struct slot *slots;
	size_t n, cap; /* cap is a power of two */
};

struct overlap *overlap_new(void)
{
	return calloc(1, sizeof(struct overlap));
}

struct overlap *overlap_free(struct overlap *o)
{
	if (o)
		free(o->slots);
	free(o);
	return NULL;
}

static uint64_t key_of(enum fact fact, enum root_place place, struct span name,
		       const char *arg)
{
	uint8_t tag[2] = {(uint8_t)fact, (uint8_t)place}, hash[SHA256_SIZE];
	struct sha256 h;
	uint64_t key;

	sha256_init(&h);
	sha256_add(&h, tag, sizeof(tag));
	sha256_add(&h, name.ptr, name.len);
	if (arg)
		sha256_add(&h, arg,
			   strlen(arg) + 1); /* no name holds a NUL: unambiguous */
	sha256_end(&h, hash);
	key = bytes_load(hash, 8, false);
	return key ? key : 1;
}

/* The slot of @key, or the free one where it belongs. */
static struct slot *slot_of(const struct overlap *o, uint64_t key)
{
	size_t i = (size_t)key & (o->cap - 1);

	while (o->slots[i].key && o->slots[i].key != key)
		i = (i + 1) & (o->cap - 1);
	return &o->slots[i];
}

static size_t look(const struct overlap *o, enum fact fact, enum root_place place,
		   struct span name, const char *arg)
{
	return o->cap ? slot_of(o, key_of(fact, place, name, arg))->latest : 0;
}

static int grow(struct overlap *o)
{
	struct overlap bigger = {.cap = o->cap ? 2 * o->cap : 64, .n = o->n};

	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < o->cap; i++)
		if (o->slots[i].key)
			*slot_of(&bigger, o->slots[i].key) = o->slots[i];
	free(o->slots);
	*o = bigger;
	return 0;
}

static int note(struct overlap *o, uint64_t key, size_t index)
{
	struct slot *slot;

	if (o->n >= o->cap / 2 && grow(o) < 0)
		return -ENOMEM;
	slot = slot_of(o, key);
	if (!slot->key)
		o->n++;
	*slot = (struct slot){key, index + 1};
	return 0;
}

static size_t max(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* The next folder above @name, without it: "a/b/c" -> "a/b". False at the top. */
static bool up(struct span *name)
{
	while (name->len && name->ptr[name->len - 1] != '/')
		name->len--;
	if (!name->len)
		return false;
	name->len--;
	return true;
}

static size_t find_path(const struct overlap *o, const struct plan_step *step,
			const char *path)
{
	bool moves = step->action->flags & ACTION_STRUCTURAL;
	struct span name = span_of(path);
	size_t latest = moves ? max(look(o, TOUCHED, step->place, name, NULL),
				    look(o, ABOVE, step->place, name, NULL))
			      : look(o, ATTRIBUTE, step->place, name, step->arg);

	do
		latest = max(latest, look(o, MOVED, step->place, name, NULL));
	while (up(&name));
	return latest;
}

size_t overlap_find(const struct overlap *o, const struct plan_step *step)
{
	size_t latest =
		step->action->flags & ACTION_BULK ? 0 : find_path(o, step, step->path);

	if (step->action->flags & ACTION_TWO_PATHS)
		latest = max(latest, find_path(o, step, step->arg));
	return latest;
}

static int add_path(struct overlap *o, const struct plan_step *step, const char *path,
		    size_t index)
{
	bool moves = step->action->flags & ACTION_STRUCTURAL;
	struct span name = span_of(path);
	int r = note(o, key_of(TOUCHED, step->place, name, NULL), index);

	if (r == 0)
		r = note(o,
			 moves ? key_of(MOVED, step->place, name, NULL)
			       : key_of(ATTRIBUTE, step->place, name, step->arg),
			 index);
	while (r == 0 && up(&name))
		r = note(o, key_of(ABOVE, step->place, name, NULL), index);
	return r;
}

int overlap_add(struct overlap *o, const struct plan_step *step, size_t index)
{
	int r = step->action->flags & ACTION_BULK ? 0
						  : add_path(o, step, step->path, index);

	if (r == 0 && step->action->flags & ACTION_TWO_PATHS)
		r = add_path(o, step, step->arg, index);
	return r;
}
