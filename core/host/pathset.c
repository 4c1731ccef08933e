/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/pathset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/sip.h"

enum { NAMES_MAX = 1 << 30, FIRST = 1024 };

void pathset_init(struct pathset *s)
{
	*s = (struct pathset){0};
	sip_new_key(s->key);
}

void pathset_done(struct pathset *s)
{
	strbuf_done(&s->names);
	free(s->at);
	free(s->slot);
	*s = (struct pathset){0};
}

const char *pathset_at(const struct pathset *s, size_t i)
{
	return s->names.ptr + s->at[i];
}

/* The slot of a name, or the free one where it belongs. */
static uint32_t *slot_of(const struct pathset *s, struct span name)
{
	size_t mask = s->n_slots - 1, i;
	uint64_t hash[2];
	struct sip sip;

	sip_start(&sip, s->key);
	sip_add_span(&sip, name);
	sip_end(&sip, hash);
	for (i = hash[0] & mask; s->slot[i]; i = (i + 1) & mask)
		if (span_is(name, pathset_at(s, s->slot[i] - 1)))
			break;
	return &s->slot[i];
}

static int more_slots(struct pathset *s)
{
	struct pathset more = *s;

	more.n_slots = s->n_slots ? 2 * s->n_slots : 2 * FIRST;
	more.slot = calloc(more.n_slots, sizeof(*more.slot));
	if (!more.slot)
		return -ENOMEM;
	for (size_t i = 0; i < s->n; i++)
		*slot_of(&more, span_of(pathset_at(s, i))) = (uint32_t)i + 1;
	free(s->slot);
	*s = more;
	return 0;
}

static int make_room(struct pathset *s)
{
	size_t cap = s->cap ? 2 * s->cap : FIRST;
	uint32_t *at;

	if (s->n == s->cap) {
		at = reallocarray(s->at, cap, sizeof(*at));
		if (!at)
			return -ENOMEM;
		s->at = at;
		s->cap = cap;
	}
	return s->n >= s->n_slots / 2 ? more_slots(s) : 0;
}

int pathset_find(const struct pathset *s, struct span name)
{
	uint32_t found = s->n_slots ? *slot_of(s, name) : 0;

	return found ? (int)found - 1 : -ENOENT;
}

int pathset_add(struct pathset *s, struct span name)
{
	int found = pathset_find(s, name);

	if (found >= 0)
		return found;
	if (name.len && memchr(name.ptr, '\0', name.len))
		return -EINVAL;
	if (s->n >= PATHSET_MAX || s->names.len + name.len >= NAMES_MAX)
		return -ENOSPC;
	if (make_room(s) < 0)
		return -ENOMEM;
	s->at[s->n] = (uint32_t)s->names.len;
	strbuf_add(&s->names, name.ptr, name.len);
	strbuf_addc(&s->names, '\0');
	if (s->names.failed)
		return -ENOMEM;
	*slot_of(s, name) = (uint32_t)++s->n;
	return (int)s->n - 1;
}
