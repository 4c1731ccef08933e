/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/denialsout.h"

#include <time.h>

#include "core/triage/auditcause.h"
#include "tui/cli/table.h"

const char *denialsout_time(char buf[40], uint64_t time_ms)
{
	time_t t = (time_t)(time_ms / 1000);
	char text[32];
	struct tm tm;

	buf[0] = '\0';
	if (time_ms && gmtime_r(&t, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm))
		(void)snprintf(buf, 40, "%s.%03uZ", text, (unsigned)(time_ms % 1000));
	return buf;
}

/* As people read it, in their own zone. */
static const char *clock_of(char buf[40], uint64_t time_ms)
{
	time_t t = (time_t)(time_ms / 1000);
	struct tm tm;

	if (!time_ms || !localtime_r(&t, &tm) ||
	    !strftime(buf, 40, "%Y-%m-%d %H:%M:%S", &tm))
		(void)snprintf(buf, 40, "-");
	return buf;
}

void denialsout_head(struct out *out)
{
	out_style(
		out, OUT_BOLD,
		"TIME                KIND        DENIED  CAUSE                   PROGRAM"
		"          WHAT");
	out_add(out, "\n");
}

static void denied_word(struct out *out, const struct denial *d)
{
	enum out_style style = d->denied == DENIAL_DENIED ? OUT_BAD : OUT_PLAIN;

	out_style(out, style, denial_denied_name(d->denied));
	out_addf(out, "%*s ", 7 - (int)__builtin_strlen(denial_denied_name(d->denied)),
		 "");
}

void denialsout_what(struct out *out, const struct denial *d)
{
	if (d->path.len)
		out_foreign(out, d->path);
	else
		out_add(out, "-");
	if (d->name == DENIAL_NAME_PART && d->dev.len) {
		out_add(out, " (");
		out_foreign(out, d->dev);
		out_addf(out, " inode %llu)", (unsigned long long)d->ino);
	}
	if (d->name == DENIAL_NAME_CUT)
		out_add(out, "... (cut off)");
}

void denialsout_line(struct out *out, const struct denial *d)
{
	struct span program = d->comm.len ? d->comm : d->exe;
	char when[40];

	out_addf(out, "%-19s %-11s ", clock_of(when, d->time_ms),
		 denial_kind_name(d->kind));
	denied_word(out, d);
	out_column(out, d->cause.len ? d->cause : span_of("-"), 23);
	out_column(out, program.len ? program : span_of("-"), 16);
	denialsout_what(out, d);
	out_add(out, "\n");
}

static void id_member(struct json *j, const char *key, uint32_t id)
{
	json_key(j, key);
	if (id == UINT32_MAX)
		json_null(j);
	else
		json_u64(j, id);
}

static void time_member(struct json *j, const char *key, uint64_t time_ms)
{
	char when[40];

	json_kstr(j, key, time_ms ? denialsout_time(when, time_ms) : NULL);
}

static void bytes_member(struct json *j, const char *key, struct span bytes)
{
	if (bytes.len)
		json_kbytes(j, key, bytes);
	else
		json_kstr(j, key, NULL);
}

static const char *result_of(const struct denial *d)
{
	if (d->error < 0)
		return NULL;
	return d->error ? strerrorname_np(d->error) : "success";
}

/* A command that wants the whole name of a file keeps its PATH where that is not known. */
static struct span whole_path(const struct denial *d)
{
	bool whole = d->name == DENIAL_NAME_WHOLE || d->name == DENIAL_NAME_FOUND;

	return whole ? d->path : (struct span){0};
}

static void remedies_member(struct json *j, const struct auditcause *c,
			    const struct remedy_about *about)
{
	enum remedy_id id;

	json_key(j, "remedies");
	json_open(j, '[');
	for (size_t i = 0; c && (id = auditcause_remedy(c, i)) >= 0; i++) {
		_cleanup_strbuf_ struct strbuf command = {0};

		remedy_command(id, about, &command);
		json_open(j, '{');
		json_kstr(j, "id", remedy_of(id)->word);
		bytes_member(j, "command", strbuf_span(&command));
		json_close(j, '}');
	}
	json_close(j, ']');
}

