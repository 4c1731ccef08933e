/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/scopeopt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

/* A path as it was typed, as the plan names it: below the target, without links. */
static int path_below(const struct cli *cli, const char *path, char **ret,
		      struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	char q[140];
	int r = fspath_below(cli->root.dir[ROOT_TARGET], cli->root_dir, path, &b);

	if (r < 0)
		return diag_set(reterr, r == -EACCES ? DIAG_PERMISSION : DIAG_OPEN, r,
				"Cannot find %s: %s.",
				str_quote(q, sizeof(q), span_of(path)), diag_errno(r));
	*ret = strdup(strbuf_str(&b));
	return *ret ? 0 : no_memory(reterr);
}

int scopeopt_read(struct cli *cli, enum scope whole, const char *const *typed, size_t n,
		  struct scopeopt *ret, struct diag *reterr)
{
	*ret = (struct scopeopt){.scope = n ? SCOPE_NAMED : whole};
	ret->own = calloc(n + 1, sizeof(char *));
	if (!ret->own)
		return no_memory(reterr);
	for (size_t i = 0; i < n; i++) {
		int r = path_below(cli, typed[i], &ret->own[i], reterr);

		if (r < 0)
			return r;
		ret->n++;
	}
	ret->path = (const char *const *)ret->own;
	return 0;
}

void scopeopt_done(struct scopeopt *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->own[i]);
	free(s->own);
	*s = (struct scopeopt){0};
}
