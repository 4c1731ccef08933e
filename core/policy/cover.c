/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy/cover.h"

#include <string.h>

enum { DEPTHS = 64 };

/* How many folders two paths begin with in common; @ret_len: their length in bytes. */
static size_t common(const char *a, const char *b, size_t *ret_len)
{
	size_t depth = 0;

	*ret_len = 0;
	for (size_t i = 0; a[i] && a[i] == b[i]; i++) {
		if (a[i] != '/')
			continue;
		depth++;
		*ret_len = i;
	}
	return depth < DEPTHS ? depth : DEPTHS - 1;
}

/* Paths that lie next to each other in order are told apart at some depth; those that are
 * told apart no deeper than that get different names. */
static size_t depth_of(const char *const *paths, size_t n)
{
	size_t at[DEPTHS] = {0}, names = 1, len, depth = 0;

	for (size_t i = 1; i < n; i++)
		if (strcmp(paths[i - 1], paths[i]) != 0)
			at[common(paths[i - 1], paths[i], &len)]++;
	names += at[0];
	while (depth + 1 < DEPTHS && names + at[depth + 1] <= COVER_NAMES)
		names += at[++depth];
	return depth;
}

size_t cover_paths(const char *const *paths, size_t n, struct strbuf *out)
{
	size_t depth = depth_of(paths, n), first = 0, names = 0, len;

	for (size_t i = 1; i <= n; i++) {
		if (i < n && (strcmp(paths[i - 1], paths[i]) == 0 ||
			      common(paths[i - 1], paths[i], &len) > depth))
			continue;
		/* in order the first and the last of them differ soonest */
		if (strcmp(paths[first], paths[i - 1]) == 0)
			len = strlen(paths[first]);
		else
			(void)common(paths[first], paths[i - 1], &len);
		strbuf_add(out, paths[first], len);
		strbuf_addc(out, '\0');
		names++;
		first = i;
	}
	return names;
}
