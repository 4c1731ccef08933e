/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows and groups of the Denials screen in words. */
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "tui/deniallist.h"

const char *deniallist_result(enum denial_kind kind, uint64_t count, uint64_t denied,
			      uint64_t allowed, enum style *ret_style)
{
	static const char *const words[_DENIAL_KIND_MAX] = {
		[DENIAL_VIOLATION] = "violat",
		[DENIAL_POLICY] = "policy",
		[DENIAL_KEY] = "key",
		[DENIAL_MEASUREMENT] = "measur",
	};

	*ret_style = feed_is_denial(kind) || denied ? STYLE_WARN : STYLE_NORMAL;
	if (!feed_is_denial(kind))
		return words[kind];
	if (denied == count) {
		*ret_style = STYLE_BAD;
		return "DENIED";
	}
	return denied ? "partly" : allowed == count ? "passed" : "?";
}

const char *deniallist_time(const struct deniallist *l, uint64_t ms, char *buf)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm, now;

	(void)snprintf(buf, 24, "-");
	if (!ms || !localtime_r(&t, &tm) || !localtime_r(&l->app->model.wall, &now))
		return buf;
	(void)strftime(buf, 24,
		       tm.tm_year == now.tm_year && tm.tm_yday == now.tm_yday ? "%H:%M:%S"
									      : "%m-%d",
		       &tm);
	return buf;
}

/* The same scale for all, so that rows can be compared. */
static char level(uint64_t n)
{
	static const struct {
		uint64_t from;
		char c;
	} levels[] = {{300, '#'}, {100, '*'}, {30, '+'}, {10, '='},
		      {5, '-'},	  {2, ':'},   {1, '.'}};

	for (size_t i = 0; i < array_size(levels); i++)
		if (n >= levels[i].from)
			return levels[i].c;
	return ' ';
}

void deniallist_spark(const uint32_t *per_minute, int w, char *buf)
{
	for (int i = 0; i < w; i++) {
		uint64_t n = 0;

		for (int k = i * DENIALS_MINUTES / w; k < (i + 1) * DENIALS_MINUTES / w;
		     k++)
			n += per_minute[k];
		buf[i] = level(n);
	}
	buf[w] = '\0';
}

void deniallist_minutes(const struct denials_row *row, uint64_t minute,
			uint32_t ret[DENIALS_MINUTES])
{
	memset(ret, 0, DENIALS_MINUTES * sizeof(ret[0]));
	for (uint64_t i = 0; row->minute && i < DENIALS_MINUTES; i++) {
		uint64_t at = row->minute - (DENIALS_MINUTES - 1 - i);

		if (at <= minute && minute - at < DENIALS_MINUTES)
			ret[DENIALS_MINUTES - 1 - (minute - at)] = row->per_minute[i];
	}
}

static void add_foreign(const struct deniallist *l, struct span text, const char *none,
			struct strbuf *out)
{
	if (text.len)
		str_escape(out, text, l->app->ascii);
	else
		strbuf_adds(out, none);
}

static const char *nameless(enum denials_key key)
{
	static const char *const words[_DENIALS_KEY_MAX] = {
		[DENIALS_BY_CAUSE] = "(no cause told)",
		[DENIALS_BY_PATH] = "(no file named)",
		[DENIALS_BY_PROGRAM] = "(no program named)",
		[DENIALS_BY_PACKAGE] = "(of no package)",
	};

	return words[key];
}

void deniallist_group_text(const struct deniallist *l, const struct denials_group *g,
			   struct strbuf *out)
{
	char paths[48], programs[48];

	add_foreign(l, g->name, nameless(l->key), out);
	strbuf_adds(out, "  ");
	if (l->key != DENIALS_BY_PATH)
		strbuf_addf(out, "%s",
			    str_counted(paths, sizeof(paths), g->n_paths, "path",
					"paths"));
	if (l->key == DENIALS_BY_CAUSE || l->key == DENIALS_BY_PACKAGE)
		strbuf_adds(out, ", ");
	if (l->key != DENIALS_BY_PROGRAM)
		strbuf_addf(out, "%s",
			    str_counted(programs, sizeof(programs), g->n_programs,
					"program", "programs"));
}

void deniallist_fix_text(const struct deniallist_fix *f, struct strbuf *out)
{
	static const char *const words[] = {
		[DENIALLIST_APPLIED] = "not tried again",
		[DENIALLIST_PASSES] = "re-test: ok",
		[DENIALLIST_FAILS] = "re-test: still denied",
		[DENIALLIST_NEXT_BOOT] = "from the next boot on",
		[DENIALLIST_BACK] = "",
	};

	if (f->state == DENIALLIST_BACK)
		strbuf_addf(out, "taken back: %s", remedy_of(f->remedy)->word);
	else
		strbuf_addf(out, "fixed by %s, %s", remedy_of(f->remedy)->word,
			    words[f->state]);
}

static struct span last_part(struct span program)
{
	for (size_t i = program.len; i-- > 0;)
		if (program.ptr[i] == '/')
			return (struct span){program.ptr + i + 1, program.len - i - 1};
	return program;
}

