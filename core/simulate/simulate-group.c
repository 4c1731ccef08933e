/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What fails, in groups that people can take in: how bad, why, whose. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/simulate/simulate-internal.h"

static int sign(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Of what no package owns: "usr/local", "opt/app", the first two folders at most. */
static struct span own_folder(const char *path)
{
	size_t len = 0;

	for (size_t i = 0, depth = 0; path[i] && depth < 2; i++)
		if (path[i] == '/') {
			len = i;
			depth++;
		}
	return (struct span){(const uint8_t *)path, len};
}

static int by_span(struct span a, struct span b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int r = n ? memcmp(a.ptr, b.ptr, n) : 0;

	return r ? r : sign(a.len, b.len);
}

/* What tells groups apart. */
static int by_group(const struct simulate_row *a, const struct simulate_row *b,
		    const char *names)
{
	int r = sign(a->rank, b->rank);

	r = r ? r : sign(a->unsure, b->unsure);
	r = r ? r : sign(a->cause, b->cause);
	r = r ? r : sign(a->fix, b->fix);
	if (!r && a->fix == SIMULATE_LOAD_KEY && !a->unsure)
		r = memcmp(a->keyid, b->keyid, sizeof(a->keyid));
	r = r ? r : sign((uint64_t)a->package + 1, (uint64_t)b->package + 1);
	if (!r && a->package == PKGDB_NONE)
		r = by_span(own_folder(names + a->name), own_folder(names + b->name));
	return r;
}

/* qsort_r() is GNU's own with this order of arguments. */
static int by_row(const void *x, const void *y, void *names)
{
	const struct simulate_row *a = x, *b = y;
	int r = by_group(a, b, names);

	r = r ? r : strcmp((char *)names + a->name, (char *)names + b->name);
	return r ? r : sign(a->uid, b->uid);
}

/* How much the first and the last of a group, which is in order, have in common. */
static struct span common_folder(const char *a, const char *b)
{
	size_t len = 0;

	for (size_t i = 0; a[i]; i++) {
		if (a[i] == '/')
			len = i;
		if (a[i] != b[i])
			break;
	}
	return (struct span){(const uint8_t *)a, len};
}

static struct simulate_group group_at(const struct simulate *s, size_t first)
{
	const char *names = s->names.ptr, *last = NULL;
	struct simulate_group g = {.first = first};

	for (size_t i = first; i < s->n_rows; i++) {
		const char *name = names + s->row[i].name;

		if (by_group(&s->row[first], &s->row[i], names))
			break;
		g.files += !last || strcmp(last, name) != 0;
		last = name;
		g.pid1 |= s->row[i].pid1;
		g.n++;
	}
	g.folder = common_folder(names + s->row[first].name, last);
	return g;
}

/* Files that fail for the same reason, all groups together. */
struct totals {
	const struct simulate_row *row;
	size_t files[_SIMULATE_RANK_MAX][2][_APPRAISE_CAUSE_MAX];
};

static size_t total(const struct totals *t, const struct simulate_group *g)
{
	const struct simulate_row *r = &t->row[g->first];

	return t->files[r->rank][r->unsure][r->cause];
}

static int worst_first(const void *x, const void *y, void *totals)
{
	const struct simulate_group *a = x, *b = y;
	const struct totals *t = totals;
	const struct simulate_row *p = &t->row[a->first], *q = &t->row[b->first];
	int r = sign(p->rank, q->rank);

	r = r ? r : sign(p->unsure, q->unsure);
	r = r ? r : sign(b->pid1, a->pid1);
	r = r ? r : sign(total(t, b), total(t, a));
	r = r ? r : sign(p->cause, q->cause);
	r = r ? r : sign(b->files, a->files);
	return r ? r : sign(a->first, b->first);
}

int simulate_make_groups(struct simulate *s)
{
	_cleanup_free_ struct totals *t = calloc(1, sizeof(*t));
	size_t n = 0;

	/* at most as many as there are rows */
	s->group = calloc(s->n_rows + 1, sizeof(*s->group));
	if (!t || !s->group)
		return -ENOMEM;
	if (!s->n_rows)
		return 0;
	qsort_r(s->row, s->n_rows, sizeof(*s->row), by_row, s->names.ptr);
	t->row = s->row;
	for (size_t i = 0; i < s->n_rows; i += s->group[n++].n) {
		const struct simulate_row *row = &s->row[i];

		s->group[n] = group_at(s, i);
		t->files[row->rank][row->unsure][row->cause] += s->group[n].files;
	}
	s->n_groups = n;
	qsort_r(s->group, n, sizeof(*s->group), worst_first, t);
	return 0;
}
