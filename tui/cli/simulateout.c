/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/simulateout.h"

#include <string.h>

#include "core/base/cleanup.h"
#include "tui/cli/table.h"

enum { GROUPS_SHOWN = 8 }; /* as much as fits a screen */

static const char *files_of(char buf[32], uint64_t n)
{
	return str_counted(buf, 32, n, "file", "files");
}

static void text_group(struct table *t, const struct simulatetext *s,
		       const struct simulate_group *g)
{
	const struct simulate_row *row = &s->result->row[g->first];
	_cleanup_strbuf_ struct strbuf where = {0};
	char n[32], cause[64];

	table_textf(t, OUT_PLAIN, "   %s", files_of(n, g->files));
	table_text(t, row->unsure ? OUT_WARN : OUT_BAD, simulatetext_cause(row, cause));
	if (row->package == PKGDB_NONE)
		table_text(t, OUT_DIM, "(no package)");
	else
		table_foreign(t, span_of(pkgdb_name(s->packages, row->package)));
	simulatetext_where(s->result, g, &where);
	table_foreign(t, strbuf_span(&where));
}

static void text_ops(struct table *t, const struct simulate_row *row)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	for (int i = 0; i < _BOOTSET_OP_MAX; i++)
		if (row->ops >> i & 1)
			strbuf_addf(&b, "%s%s", b.len ? "," : "",
				    bootset_op_word((enum bootset_op)i));
	table_text(t, OUT_PLAIN, strbuf_str(&b));
}

/* With --all: each use of its own. */
static void text_row(struct table *t, const struct simulatetext *s,
		     const struct simulate_row *row)
{
	_cleanup_strbuf_ struct strbuf name = {0};
	char cause[64];

	strbuf_addf(&name, "/%s", simulate_name(s->result, row));
	table_textf(t, OUT_PLAIN, "   user %u", row->uid);
	table_text(t, row->unsure ? OUT_WARN : OUT_BAD, simulatetext_cause(row, cause));
	text_ops(t, row);
	table_foreign(t, strbuf_span(&name));
}

static void text_rank_title(struct out *o, const struct simulatetext *s,
			    enum simulate_rank rank)
{
	out_style(o, rank == SIMULATE_EARLY ? OUT_BAD : OUT_BOLD,
		  simulate_rank_title(rank));
	simulatetext_rank(s, rank, out_buf(o));
}

/* The groups of one rank from @from on, @max at most; returns where the next begins. */
static size_t text_rank(struct out *o, const struct simulatetext *s, size_t from,
			size_t max)
{
	static const struct table_column columns[] = {{NULL, true, false},
						      {NULL, false, false},
						      {NULL, false, true},
						      {NULL, false, true}};
	const struct simulate *r = s->result;
	enum simulate_rank rank = r->row[r->group[from].first].rank;
	_cleanup_table_ struct table t = {0};
	uint64_t files = 0;
	size_t at = from, left = 0;
	char n[32], m[32];

	table_init(&t, o, columns, array_size(columns));
	text_rank_title(o, s, rank);
	for (; at < r->n_groups && r->row[r->group[at].first].rank == rank; at++) {
		const struct simulate_group *g = &r->group[at];

		for (size_t i = 0; s->all && i < g->n; i++)
			text_row(&t, s, &r->row[g->first + i]);
		if (!s->all && at - from < max)
			text_group(&t, s, g);
		if (!s->all && at - from >= max) {
			left++;
			files += g->files;
		}
	}
	table_print(o, &t);
	if (left)
		out_addf(o, "   and %s in %s more; %s\n", files_of(n, files),
			 str_counted(m, sizeof(m), left, "group", "groups"),
			 s->all_words);
	return at;
}

static void text_groups(struct out *o, const struct simulatetext *s)
{
	size_t max = GROUPS_SHOWN, next;

	for (size_t at = 0; at < s->result->n_groups; at = next) {
		next = text_rank(o, s, at, max);
		max -= next - at < max ? next - at : max;
		max = max ? max : 1; /* at least what is most of each rank */
	}
}

/* What somebody takes along who reads nothing else. */
static void text_verdict(struct out *o, const struct simulatetext *s)
{
	_cleanup_strbuf_ struct strbuf rest = {0};
	const char *word = simulatetext_verdict(s, &rest);
	bool refused = simulatetext_refused(s->rules);
	bool ready = !refused && simulate_ready(s->result);

	out_style(o,
		  ready			   ? OUT_GOOD
		  : refused || s->enforces ? OUT_BAD
					   : OUT_PLAIN,
		  word);
	out_add(o, strbuf_str(&rest));
}

void simulateout_text(struct cli *cli, const struct simulatetext *s)
{
	struct out *o = cli->out;

	text_verdict(o, s);
	simulatetext_passes(s, out_buf(o));
	text_groups(o, s);
	if (s->result->n_fixes) {
		out_style(o, OUT_BOLD, "What puts it right");
		out_add(o, "\n");
	}
	simulatetext_fixes(s, out_buf(o));
	simulatetext_tail(s, out_buf(o));
}