/* What the tables know of such a record; nothing was looked at for it. */
static void meaning_members(struct json *j, const struct denial *d, const char *root_dir)
{
	const struct auditcause *c = auditcause_find(d->type, d->op, d->cause);
	const struct remedy_about about = {.path = whole_path(d), .root = root_dir};

	json_kstr(j, "meaning", c ? c->means : NULL);
	json_kstr(j, "severity", c ? auditcause_severity_word(c->severity) : NULL);
	remedies_member(j, c, &about);
}

void denialsout_members(struct json *j, const struct denial *d, const char *root_dir)
{
	static const char *const names[] = {"none",  "whole", "part",
					    "found", "other", "cut"};

	json_kstr(j, "type", auditrec_type_name(d->type));
	json_kstr(j, "kind", denial_kind_name(d->kind));
	time_member(j, "time", d->time_ms);
	json_ku64(j, "serial", d->serial);
	bytes_member(j, "op", d->op);
	bytes_member(j, "cause", d->cause);
	bytes_member(j, "path", d->path);
	json_kstr(j, "path_is", names[d->name]);
	json_kbool(j, "cut", d->cut);
	bytes_member(j, "dev", d->dev);
	json_ku64(j, "ino", d->ino);
	bytes_member(j, "comm", d->comm);
	bytes_member(j, "exe", d->exe);
	id_member(j, "pid", d->pid);
	id_member(j, "uid", d->uid);
	id_member(j, "auid", d->auid);
	json_kbool(j, "passed", d->res);
	json_kstr(j, "result", result_of(d));
	json_kstr(j, "denied", denial_denied_name(d->denied));
	meaning_members(j, d, root_dir);
	json_kstr(j, "source", denial_source_name(d->source));
}

static void group_row(struct table *t, const struct denials_group *g)
{
	char when[40];

	table_textf(t, OUT_PLAIN, "%llu", (unsigned long long)g->count);
	table_textf(t, g->n_denied ? OUT_BAD : OUT_PLAIN, "%llu",
		    (unsigned long long)g->n_denied);
	table_text(t, OUT_PLAIN, clock_of(when, g->first_ms));
	table_text(t, OUT_PLAIN, clock_of(when, g->last_ms));
	table_text(t, OUT_PLAIN, denial_kind_name(g->kind));
	table_textf(t, OUT_PLAIN, "%zu", g->n_paths);
	table_textf(t, OUT_PLAIN, "%zu", g->n_programs);
	if (g->name.len)
		table_foreign(t, g->name);
	else
		table_text(t, OUT_DIM, "-");
}

void denialsout_groups(struct out *out, enum denials_key key,
		       const struct denials_group *groups, size_t n)
{
	static const char *const titles[] = {"CAUSE", "PATH", "PROGRAM", "PACKAGE"};
	const struct table_column columns[] = {
		{"COUNT", true, false},	 {"DENIED", true, false},
		{"FIRST", false, false}, {"LAST", false, false},
		{"KIND", false, false},	 {"FILES", true, false},
		{"BY", true, false},	 {titles[key], false, true},
	};
	_cleanup_table_ struct table t;

	table_init(&t, out, columns, array_size(columns));
	for (size_t i = 0; i < n; i++)
		group_row(&t, &groups[i]);
	table_print(out, &t);
}

void denialsout_groups_json(struct out *out, enum denials_key key,
			    const struct denials_group *groups, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct denials_group *g = &groups[i];
		struct json j = json_to(out_buf(out));

		json_open(&j, '{');
		json_kstr(&j, "schema", "imactl/denial-group/1");
		json_kstr(&j, "by", denials_key_name(key));
		bytes_member(&j, "name", g->name);
		json_kstr(&j, "kind", denial_kind_name(g->kind));
		json_ku64(&j, "count", g->count);
		json_ku64(&j, "denied", g->n_denied);
		json_ku64(&j, "allowed", g->n_allowed);
		time_member(&j, "first", g->first_ms);
		time_member(&j, "last", g->last_ms);
		json_ku64(&j, "paths", g->n_paths);
		json_ku64(&j, "programs", g->n_programs);
		json_key(&j, "per_minute");
		json_open(&j, '[');
		for (size_t m = 0; m < DENIALS_MINUTES; m++)
			json_u64(&j, g->per_minute[m]);
		json_close(&j, ']');
		json_close(&j, '}');
		out_add(out, "\n");
	}
}
