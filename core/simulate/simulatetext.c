/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/simulate/simulatetext.h"

#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"

/* As much as fits a screen. */
enum { FIXES_SHOWN = 5, PATHS_SHOWN = 8 };

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

static const char *fails(const struct simulatetext *s)
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

bool simulatetext_refused(const struct ruleset *rules)
{
	return policy_count(&rules->policy, POLICY_ERROR) > 0;
}

/* The first line: what somebody takes along who reads nothing else. */
const char *simulatetext_verdict(const struct simulatetext *s, struct strbuf *out)
{
	const struct simulate *r = s->result;
	const struct simulate_count *early = &r->rank[SIMULATE_EARLY];
	char n[32];

	if (simulatetext_refused(s->rules)) {
		strbuf_adds(
			out,
			": the kernel refuses this policy as a whole and would load none "
			"of it;\n'imactl policy check' says why. What follows is of the "
			"rules that are right.\n");
		return "Not ready";
	}
	if (simulate_ready(r)) {
		strbuf_addf(out, ": nothing would be %s%s.\n", fails(s),
			    r->unsure ? ", as far as that can be known here" : "");
		return "Ready";
	}
	if (r->lost && !denied(r) && !early->unsure) {
		strbuf_adds(out, ": a restart would lose a key.\n");
		return "Not ready";
	}
	if (!s->enforces) {
		strbuf_addf(out, ": %s would be logged, none denied.\n",
			    uses_of(n, denied(r)));
		return "Log mode";
	}
	strbuf_adds(out, r->pid1 ? ": PID 1 would not start; " : ": ");
	if (early->denied)
		strbuf_addf(out, "%s that boot or login need would be denied.\n",
			    uses_of(n, early->denied));
	else if (denied(r))
		strbuf_addf(out, "%s would be denied.\n", uses_of(n, denied(r)));
	else
		strbuf_addf(out, "%s that boot or login need may be denied.\n",
			    uses_of(n, early->unsure));
	return "Not ready";
}

static void passes(const struct simulatetext *s, struct strbuf *out)
{
	const struct simulate *r = s->result;
	const struct simulate_count *early = &r->rank[SIMULATE_EARLY];
	uint64_t ok = early->uses - early->denied - early->unsure;
	char of_boot[16], of_all[16];

	strbuf_adds(out, "Passes: ");
	if (early->uses)
		strbuf_addf(out, "%s %% of what boot and login need, ",
			    percent(of_boot, ok, early->uses));
	strbuf_addf(out, "%s %% of all uses.\n",
		    percent(of_all, uses(r) - denied(r) - unsure(r), uses(r)));
	if (!early->uses)
		strbuf_adds(out, "What boot and login need was not among them.\n");
}

static void lost(const struct simulate *r, struct strbuf *out)
{
	char n[32];

	strbuf_addf(out,
		    "%s with a key that the next boot has not got: its certificate does "
		    "not lie in\n/etc/keys/ima. 'imactl policy install FILE --cert CERT' "
		    "puts it there. Key ",
		    str_counted(n, sizeof(n), r->lost, "file is signed",
				"files are signed"));
	strbuf_addhex(out, (struct span){r->lost_keyid, sizeof(r->lost_keyid)});
	strbuf_addc(out, '\n');
}

void simulatetext_passes(const struct simulatetext *s, struct strbuf *out)
{
	if (!s->result->appraised)
		strbuf_adds(out, "It appraises none of these files.\n");
	else
		passes(s, out);
	if (s->result->lost)
		lost(s->result, out);
	if (!s->rules->sure)
		strbuf_adds(
			out,
			"The rules are not sure: something that decides is not known.\n");
}

const char *simulatetext_cause(const struct simulate_row *row, char buf[64])
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
void simulatetext_where(const struct simulate *r, const struct simulate_group *g,
			struct strbuf *out)
{
	const char *first = sample(r, g),
		   *last = simulate_name(r, &r->row[g->first + g->n - 1]);
	bool deep = g->folder.len && memchr(g->folder.ptr, '/', g->folder.len);

