/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/simulateout.h"

#include <string.h>

#include "core/base/cleanup.h"
#include "tui/cli/table.h"

/* As much as fits a screen. */
enum { GROUPS_SHOWN = 8, FIXES_SHOWN = 5, PATHS_SHOWN = 8 };

static const char *files_of(char buf[32], uint64_t n)
{
	return str_counted(buf, 32, n, "file", "files");
}

static const char *uses_of(char buf[32], uint64_t n)
{
	return str_counted(buf, 32, n, "use", "uses");
}

/* "99.2", cut, never rounded up: 100 is all of them. */
static const char *percent(char buf[16], uint64_t part, uint64_t whole)
{
	uint64_t tenths = whole ? part * 1000 / whole : 1000;

	(void)snprintf(buf, 16, "%u.%u", (unsigned)(tenths / 10),
		       (unsigned)(tenths % 10));
	return tenths == 1000 ? "100" : buf;
}

static const char *fails(const struct simulateout *s)
{
	return s->enforces ? "denied" : "logged";
}

static uint64_t uses(const struct simulate *r)
{
	uint64_t n = 0;

	for (int i = 0; i < _SIMULATE_RANK_MAX; i++)
		n += r->rank[i].uses;
	return n;
}

static uint64_t unsure(const struct simulate *r)
{
	uint64_t n = 0;

	for (int i = 0; i < _SIMULATE_RANK_MAX; i++)
		n += r->rank[i].unsure;
	return n;
}

static uint64_t denied(const struct simulate *r)
{
	uint64_t n = 0;

	for (int i = 0; i < _SIMULATE_RANK_MAX; i++)
		n += r->rank[i].denied;
	return n;
}

bool simulateout_refused(const struct ruleset *rules)
{
	return policy_count(&rules->policy, POLICY_ERROR) > 0;
}

/* What the answer rests on. */
static void text_sources(struct out *o, const struct simulateout *s)
{
	char n[32];

	for (int i = 0; i < _BOOTSET_SOURCE_MAX; i++) {
		struct bootset_said said;

		if (!(s->sources & 1u << i))
			continue;
		bootset_said(s->set, (enum bootset_source)i, &said);
		out_addf(o, "  %10s  from %s", str_count(n, sizeof(n), said.uses),
			 bootset_source_title((enum bootset_source)i));
		if (said.why.id)
			out_addf(o, " (%s)", said.why.text);
		out_add(o, "\n");
	}
}

/* What was tried, and what it came to besides. */
static void text_tail(struct out *o, const struct simulateout *s)
{
	const struct simulate *r = s->result;
	char n[32], m[32];

	out_foreign(o, span_of(s->policy));
	out_addf(o, " was tried in %s mode on %s of %s:\n",
		 s->enforces ? "enforce" : "log", uses_of(n, uses(r)),
		 files_of(m, r->files));
	text_sources(o, s);
	if (r->gone)
		out_addf(o, "  %10s  of files that are not there, left out\n",
			 str_count(n, sizeof(n), r->gone));
	out_addf(o, "It appraises %s, ", files_of(n, r->appraised));
	if (s->labels_only)
		out_add(o, "by their labels alone: contents were not read, and are\n"
			   "taken for what was labelled.\n");
	else if (r->read)
		out_addf(o, "of which %s had to be read (%s).\n",
			 str_count(n, sizeof(n), r->read),
			 str_bytes(m, sizeof(m), r->bytes));
	else
		out_add(o, "of which none had to be read.\n");
	out_addf(o, "It measures %s: as many entries, %s of kernel memory.\n",
		 files_of(n, r->measured), str_bytes(m, sizeof(m), r->entries_bytes));
}

static const char *cause_of(const struct simulate_row *row, char buf[64])
{
	const char *cause = simulate_cause(row);
	size_t at;

	if (row->fix != SIMULATE_LOAD_KEY || row->unsure)
		return cause;
	(void)snprintf(buf, 64, "no key ");
	at = strlen(buf);
	for (size_t i = 0; i < row->keyid_len; i++)
		(void)snprintf(buf + at + 2 * i, 64 - at - 2 * i, "%02x", row->keyid[i]);
	return buf;
}