void deniallist_row_text(const struct deniallist *l, uint32_t at, struct strbuf *out)
{
	const struct denial *d = &denials_row(l->feed->store, at)->last;
	const struct deniallist_fix *f = deniallist_fix_of(l, at);

	if (f) {
		strbuf_addc(out, '[');
		deniallist_fix_text(f, out);
		strbuf_adds(out, "] ");
	}
	if (l->key != DENIALS_BY_CAUSE) {
		add_foreign(l, d->cause, nameless(DENIALS_BY_CAUSE), out);
		strbuf_adds(out, "  ");
	}
	if (l->key != DENIALS_BY_PROGRAM) {
		add_foreign(l, last_part(denial_program(d)), "-", out);
		strbuf_adds(out, l->key == DENIALS_BY_PATH ? "" : ": ");
	}
	if (l->key != DENIALS_BY_PATH)
		add_foreign(l, d->path, nameless(DENIALS_BY_PATH), out);
}

void deniallist_event_text(const struct deniallist *l, const struct denial *d,
			   struct strbuf *out)
{
	add_foreign(l, d->cause, nameless(DENIALS_BY_CAUSE), out);
	strbuf_adds(out, "  ");
	add_foreign(l, last_part(denial_program(d)), "-", out);
	strbuf_adds(out, ": ");
	add_foreign(l, d->path, nameless(DENIALS_BY_PATH), out);
}

void deniallist_search_text(const struct deniallist *l, const struct denials_row *row,
			    struct strbuf *out)
{
	const struct pkgdb *pkgs = l->app->model.pkgs;
	const struct denial *d = &row->last;
	const struct span parts[] = {d->op, d->cause, denial_program(d), d->path};
	enum style unused;

	strbuf_addf(out, "%s %s", denial_kind_name(d->kind),
		    deniallist_result(d->kind, row->count, row->n_denied, row->n_allowed,
				      &unused));
	for (size_t i = 0; i < array_size(parts); i++) {
		strbuf_addc(out, ' ');
		str_escape(out, parts[i], l->app->ascii);
	}
	if (d->path.len && d->path.ptr[0] == '/')
		strbuf_addf(out, " %s", pkgdb_name(pkgs, pkgdb_owner(pkgs, d->path)));
}

void deniallist_title(const struct deniallist *l, struct strbuf *out)
{
	if (l->stream)
		strbuf_adds(out, l->app->model.live
					 ? "Denials and measurements as they come"
					 : "Denials as they came");
	else
		strbuf_addf(out, "By %s", denials_key_name(l->key));
	strbuf_addf(out, "%s", l->app->model.loose ? ", of this machine" : "");
}

void deniallist_sum(const struct deniallist *l, struct strbuf *out)
{
	uint64_t events = 0, came = l->feed->events - l->seen;
	char a[48], b[48];

	for (size_t i = 0; i < l->n_groups; i++)
		events += l->groups[i].count;
	strbuf_addf(out, "%s in %s", str_counted(a, sizeof(a), events, "event", "events"),
		    str_counted(b, sizeof(b), l->n_groups, "group", "groups"));
	if (l->paused)
		strbuf_adds(out, " | PAUSED");
	else if (l->follow)
		strbuf_adds(out, " | FOLLOW");
	if (l->paused && came)
		strbuf_addf(out, " | +%s new", str_count(a, sizeof(a), came));
}

static void add_losses(const struct deniallist *l, struct strbuf *out)
{
	const struct trail_state *s = &l->feed->state;
	struct denials_totals t = {0};
	char n[32];

	strbuf_addf(out, ", %s lost", str_count(n, sizeof(n), s->lost));
	if (s->damaged)
		strbuf_addf(out, ", %s damaged", str_count(n, sizeof(n), s->damaged));
	if (l->feed->store)
		denials_totals(l->feed->store, &t);
	if (t.crowded)
		strbuf_addf(out, ", %s without names",
			    str_count(n, sizeof(n), t.crowded));
}

void deniallist_source(const struct deniallist *l, struct strbuf *out)
{
	static const char *const words[_DENIAL_SOURCE_MAX] = {
		[DENIAL_FROM_AUDIT] = "audit: live",
		[DENIAL_FROM_LOG] = "auditd's log: live",
		[DENIAL_FROM_KERNEL] = "kernel log: live",
		[DENIAL_FROM_FILE] = "file",
	};
	const struct feed *f = l->feed;
	char n[32];

	if (f->error.id != DIAG_NONE)
		strbuf_addf(out, "%s: %s", diag_code(f->error.id), f->error.text);
	else if (feed_busy(f))
		strbuf_adds(out, "reading the logs");
	else
		strbuf_adds(out, f->state.live		 ? words[f->state.source]
				 : root_is_live(f->root) ? "not live"
							 : "as recorded");
	if (f->opened && f->error.id == DIAG_NONE)
		add_losses(l, out);
	if (l->n_muted)
		strbuf_addf(out, " | %s muted%s", str_count(n, sizeof(n), l->n_muted),
			    l->muted_shown ? ", shown" : "");
}
