/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/filelist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/filetext.h"
#include "tui/words.h"

static enum scan_kind kind_of(uint32_t group)
{
	return (enum scan_kind)(group - FILELIST_KINDS);
}

size_t filelist_listed(const struct filelist *l, uint32_t group)
{
	return group == FILELIST_ERRORS ? (size_t)l->work->n_errors
					: l->work->scan.group[kind_of(group)].n;
}

uint64_t filelist_count(const struct filelist *l, uint32_t group)
{
	return group == FILELIST_ERRORS ? (uint64_t)l->work->n_errors
					: l->work->scan.group[kind_of(group)].files;
}

static const struct scan_found *found_of(const struct filelist *l, struct filerow row)
{
	return &l->work->scan.group[kind_of(row.group)].found[row.at];
}

const char *filelist_path(const struct filelist *l, struct filerow row)
{
	return row.group == FILELIST_ERRORS ? l->work->errors[row.at].path
					    : scan_name(&l->work->scan, found_of(l, row));
}

const char *filelist_words(const struct filelist *l, uint32_t group, char *buf,
			   size_t size)
{
	if (group != FILELIST_ERRORS)
		return scan_kind_words(kind_of(group));
	(void)snprintf(buf, size, "errors of job %u", l->work->job.id);
	return buf;
}

/* The cause that all files of a kind have; of others each row says its own. */
static enum appraise_cause cause_of(enum scan_kind kind)
{
	switch (kind) {
	case SCAN_NO_LABEL:
		return APPRAISE_MISSING_HASH;
	case SCAN_HASH_DIFFERS:
		return APPRAISE_INVALID_HASH;
	case SCAN_NO_KEY:
	case SCAN_SIG_DIFFERS:
		return APPRAISE_INVALID_SIG;
	default:
		return APPRAISE_NONE;
	}
}

static void why_file(const struct filelist *l, struct filerow row, struct strbuf *out)
{
	const struct scan_found *f = found_of(l, row);
	enum scan_kind kind = kind_of(row.group);

	if (kind == SCAN_LEFT_OUT)
		strbuf_addf(out, "%s%s%s", walk_skip_words((enum walk_skip)f->skip),
			    f->err ? ": " : "", f->err ? diag_errno(f->err) : "");
	else if (f->err)
		strbuf_adds(out, diag_errno(f->err));
	else if (f->cause != APPRAISE_NONE && f->cause != cause_of(kind))
		strbuf_adds(out, appraise_words((enum appraise_cause)f->cause)->cause);
}

/* The message begins with the path as a rule, which stands beside it here. */
static void why_error(const struct relabel_error *e, struct strbuf *out)
{
	size_t len = strlen(e->path);
	bool named = e->text[0] == '/' && strncmp(e->text + 1, e->path, len) == 0 &&
		     e->text[len + 1] == ' ';

	filetext_noted(out, e->text + (named ? len + 2 : 0));
}

void filelist_why(const struct filelist *l, struct filerow row, struct strbuf *out)
{
	enum appraise_cause cause;

	if (row.group == FILELIST_ERRORS) {
		if (row.at != FILELIST_HEADING)
			why_error(&l->work->errors[row.at], out);
		return;
	}
	if (row.at != FILELIST_HEADING) {
		why_file(l, row, out);
		return;
	}
	cause = cause_of(kind_of(row.group));
	if (filelist_listed(l, row.group) == SCAN_LISTED)
		strbuf_addf(out, "%u are listed", SCAN_LISTED);
	else if (cause != APPRAISE_NONE)
		strbuf_adds(out, appraise_words(cause)->cause);
}

enum style filelist_style(uint32_t group)
{
	static const enum style styles[] = {[SCAN_FAILS] = STYLE_BAD,
					    [SCAN_UNSURE] = STYLE_WARN,
					    [SCAN_RIGHT] = STYLE_GOOD,
					    [SCAN_OUT] = STYLE_NORMAL};

	return group == FILELIST_ERRORS ? STYLE_BAD
					: styles[scan_class_of(kind_of(group))];
}

