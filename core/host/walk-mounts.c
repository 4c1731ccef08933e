/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is mounted below a file system that is left out: nothing there is read, so only the
 * kernel's table tells. */
#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/host/mounts.h"
#include "core/host/walk-internal.h"

static bool lies_below(const char *path, const char *top)
{
	size_t len = strlen(top);

	return len ? strncmp(path, top, len) == 0 && path[len] == '/' : *path;
}

/* What is hidden by another mount, or lies outside of the target, has no such name. */
static int add_point(const struct root *root, struct span point, const char *top,
		     struct walk_stack *to)
{
	_cleanup_strbuf_ struct strbuf path = {0}, below = {0};

	mounts_point(point, &path);
	if (path.failed)
		return -ENOMEM;
	if (fspath_below(root->dir[ROOT_TARGET], false, strbuf_str(&path), &below) < 0 ||
	    !lies_below(strbuf_str(&below), top))
		return 0;
	return walk_push(to, strbuf_span(&below), NULL);
}

/* Mounts in a mount that is among them, too, are found when that one's turn comes. */
static bool is_nearest(const struct walk_stack *all, size_t i)
{
	for (size_t k = 0; k < all->n; k++)
		if (lies_below(all->at[i].path, all->at[k].path) ||
		    (k < i && strcmp(all->at[i].path, all->at[k].path) == 0))
			return false;
	return true;
}

int walk_mounts_below(const struct root *root, const char *top, struct walk_stack *ret)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct walk_stack all = {0};
	struct mounts_line line;
	struct bytes in;
	int r = root_read(root, ROOT_MOUNTS, &text, NULL);

	if (r < 0)
		return text.failed ? -ENOMEM : 0; /* not known */
	in = bytes_of(strbuf_str(&text), text.len);
	for (r = 0; r == 0 && mounts_next(&in, &line);)
		r = add_point(root, line.point, top, &all);
	for (size_t i = 0; i < all.n && r == 0; i++)
		if (is_nearest(&all, i))
			r = walk_push(ret, span_of(all.at[i].path), NULL);
	walk_stack_done(&all);
	return r;
}
