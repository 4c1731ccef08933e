/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/policy/policyfile.h"

/* Of a line of a policy: shown whole, and what is shown of a longer one. */
enum { WHOLE = 160, SHOWN = 68 };

void policy_given_done(struct policy_given *g)
{
	strbuf_done(&g->text);
	free(g->lines);
	*g = (struct policy_given){0};
}

static int divide(struct policy_given *g, struct diag *reterr)
{
	struct bytes in = bytes_of(strbuf_str(&g->text), g->text.len);
	size_t n = 1;

	for (size_t i = 0; i < g->text.len; i++)
		n += g->text.ptr[i] == '\n';
	g->lines = calloc(n, sizeof(*g->lines));
	if (!g->lines)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "no memory for the policy");
	while (bytes_left(&in)) {
		if (!bytes_until(&in, '\n', &g->lines[g->n_lines]))
			(void)bytes_take(&in, bytes_left(&in), &g->lines[g->n_lines]);
		g->n_lines++;
	}
	return 0;
}

int policy_one_input(const char *a, const char *b, struct diag *reterr)
{
	return a && b && strcmp(a, "-") == 0 && strcmp(b, "-") == 0
		       ? diag_set(reterr, DIAG_ARGUMENTS, EINVAL,
				  "Standard input can be read only once: one of both "
				  "must be a file.")
		       : 0;
}

int policy_needs_file(const struct cli *cli, struct diag *reterr)
{
	char name[64];

	return strcmp(cli->args[0], "-") == 0
		       ? diag_set(reterr, DIAG_ARGUMENTS, EINVAL,
				  "%s needs a file, not standard input.",
				  cmd_full_name(cli->cmd, name, sizeof(name)))
		       : 0;
}

static int read_input(struct policy_given *g, struct diag *reterr)
{
	g->name = "standard input";
	return fs_read_fd(STDIN_FILENO, POLICYFILE_MAX, g->name, &g->text, reterr);
}

int policy_given_read(struct cli *cli, const char *path, struct policy_given *g,
		      struct diag *reterr)
{
	int r;

	*g = (struct policy_given){0};
	if (!path) {
		g->name = "/etc/ima/ima-policy";
		r = policyfile_read_boot(&cli->root, &g->text, &g->file, reterr);
	} else if (strcmp(path, "-") == 0) {
		r = read_input(g, reterr);
	} else {
		g->name = path;
		r = policyfile_read(path, &g->text, &g->file, reterr);
	}
	return r < 0 ? r : divide(g, reterr);
}

/* Of a line that no screen holds, what is around the column. */
static struct span window(struct span line, unsigned column, unsigned *ret_skipped)
{
	size_t from = column > SHOWN / 2 ? column - SHOWN / 2 : 0;

	*ret_skipped = 0;
	if (line.len <= WHOLE)
		return line;
	from = from > line.len - SHOWN ? line.len - SHOWN : from;
	*ret_skipped = (unsigned)from;
	return (struct span){line.ptr + from, SHOWN};
}

void policy_show_source(struct out *o, const struct policy_given *g, unsigned at,
			unsigned column)
{
	struct span line = at && at <= g->n_lines ? g->lines[at - 1] : (struct span){0};
	_cleanup_strbuf_ struct strbuf before = {0};
	unsigned skipped;
	struct span shown = window(line, column, &skipped);
	bool more = skipped + shown.len < line.len;

	out_addf(o, "    %s", skipped ? "..." : "");
	out_foreign(o, shown);
	out_add(o, more ? "...\n" : "\n");
	if (column <= 1 || column > line.len)
		return;
	strbuf_adds(&before, skipped ? "..." : "");
	str_escape(&before, (struct span){shown.ptr, column - 1 - skipped}, o->ascii);
	out_addf(o, "    %*s", (int)before.len, "");
	out_style(o, OUT_BAD, "^");
	out_add(o, "\n");
}