	if (g->files > 2 && deep && !g->pid1)
		strbuf_addf(out, "in /%.*s", (int)g->folder.len,
			    (const char *)g->folder.ptr);
	else if (g->files == 2 && strcmp(first, last) != 0)
		strbuf_addf(out, "/%s, /%s", first, last);
	else
		strbuf_addf(out, "/%s%s", first, g->files > 1 ? ", .." : "");
}

void simulatetext_rank(const struct simulatetext *s, enum simulate_rank rank,
		       struct strbuf *out)
{
	const struct simulate_count *c = &s->result->rank[rank];
	char n[32], m[32];

	strbuf_addf(out, ": %s of %s %s", str_count(n, sizeof(n), c->denied),
		    uses_of(m, c->uses), fails(s));
	if (c->unsure)
		strbuf_addf(out, ", %s not known", str_count(n, sizeof(n), c->unsure));
	strbuf_addc(out, '\n');
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

static void add_fix(const struct simulatetext *s, size_t number, struct strbuf *out)
{
	const struct simulate_fix *f = &s->result->fix[number - 1];
	_cleanup_strbuf_ struct strbuf line = {0};
	size_t shown = s->all || f->n_paths < PATHS_SHOWN ? f->n_paths : PATHS_SHOWN;
	char n[32];

	simulate_command(&line, f, s->root_dir);
	add_paths(&line, f, shown);
	strbuf_addf(out, "  %zu. ", number);
	str_escape(out, strbuf_span(&line), s->ascii);
	if (shown < f->n_paths)
		strbuf_addf(out, " ... and %zu more; %s", f->n_paths - shown,
			    s->all_words);
	strbuf_addf(out, "\n     %s: %s", files_of(n, f->files),
		    simulate_fix_why(f->kind));
	if (f->keyid.len && !f->cert_known) {
		strbuf_adds(out, "; CERT is that of the key id ");
		strbuf_addhex(out, f->keyid);
	}
	strbuf_adds(out, "\n");
}

void simulatetext_fixes(const struct simulatetext *s, struct strbuf *out)
{
	const struct simulate *r = s->result;
	size_t n = s->all || r->n_fixes < FIXES_SHOWN ? r->n_fixes : FIXES_SHOWN;

	for (size_t i = 0; i < n; i++)
		add_fix(s, i + 1, out);
	if (n < r->n_fixes)
		strbuf_addf(out, "  and %zu more; %s\n", r->n_fixes - n, s->all_words);
}

/* What the answer rests on. */
static void add_sources(const struct simulatetext *s, struct strbuf *out)
{
	char n[32];

	for (int i = 0; i < _BOOTSET_SOURCE_MAX; i++) {
		struct bootset_said said;

		if (!(s->sources & 1u << i))
			continue;
		bootset_said(s->set, (enum bootset_source)i, &said);
		strbuf_addf(out, "  %10s  from %s", str_count(n, sizeof(n), said.uses),
			    bootset_source_title((enum bootset_source)i));
		if (said.why.id)
			strbuf_addf(out, " (%s)", said.why.text);
		strbuf_adds(out, "\n");
	}
}

/* What was tried, and what it came to besides. */
void simulatetext_tail(const struct simulatetext *s, struct strbuf *out)
{
	const struct simulate *r = s->result;
	char n[32], m[32];

	str_escape(out, span_of(s->policy), s->ascii);
	strbuf_addf(out, " was tried in %s mode on %s of %s:\n",
		    s->enforces ? "enforce" : "log", uses_of(n, uses(r)),
		    files_of(m, r->files));
	add_sources(s, out);
	if (r->gone)
		strbuf_addf(out, "  %10s  of files that are not there, left out\n",
			    str_count(n, sizeof(n), r->gone));
	strbuf_addf(out, "It appraises %s, ", files_of(n, r->appraised));
	if (s->labels_only)
		strbuf_adds(out,
			    "by their labels alone: contents were not read, and are\n"
			    "taken for what was labelled.\n");
	else if (r->read)
		strbuf_addf(out, "of which %s had to be read (%s).\n",
			    str_count(n, sizeof(n), r->read),
			    str_bytes(m, sizeof(m), r->bytes));
	else
		strbuf_adds(out, "of which none had to be read.\n");
	strbuf_addf(out, "It measures %s: as many entries, %s of kernel memory.\n",
		    files_of(n, r->measured), str_bytes(m, sizeof(m), r->entries_bytes));
}
