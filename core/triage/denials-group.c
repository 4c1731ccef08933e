/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "core/base/sip.h"
#include "core/triage/denials.h"

static const char *const keys[] = {"cause", "path", "program", "package"};

const char *denials_key_name(enum denials_key key)
{
	return keys[key];
}

enum denials_key denials_key_from_name(const char *name)
{
	for (int i = 0; i < _DENIALS_KEY_MAX; i++)
		if (strcmp(keys[i], name) == 0)
			return (enum denials_key)i;
	return _DENIALS_KEY_INVALID;
}

/* Only files have packages. */
static struct span package_of(const struct denial *d, const struct pkgdb *pkgs)
{
	if (!pkgs || !d->path.len || d->path.ptr[0] != '/')
		return (struct span){0};
	return span_of(pkgdb_name(pkgs, pkgdb_owner(pkgs, d->path)));
}

static struct span name_of(const struct denials_row *row, enum denials_key key,
			   const struct pkgdb *pkgs)
{
	switch (key) {
	case DENIALS_BY_CAUSE:
		return row->last.cause;
	case DENIALS_BY_PATH:
		return row->last.path;
	case DENIALS_BY_PROGRAM:
		return denial_program(&row->last);
	default:
		return package_of(&row->last, pkgs);
	}
}

bool denials_row_is(const struct denials_row *row, enum denials_key key,
		    const struct pkgdb *pkgs, struct span name)
{
	return span_equal(name_of(row, key, pkgs), name);
}

/* What a row adds to a group, by numbers that stand for its names. */
struct share {
	const struct denials_row *row;
	struct span name;
	uint64_t group[2], path, program;
};

static uint64_t hash_span(const uint64_t key[2], struct span s)
{
	uint64_t h[2];
	struct sip sip;

	sip_start(&sip, key);
	sip_add_span(&sip, s);
	sip_end(&sip, h);
	return h[0];
}

static void make_share(struct share *ret, const uint64_t key[2],
		       const struct denials_row *row, struct span name, bool by_kind)
{
	struct sip sip;

	*ret = (struct share){.row = row, .name = name};
	sip_start(&sip, key);
	sip_add(&sip, by_kind ? (uint64_t)row->last.kind : 0);
	sip_add_span(&sip, name);
	sip_end(&sip, ret->group);
	ret->path = hash_span(key, row->last.path);
	ret->program = hash_span(key, denial_program(&row->last));
}

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int same_group(const struct share *a, const struct share *b)
{
	int r = compare(a->group[0], b->group[0]);

	return r ? r : compare(a->group[1], b->group[1]);
}

static int by_program(const void *x, const void *y)
{
	const struct share *a = x, *b = y;
	int r = same_group(a, b);

	return r ? r : compare(a->program, b->program);
}

static int by_path(const void *x, const void *y)
{
	const struct share *a = x, *b = y;
	int r = same_group(a, b);

	return r ? r : compare(a->path, b->path);
}

static int most_first(const void *x, const void *y)
{
	const struct denials_group *a = x, *b = y;
	int r = compare(b->count, a->count);

	r = r ? r : compare(b->last_ms, a->last_ms);
	return r ? r : compare(a->name.len, b->name.len);
}

static void add_minutes(struct denials_group *g, const struct denials_row *row,
			uint64_t minute)
{
	for (uint64_t i = 0; i < DENIALS_MINUTES; i++) {
		uint64_t at = row->minute - (DENIALS_MINUTES - 1 - i);

		if (row->minute && at <= minute && minute - at < DENIALS_MINUTES)
			g->per_minute[DENIALS_MINUTES - 1 - (minute - at)] +=
				row->per_minute[i];
	}
}

static void add_share(struct denials_group *g, const struct share *s, uint64_t minute)
{
	const struct denials_row *row = s->row;

	if (!g->n_rows || row->last_ms >= g->last_ms)
		g->kind = row->last.kind;
	g->name = s->name;
	g->n_rows++;
	g->count += row->count;
	g->n_denied += row->n_denied;
	g->n_allowed += row->n_allowed;
	if (row->first_ms && (!g->first_ms || row->first_ms < g->first_ms))
		g->first_ms = row->first_ms;
	if (row->last_ms > g->last_ms)
		g->last_ms = row->last_ms;
	add_minutes(g, row, minute);
}

/* @shares by group and program: the groups, without their paths. */
static size_t add_groups(const struct share *shares, size_t n, uint64_t minute,
			 struct denials_group *groups)
{
	size_t n_groups = 0;

	for (size_t i = 0; i < n; i++) {
		const struct share *s = &shares[i];

		if (!i || same_group(s, s - 1) != 0)
			groups[n_groups++] = (struct denials_group){0};
		add_share(&groups[n_groups - 1], s, minute);
		if (!i || by_program(s, s - 1) != 0)
			groups[n_groups - 1].n_programs++;
	}
	return n_groups;
}

/* @shares by group and path, in the same order of groups. */
static void add_paths(const struct share *shares, size_t n, struct denials_group *groups)
{
	size_t g = 0;

	for (size_t i = 0; i < n; i++) {
		g += i && same_group(&shares[i], &shares[i - 1]) != 0;
		if (!i || by_path(&shares[i], &shares[i - 1]) != 0)
			groups[g].n_paths++;
	}
}

static size_t make_shares(const struct denials *s, enum denials_key key,
			  const struct pkgdb *pkgs,
			  bool (*wants)(void *user, const struct denials_row *row),
			  void *user, struct share *shares)
{
	uint64_t secret[2];
	size_t n = 0;

	sip_new_key(secret);
	for (size_t i = 0; i < denials_rows(s); i++) {
		const struct denials_row *row = denials_row(s, i);

		if (!wants || wants(user, row))
			make_share(&shares[n++], secret, row, name_of(row, key, pkgs),
				   key == DENIALS_BY_CAUSE);
	}
	return n;
}

int denials_group(const struct denials *s, enum denials_key key, const struct pkgdb *pkgs,
		  uint64_t minute,
		  bool (*wants)(void *user, const struct denials_row *row), void *user,
		  struct denials_group **ret)
{
	size_t max = denials_rows(s) + 1, n;
	_cleanup_free_ struct share *shares = calloc(max, sizeof(*shares));
	struct denials_group *groups = calloc(max, sizeof(*groups));

	if (!shares || !groups) {
		free(groups);
		return -ENOMEM;
	}
	n = make_shares(s, key, pkgs, wants, user, shares);
	qsort(shares, n, sizeof(*shares), by_program);
	max = add_groups(shares, n, minute, groups);
	qsort(shares, n, sizeof(*shares), by_path);
	add_paths(shares, n, groups);
	qsort(groups, max, sizeof(*groups), most_first);
	*ret = groups;
	return (int)max;
}
