/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/generation.h"

#include <errno.h>

int generation_number(const struct cli *cli, const char *text, unsigned *ret,
		      struct diag *reterr)
{
	uint64_t n;
	char q[80];

	if (str_to_u64(span_of(text), &n) < 0 || n == 0 || n > GEN_MAX)
		return diag_set(reterr, DIAG_ARGUMENTS, EINVAL,
				"%s is not the number of a generation.",
				str_quote(q, sizeof(q), span_of(text)));
	*ret = (unsigned)n;
	return 0;
}

int generation_release(const struct cli *cli, bool option, struct strbuf *ret,
		       struct diag *reterr)
{
	const char *named = option ? opt_str(cli->opts, "kernel", NULL) : NULL;
	int r = 0;

	if (named)
		strbuf_adds(ret, named);
	else
		r = root_read(&cli->root, ROOT_OSRELEASE, ret, reterr);
	if (r == 0 && !named && ret->len && ret->ptr[ret->len - 1] == '\n')
		ret->ptr[--ret->len] = '\0';
	if (ret->failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	return r;
}
