/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/walk-seen.h"

#include <errno.h>
#include <stdlib.h>

/* The slot of @id, or the free one where it belongs. A number is never 0. */
static size_t slot_of(const struct walk_seen *s, struct walk_id id)
{
	uint64_t h = (id.ino ^ id.dev << 48) * 0x9e3779b97f4a7c15u;
	size_t i = (size_t)(h >> 20) & (s->cap - 1);

	while (s->at[i].ino && (s->at[i].ino != id.ino || s->at[i].dev != id.dev))
		i = (i + 1) & (s->cap - 1);
	return i;
}

static struct walk_id id_of(const struct walk_file *folder)
{
	return (struct walk_id){folder->dev, folder->stamp.ino};
}

bool walk_seen_has(const struct walk_seen *s, const struct walk_file *folder)
{
	return s->cap && folder->stamp.ino && s->at[slot_of(s, id_of(folder))].ino;
}

static int grow(struct walk_seen *s)
{
	struct walk_seen more = {.cap = s->cap ? 2 * s->cap : 1024, .n = s->n};

	more.at = calloc(more.cap, sizeof(*more.at));
	if (!more.at)
		return -ENOMEM;
	for (size_t i = 0; i < s->cap; i++)
		if (s->at[i].ino)
			more.at[slot_of(&more, s->at[i])] = s->at[i];
	free(s->at);
	*s = more;
	return 0;
}

static int add(struct walk_seen *s, struct walk_id id)
{
	size_t i;

	if (!id.ino)
		return 0; /* a file system without numbers: nothing to tell it by */
	if (s->n >= s->cap / 2 && grow(s) < 0)
		return -ENOMEM;
	i = slot_of(s, id);
	s->n += !s->at[i].ino;
	s->at[i] = id;
	return 0;
}

int walk_seen_add(struct walk_seen *s, const struct walk_file *folder)
{
	return add(s, id_of(folder));
}

int walk_seen_merge(struct walk_seen *to, struct walk_seen *from)
{
	for (size_t i = 0; i < from->cap; i++)
		if (from->at[i].ino && add(to, from->at[i]) < 0)
			return -ENOMEM;
	walk_seen_done(from);
	return 0;
}

void walk_seen_done(struct walk_seen *s)
{
	free(s->at);
	*s = (struct walk_seen){0};
}
