/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/filestree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/host/pool.h"
#include "core/host/walk.h"

void filestree_done(struct filestree *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->at[i].path);
	free(t->at);
	*t = (struct filestree){0};
}

static int add(struct filestree *t, const char *path, int err)
{
	size_t cap = t->cap ? 2 * t->cap : 64;
	struct filestree_entry *more;
	char *copy;

	if (t->n == t->cap) {
		more = reallocarray(t->at, cap, sizeof(*more));
		if (!more)
			return -ENOMEM;
		t->at = more;
		t->cap = cap;
	}
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	t->at[t->n++] = (struct filestree_entry){copy, err};
	return 0;
}

/* Other mounts stay out. */
static bool enter(const void *user, uint32_t magic, bool named)
{
	return named;
}

static int take_file(void *user, const struct walk_file *file)
{
	return add(user, file->path, 0);
}

static void take_skip(void *user, const char *path, enum walk_skip why, int err)
{
	if (why == WALK_SKIP_UNREADABLE)
		(void)add(user, path, err); /* without memory the next file fails */
}

/* The names of each folder in order: the end of one comes before any other byte. */
static int compare(const char *x, const char *y)
{
	while (*x && *x == *y) {
		x++;
		y++;
	}
	return (*x == '/' ? 0 : (unsigned char)*x) - (*y == '/' ? 0 : (unsigned char)*y);
}

static int by_names(const void *a, const void *b)
{
	return compare(((const struct filestree_entry *)a)->path,
		       ((const struct filestree_entry *)b)->path);
}

static int by_name_of(const void *path, const void *entry)
{
	return compare(path, ((const struct filestree_entry *)entry)->path);
}

const struct filestree_entry *filestree_find(const struct filestree *t, const char *path)
{
	const struct filestree_entry *at =
		t->n ? bsearch(path, t->at, t->n, sizeof(*at), by_name_of) : NULL;

	return at && !at->err ? at : NULL;
}

int filestree_read(const struct root *root, const char *top, struct filestree *ret,
		   struct diag *reterr)
{
	_cleanup_(pool_freep) struct pool *pool = NULL;
	_cleanup_filestree_ struct filestree t = {0};
	struct walk_ops ops = {.enter = enter,
			       .file = take_file,
			       .skip = take_skip,
			       .user = &t};
	struct walk_counts counts;
	int r = pool_new(0, &pool, reterr);

	if (r == 0)
		r = walk_run(pool, root, NULL, &top, 1, &ops, &counts, reterr);
	if (r < 0)
		return r;
	if (t.n)
		qsort(t.at, t.n, sizeof(*t.at), by_names);
	*ret = t;
	t = (struct filestree){0};
	return 0;
}