static bool add_row(struct filelist *l, uint32_t group, uint32_t at)
{
	size_t cap = l->cap ? 2 * l->cap : 64;
	struct filerow *more;

	if (l->n == l->cap) {
		more = reallocarray(l->rows, cap, sizeof(*more));
		if (!more) {
			app_note(l->app, STYLE_BAD, "Out of memory: rows are missing");
			return false;
		}
		l->rows = more;
		l->cap = cap;
	}
	l->rows[l->n++] = (struct filerow){group, at};
	return true;
}

static size_t count_shown(const struct filelist *l, uint32_t group)
{
	size_t n = filelist_listed(l, group), shown = 0;

	if (!*l->find.filter)
		return n;
	for (size_t i = 0; i < n; i++)
		shown += words_pass(l->find.filter,
				    filelist_path(l,
						  (struct filerow){group, (uint32_t)i}));
	return shown;
}

/* Of what the filter leaves nothing of, nothing is shown. */
static void add_group(struct filelist *l, uint32_t group)
{
	size_t n = filelist_listed(l, group);

	l->shown[group] = count_shown(l, group);
	if (*l->find.filter ? !l->shown[group] : !filelist_count(l, group))
		return;
	if (!add_row(l, group, FILELIST_HEADING) || !l->open[group])
		return;
	for (size_t i = 0; i < n; i++) {
		struct filerow row = {group, (uint32_t)i};

		if (words_pass(l->find.filter, filelist_path(l, row)) &&
		    !add_row(l, group, row.at))
			return;
	}
}

/* Where a row is now, or would be. */
static size_t place_of(const struct filelist *l, struct filerow want)
{
	size_t heading = 0; /* of its group, or the first row */

	for (size_t i = 0; i < l->n; i++) {
		const struct filerow *r = &l->rows[i];

		if (r->group > want.group)
			break;
		if (r->group < want.group)
			continue;
		if (r->at == want.at)
			return i;
		if (r->at == FILELIST_HEADING)
			heading = i;
	}
	return heading;
}

void filelist_rebuild(struct filelist *l)
{
	struct filerow was = {0, FILELIST_HEADING};
	bool had = filelist_selected(l, &was);

	l->n = 0;
	l->scans = l->work->scans;
	l->jobs = l->work->jobs;
	for (uint32_t g = 0; g < _FILELIST_GROUPS; g++)
		add_group(l, g);
	list_fit(&l->list, l->n, l->list.rows);
	list_carry(&l->list, had ? place_of(l, was) : 0);
	l->app->dirty = true;
}

void filelist_sync(struct filelist *l, size_t rows)
{
	/* the selection was one of other files: its kind stays */
	if (l->scans != l->work->scans && l->list.sel < l->n)
		l->rows[l->list.sel].at = FILELIST_HEADING;
	if (l->scans != l->work->scans || l->jobs != l->work->jobs)
		filelist_rebuild(l);
	list_fit(&l->list, l->n, rows);
}

bool filelist_selected(const struct filelist *l, struct filerow *ret)
{
	if (l->list.sel >= l->n)
		return false;
	*ret = l->rows[l->list.sel];
	return true;
}

void filelist_toggle(struct filelist *l, uint32_t group)
{
	if (!filelist_listed(l, group)) {
		app_note(l->app, STYLE_NORMAL,
			 "These files are counted and not listed: no rule is about them");
		return;
	}
	l->open[group] = !l->open[group];
	list_select(&l->list, place_of(l, (struct filerow){group, FILELIST_HEADING}));
	filelist_rebuild(l);
}

/* The file before or behind @row, in all groups: headings are passed over. */
static bool step(const struct filelist *l, struct filerow *row, bool forward)
{
	size_t n = filelist_listed(l, row->group);

	if (forward && row->at + 1 < n) /* HEADING + 1 is 0 */
		row->at++;
	else if (!forward && row->at != FILELIST_HEADING && row->at > 0)
		row->at--;
	else {
		row->group = (row->group + (forward ? 1 : _FILELIST_GROUPS - 1)) %
			     _FILELIST_GROUPS;
		n = filelist_listed(l, row->group);
		row->at = !n || forward ? FILELIST_HEADING : (uint32_t)n - 1;
		return n && !forward;
	}
	return true;
}

