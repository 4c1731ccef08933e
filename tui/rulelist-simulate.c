/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules would deny here, as 'policy simulate' finds it out; in the pool. */
#include <errno.h>

#include "core/base/cleanup.h"
#include "core/simulate/simulatetext.h"
#include "tui/rulelist.h"

enum { GROUPS_SHOWN = 200 };

static void group_line(const struct simulatetext *s, const struct simulate_group *g,
		       struct doc *d)
{
	const struct simulate_row *row = &s->result->row[g->first];
	_cleanup_strbuf_ struct strbuf where = {0}, shown = {0}, package = {0};
	char cause[64], n[32];

	simulatetext_where(s->result, g, &where);
	str_escape(&shown, strbuf_span(&where), s->ascii);
	if (row->package != PKGDB_NONE)
		str_escape(&package, span_of(pkgdb_name(s->packages, row->package)),
			   s->ascii);
	doc_text(d, row->unsure ? STYLE_WARN : STYLE_BAD, "  %s: %s%s%s, %s",
		 str_counted(n, sizeof(n), g->files, "file", "files"),
		 simulatetext_cause(row, cause), package.len ? ", of " : "",
		 strbuf_str(&package), strbuf_str(&shown));
}

static void groups(const struct simulatetext *s, struct doc *d)
{
	const struct simulate *r = s->result;
	size_t shown = r->n_groups < GROUPS_SHOWN ? r->n_groups : GROUPS_SHOWN;
	int rank = -1;

	for (size_t i = 0; i < shown; i++) {
		const struct simulate_row *row = &r->row[r->group[i].first];
		_cleanup_strbuf_ struct strbuf b = {0};

		if ((int)row->rank != rank) {
			rank = row->rank;
			doc_blank(d);
			strbuf_adds(&b, simulate_rank_title((enum simulate_rank)rank));
			simulatetext_rank(s, (enum simulate_rank)rank, &b);
			doc_lines(d, STYLE_TITLE, &b);
		}
		group_line(s, &r->group[i], d);
	}
	if (shown < r->n_groups)
		doc_text(d, STYLE_DIM, "  and %zu groups more; %s", r->n_groups - shown,
			 s->all_words);
}

static void answer(const struct simulatetext *s, struct doc *d)
{
	bool ready = !simulatetext_refused(s->rules) && simulate_ready(s->result);
	_cleanup_strbuf_ struct strbuf rest = {0}, verdict = {0}, fixes = {0};

	strbuf_adds(&verdict, simulatetext_verdict(s, &rest));
	strbuf_adds(&verdict, strbuf_str(&rest));
	doc_lines(d, ready ? STYLE_GOOD : STYLE_BAD, &verdict);
	strbuf_clear(&rest);
	simulatetext_passes(s, &rest);
	doc_lines(d, STYLE_NORMAL, &rest);
	groups(s, d);
	simulatetext_fixes(s, &fixes);
	doc_blank(d);
	if (fixes.len)
		doc_title(d, "What puts it right");
	doc_lines(d, STYLE_NORMAL, &fixes);
	doc_blank(d);
	strbuf_clear(&rest);
	simulatetext_tail(s, &rest);
	doc_lines(d, STYLE_NORMAL, &rest);
}

static int collect(const struct root *root, struct bootset **ret, struct diag *reterr)
{
	int r = bootset_new(root, ret, reterr);

	if (r >= 0)
		r = bootset_collect(*ret, BOOTSET_ALL, reterr);
	if (r < 0)
		return r;
	bootset_sort(*ret);
	return bootset_count(*ret)
		       ? 0
		       : diag_set(reterr, DIAG_POLICY_NO_USES, ENODATA,
				  "Nothing here tells which files this machine uses.");
}

int rulelist_simulate(const struct rulelist_ask *ask, const struct simulate_watch *watch)
{
	_cleanup_(probe_freep) struct probe *probe = NULL;
	_cleanup_(bootset_freep) struct bootset *set = NULL;
	_cleanup_(pkgdb_freep) struct pkgdb *packages = NULL;
	_cleanup_simulate_ struct simulate result = {0};
	struct simulate_opts opts = {.rules = &ask->of->rules};
	int r = probe_run(ask->root, (struct span){0}, &probe, ask->reterr);

	if (r >= 0)
		r = collect(ask->root, &set, ask->reterr);
	if (r >= 0)
		r = pkgdb_new(&packages, ask->reterr);
	opts.probe = probe;
	opts.set = set;
	opts.packages = packages;
	if (r >= 0)
		r = simulate_run(ask->root, &opts, watch, &result, ask->reterr);
	if (r >= 0 && result.stopped)
		r = -ECANCELED;
	if (r >= 0)
		answer(
			&(struct simulatetext){
				.policy = ask->file ? ask->file : "What is in force",
				/* one who names its own root is looked at as another one */
				.root_dir = root_owns_place(ask->root, ROOT_PROC)
						    ? NULL
						    : ask->root->target_path,
				.rules = opts.rules,
				.set = set,
				.sources = BOOTSET_ALL,
				.packages = packages,
				.result = &result,
				.enforces = true,
				.all_words = "'imactl policy simulate --all' has them",
				.ascii = ask->ascii,
			},
			ask->doc);
	return r;
}