/* What matters most of a group: init, where it is among them. */
static const char *sample(const struct simulate *r, const struct simulate_group *g)
{
	for (size_t i = 0; g->pid1 && i < g->n; i++)
		if (r->row[g->first + i].pid1)
			return simulate_name(r, &r->row[g->first + i]);
	return simulate_name(r, &r->row[g->first]);
}

/* Two files, or where many are; a folder of the root says nothing. */
static void cell_where(struct table *t, const struct simulate *r,
		       const struct simulate_group *g)
{
	const char *first = sample(r, g),
		   *last = simulate_name(r, &r->row[g->first + g->n - 1]);
	_cleanup_strbuf_ struct strbuf b = {0};
	bool deep = g->folder.len && memchr(g->folder.ptr, '/', g->folder.len);

	if (g->files > 2 && deep && !g->pid1)
		strbuf_addf(&b, "in /%.*s", (int)g->folder.len,
			    (const char *)g->folder.ptr);
	else if (g->files == 2 && strcmp(first, last) != 0)
		strbuf_addf(&b, "/%s, /%s", first, last);
	else
		strbuf_addf(&b, "/%s%s", first, g->files > 1 ? ", .." : "");
	table_foreign(t, strbuf_span(&b));
}

static void text_group(struct table *t, const struct simulateout *s,
		       const struct simulate_group *g)
{
	const struct simulate_row *row = &s->result->row[g->first];
	char n[32], cause[64];

	table_textf(t, OUT_PLAIN, "   %s", files_of(n, g->files));
	table_text(t, row->unsure ? OUT_WARN : OUT_BAD, cause_of(row, cause));
	if (row->package == PKGDB_NONE)
		table_text(t, OUT_DIM, "(no package)");
	else
		table_foreign(t, span_of(pkgdb_name(s->packages, row->package)));
	cell_where(t, s->result, g);
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
static void text_row(struct table *t, const struct simulateout *s,
		     const struct simulate_row *row)
{
	_cleanup_strbuf_ struct strbuf name = {0};
	char cause[64];

	strbuf_addf(&name, "/%s", simulate_name(s->result, row));
	table_textf(t, OUT_PLAIN, "   user %u", row->uid);
	table_text(t, row->unsure ? OUT_WARN : OUT_BAD, cause_of(row, cause));
	text_ops(t, row);
	table_foreign(t, strbuf_span(&name));
}

static void text_rank_title(struct out *o, const struct simulateout *s,
			    enum simulate_rank rank)
{
	const struct simulate_count *c = &s->result->rank[rank];
	char n[32], m[32];

	out_style(o, rank == SIMULATE_EARLY ? OUT_BAD : OUT_BOLD,
		  simulate_rank_title(rank));
	out_addf(o, ": %s of %s %s", str_count(n, sizeof(n), c->denied),
		 uses_of(m, c->uses), fails(s));
	if (c->unsure)
		out_addf(o, ", %s not known", str_count(n, sizeof(n), c->unsure));
	out_add(o, "\n");
}

/* The groups of one rank from @from on, @max at most; returns where the next begins. */
static size_t text_rank(struct out *o, const struct simulateout *s, size_t from,
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
		out_addf(o, "   and %s in %s more; --all has them\n", files_of(n, files),
			 str_counted(m, sizeof(m), left, "group", "groups"));
	return at;
}

static void text_groups(struct out *o, const struct simulateout *s)
{
	size_t max = GROUPS_SHOWN, next;

	for (size_t at = 0; at < s->result->n_groups; at = next) {
		next = text_rank(o, s, at, max);
		max -= next - at < max ? next - at : max;
		max = max ? max : 1; /* at least what is most of each rank */
	}
}

static void add_paths(struct strbuf *out, const struct simulate_fix *f, size_t n)
{
	const char *path = strbuf_str(&f->paths);

	for (size_t i = 0; i < n; i++, path += strlen(path) + 1) {
		_cleanup_strbuf_ struct strbuf full = {0};

		strbuf_addf(&full, "/%s", path);
		strbuf_addc(out, ' ');
		str_shell_word(out, strbuf_span(&full));
	}
}

static void text_fix(struct out *o, const struct simulateout *s, size_t number)
{
	const struct simulate_fix *f = &s->result->fix[number - 1];
	_cleanup_strbuf_ struct strbuf line = {0};
	size_t shown = s->all || f->n_paths < PATHS_SHOWN ? f->n_paths : PATHS_SHOWN;
	char n[32];

	simulate_command(&line, f, s->root_dir);
	add_paths(&line, f, shown);
	out_addf(o, "  %zu. ", number);
	out_foreign(o, strbuf_span(&line));
	if (shown < f->n_paths)
		out_addf(o, " ... and %zu more; --all has them", f->n_paths - shown);
	out_addf(o, "\n     %s: %s", files_of(n, f->files), simulate_fix_why(f->kind));
	if (f->keyid.len && !f->cert_known) {
		out_add(o, "; CERT is that of the key id ");
		strbuf_addhex(out_buf(o), f->keyid);
	}
	out_add(o, "\n");
}

static void text_fixes(struct out *o, const struct simulateout *s)
{
	const struct simulate *r = s->result;
	size_t n = s->all || r->n_fixes < FIXES_SHOWN ? r->n_fixes : FIXES_SHOWN;

	if (!n)
		return;
	out_style(o, OUT_BOLD, "What puts it right");
	out_add(o, "\n");
	for (size_t i = 0; i < n; i++)
		text_fix(o, s, i + 1);
	if (n < r->n_fixes)
		out_addf(o, "  and %zu more; --all has them\n", r->n_fixes - n);
}

/* The first line: what somebody takes along who reads nothing else. */
static void text_verdict(struct out *o, const struct simulateout *s)
{
	const struct simulate *r = s->result;
	const struct simulate_count *early = &r->rank[SIMULATE_EARLY];
	char n[32];

	if (simulateout_refused(s->rules)) {
		out_style(o, OUT_BAD, "Not ready");
		out_add(o,
			": the kernel refuses this policy as a whole and would load none "
			"of it;\n'imactl policy check' says why. What follows is of the "
			"rules that are right.\n");
		return;
	}
	if (simulate_ready(r)) {
		out_style(o, OUT_GOOD, "Ready");
		out_addf(o, ": nothing would be %s%s.\n", fails(s),
			 r->unsure ? ", as far as that can be known here" : "");
		return;
	}
	if (!s->enforces) {
		out_addf(o, "Log mode: %s would be logged, none denied.\n",
			 uses_of(n, denied(r)));
		return;
	}
	out_style(o, OUT_BAD, "Not ready");
	out_add(o, r->pid1 ? ": PID 1 would not start; " : ": ");
	if (early->denied)
		out_addf(o, "%s that boot or login need would be denied.\n",
			 uses_of(n, early->denied));
	else if (denied(r))
		out_addf(o, "%s would be denied.\n", uses_of(n, denied(r)));
	else
		out_addf(o, "%s that boot or login need may be denied.\n",
			 uses_of(n, early->unsure));
}

static void text_ready(struct out *o, const struct simulateout *s)
{
	const struct simulate *r = s->result;
	const struct simulate_count *early = &r->rank[SIMULATE_EARLY];
	uint64_t passes = early->uses - early->denied - early->unsure;
	char of_boot[16], of_all[16];

	if (!r->appraised) {
		out_add(o, "It appraises none of these files.\n");
		return;
	}
	out_add(o, "Passes: ");
	if (early->uses)
		out_addf(o, "%s %% of what boot and login need, ",
			 percent(of_boot, passes, early->uses));
	out_addf(o, "%s %% of all uses.\n",
		 percent(of_all, uses(r) - denied(r) - unsure(r), uses(r)));
	if (!early->uses)
		out_add(o, "What boot and login need was not among them.\n");
}

void simulateout_text(struct cli *cli, const struct simulateout *s)
{
	struct out *o = cli->out;

	text_verdict(o, s);
	text_ready(o, s);
	if (!s->rules->sure)
		out_add(o,
			"The rules are not sure: something that decides is not known.\n");
	text_groups(o, s);
	text_fixes(o, s);
	text_tail(o, s);
}