bool filelist_find(void *list, bool forward)
{
	struct filelist *l = list;
	struct filerow start, row;
	size_t left = _FILELIST_GROUPS * 2;

	if (!filelist_selected(l, &start))
		return false;
	for (uint32_t g = 0; g < _FILELIST_GROUPS; g++)
		left += filelist_listed(l, g);
	for (row = start; left; left--) {
		if (!step(l, &row, forward))
			continue;
		if (!strstr(filelist_path(l, row), l->find.text) ||
		    !words_pass(l->find.filter, filelist_path(l, row)))
			continue;
		if (!l->open[row.group]) {
			l->open[row.group] = true;
			filelist_rebuild(l);
		}
		list_select(&l->list, place_of(l, row));
		return true;
	}
	return false;
}

void filelist_title(const struct filelist *l, struct strbuf *out)
{
	if (!l->work->scanned) {
		strbuf_adds(out,
			    filework_busy(l->work) ? "Looking at files"
			    : l->work->candidate
				    ? "What the staged policy appraises: not looked at"
				    : "No files have been looked at yet");
	} else if (!l->work->scope) {
		strbuf_addf(out, "W%s", l->work->scan.words + 1);
	} else {
		strbuf_adds(out, "Files below /");
		str_escape(out, span_of(l->work->scope), l->app->ascii);
	}
}

void filelist_sum(const struct filelist *l, struct strbuf *out)
{
	const struct scan *s = &l->work->scan;
	char all[48], bad[32];

	if (!l->work->scanned)
		return;
	strbuf_addf(out, "%s, %s %s%s",
		    str_counted(all, sizeof(all), s->counts.wanted, "file", "files"),
		    s->failing ? str_count(bad, sizeof(bad), s->failing) : "none",
		    l->work->stale    ? "failed"
		    : s->failing <= 1 ? "fails"
				      : "fail",
		    l->work->stale ? " before the job"
		    : s->stopped   ? ", stopped before the end"
				   : "");
}

/* What does it: keys of the screen, or the choices of filelist-plain.c. */
static const struct intro_keys {
	const char *scan, *path, *label, *stop, *undo;
} intro_screen = {"r", "p", "F9", "F8", "F7"}, intro_plain = {"1", "2", "5", "8", "9"};

void filelist_intro(const struct filelist *l, struct doc *d)
{
	const struct intro_keys *k = l->app->plain ? &intro_plain : &intro_screen;
	struct diag why = {0};

	doc_title(d, "Would the kernel let these files pass?");
	if (filelist_blind(l, &why)) {
		doc_text(d, STYLE_NORMAL, "%s", why.text);
		doc_text(d, STYLE_NORMAL, "%s", diag_hint(why.id));
		return;
	}
	doc_text(
		d, STYLE_NORMAL,
		"%s looks at %s, %s at a file or folder of your choice: which labels are "
		"missing, wrong or right, as the kernel would decide when it enforces.",
		k->scan, scope_words(SCOPE_POLICY), k->path);
	doc_text(d, STYLE_NORMAL,
		 "Files that have a label are read to see whether it is right: an access "
		 "that the kernel measures, where a rule says so. Nothing is written.");
	if (strcmp(l->app->model.mode, "APPRAISE:FIX") == 0)
		doc_text(d, STYLE_WARN,
			 "But this kernel is in fix mode: where a rule appraises a file "
			 "whose hash is wrong, reading it makes the kernel set another.");
	doc_blank(d);
	if (filelist_refuses(l, &why))
		doc_text(d, STYLE_WARN, "Labels cannot be set from here. %s %s", why.text,
			 diag_hint(why.id));
	else
		doc_text(d, STYLE_NORMAL,
			 "%s plans the labels that are missing or wrong, shows the plan "
			 "and sets them when you agree, as a job that goes on when you "
			 "leave; %s stops it, %s takes it back. To sign instead of "
			 "hashing: imactl label apply --key FILE.",
			 k->label, k->stop, k->undo);
}
