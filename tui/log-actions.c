/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be done with the list: search, filter, order, detail, copy, export. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/log.h"
#include "tui/save.h"

bool log_set_filter(struct log *l, const char *text, struct diag *ret)
{
	struct filter *f = NULL;

	if (filter_new(text, &f, ret) < 0)
		return false;
	l->ctx.now_ms = l->app->model.now_ms;
	view_set_filter(l->view, f);
	return true;
}

/* What is wrong stays in the line, with the reason beside it. */
static void correct(struct log *l, const char *label, struct history *history,
		    const char *text, app_prompt_fn fn, const struct diag *d)
{
	app_ask(l->app, label, history, text, fn, l);
	(void)snprintf(l->app->prompt.error, sizeof(l->app->prompt.error), "%s", d->text);
}

/* The result of the last filter that was right stays while a wrong one is typed. */
static void filter_event(void *user, enum prompt_event event, const char *text)
{
	struct log *l = user;
	struct diag d = {0};

	if (event == PROMPT_CANCEL)
		text = l->filter_before;
	if (log_set_filter(l, text, &d))
		return;
	if (event == PROMPT_DONE)
		correct(l, "Filter", &l->app->filter_history, text, filter_event, &d);
	else if (event == PROMPT_CHANGED)
		(void)snprintf(l->app->prompt.error, sizeof(l->app->prompt.error), "%s",
			       d.text);
	else
		app_note_diag(l->app, &d);
}

static void ask_filter(struct log *l)
{
	const struct filter *f = view_filter(l->view);

	(void)snprintf(l->filter_before, sizeof(l->filter_before), "%s",
		       f ? filter_text(f) : "");
	app_ask(l->app, "Filter", &l->app->filter_history, l->filter_before, filter_event,
		l);
}

static void find_start(struct log *l, const struct filter *what, bool forward)
{
	if (!what) {
		app_note(l->app, STYLE_NORMAL, "Nothing to search for yet: / asks");
		return;
	}
	l->finding_what = what;
	l->follow = false;
	l->finding = true;
	l->find_forward = forward;
	l->find_cursor = 0;
	l->find_row = forward	    ? l->list.sel + 1
		      : l->list.sel ? l->list.sel - 1
				    : l->list.count - 1;
	if (l->find_row >= l->list.count)
		l->find_row = 0;
}

int log_find_step(struct log *l, unsigned budget_us)
{
	size_t row = 0, before = l->list.sel;
	int r;

	if (!l->finding)
		return 0;
	r = view_search(l->view, l->finding_what, l->find_row, l->find_forward, budget_us,
			&l->find_cursor, &row);
	l->app->dirty = true;
	if (r == -EAGAIN)
		return 1;
	l->finding = false;
	if (r <= 0) {
		app_note(
			l->app, STYLE_WARN, "%s%s%s",
			l->finding_what == l->bad ? "No violation" : "Not found: ",
			l->finding_what == l->bad ? "" : l->find_text,
			view_group(l->view) == VIEW_GROUP_NONE
				? ""
				: " (Enter opens a group: closed ones are not searched)");
		return 0;
	}
	log_select_row(l, row);
	if (l->find_forward ? row <= before : row >= before)
		app_note(l->app, STYLE_NORMAL, "Search went on from the other end");
	return 0;
}

/* Words, or a whole filter expression: what F4 would show, search stops at. */
bool log_find_what(struct log *l, const char *text, struct diag *ret)
{
	struct filter *f = NULL;

	if (filter_new(text, &f, ret) < 0)
		return false;
	l->finding = false; /* with what is freed here */
	filter_free(l->find);
	l->find = f;
	(void)snprintf(l->find_text, sizeof(l->find_text), "%s", text);
	return true;
}

static void search_event(void *user, enum prompt_event event, const char *text)
{
	struct log *l = user;
	struct diag d = {0};

	if (event != PROMPT_DONE || !*text)
		return;
	if (log_find_what(l, text, &d))
		find_start(l, l->find, true);
	else
		correct(l, "Search", &l->app->search_history, text, search_event, &d);
}

/* n and N go on with what was searched for before. */
static void next_bad(struct log *l, bool forward)
{
	struct diag d = {0};

	if (l->bad || filter_new("vio", &l->bad, &d) >= 0)
		find_start(l, l->bad, forward);
	else
		app_note_diag(l->app, &d);
}

static void next_sort(struct log *l, bool invert)
{
	bool descending;
	enum view_sort sort = view_sort(l->view, &descending);

	if (invert)
		descending = !descending;
	else
		sort = (enum view_sort)((sort + 1) % _VIEW_SORT_MAX);
	l->follow = false;
	log_select_row(l, l->list.sel); /* what one sees selected stays selected */
	view_set_sort(l->view, sort, descending);
	app_note(l->app, STYLE_NORMAL, "Sorted by %s%s", view_sort_title(sort),
		 descending ? ", last first" : "");
}

static void next_group(struct log *l)
{
	enum view_group group =
		(enum view_group)((view_group(l->view) + 1) % _VIEW_GROUP_MAX);

	l->follow = false;
	l->on_group = false;
	l->sel = MSTORE_NONE;
	l->list.sel = l->list.top = 0;
	view_set_group(l->view, group);
	app_note(l->app, STYLE_NORMAL, "Grouped by %s", view_group_title(group));
}

/* What the newest check says about this entry. */
static const char *proven(const struct log *l, const struct entrytext *t)
{
	const struct proof *p = &l->app->model.proof;
	const struct verify_result *r = proof_result(p);

	if (t->violation)
		return " as 0xff";
	if (!r || !t->exact || t->number > p->checked_entries)
		return "";
	if (r->verdict == VERIFY_MATCH)
		return ": match";
	return r->verdict == VERIFY_MISMATCH ? ": mismatch, see 7" : "";
}

void log_detail(struct log *l, struct doc *d, mref ref, bool tall)
{
	struct entrytext *t = &l->text;
	_cleanup_strbuf_ struct strbuf sig = {0};
	struct mlog_entry entry;
	struct span value = {0};
	const struct mstore *store = l->app->model.store;
	char short_digest[64];

	if (!entrytext_fill(t, store, l->app->model.pkgs, ref, l->app->ascii) ||
	    !mstore_entry(store, ref, &t->scratch, &entry))
		return;
	if (l->same_done && l->same_ref == ref && l->same.times > 1)
		doc_field(d, "Path", STYLE_NORMAL, "%s  (seen %ux, %u digest%s)",
			  strbuf_str(&t->path), l->same.times, l->same.digests,
			  l->same.digests == 1 ? "" : "s");
	else
		doc_field(d, "Path", STYLE_NORMAL, "%s", strbuf_str(&t->path));
	if (t->violation)
		doc_field(
			d, "Digest", STYLE_WARN,
			"violation: the content was not bound, this name proves nothing");
	else
		doc_field(d, "Digest", STYLE_NORMAL, "%s:%s", strbuf_str(&t->alg),
			  strbuf_str(&t->digest));
	if (mlog_field(mstore_dialect(store), &entry, MLOG_SIG, &value))
		entrytext_signature(&sig, value);
	else
		strbuf_adds(&sig, "this template has no field for one");
	doc_field(d, "Sig", STYLE_NORMAL, "%s", strbuf_str(&sig));
	strbuf_clear(&sig);
	strbuf_addhex(&sig, entry.digest);
	doc_field(d, "Templ", STYLE_NORMAL, "%s %s  extends PCR %u%s",
		  strbuf_str(&t->template),
		  entrytext_short(short_digest, sizeof(short_digest), strbuf_str(&sig),
				  8),
		  t->pcr, proven(l, t));
	doc_field(d, "Pkg", STYLE_NORMAL, "%s", strbuf_str(&t->pkg));
	if (!tall)
		return;
	doc_field(d, "Hash", STYLE_NORMAL, "%s (of the template data)", strbuf_str(&sig));
	doc_field(d, "Record", STYLE_NORMAL, "%u bytes at byte %llu of the list",
		  entry.size, (unsigned long long)mstore_offset(store, ref));
}

static void full_detail(struct log *l)
{
	struct view_row row;
	struct doc *d = &l->app->pager.doc;

	if (!log_selected(l, &row))
		return;
	if (row.kind == VIEW_ROW_GROUP) {
		if (view_group_toggle(l->view, row.group) < 0)
			app_note(l->app, STYLE_BAD,
				 "Out of memory: the group stays as it is");
		return;
	}
	if (row.kind != VIEW_ROW_ENTRY)
		return;
	doc_clear(d);
	d->label_w = 16;
	entrytext_doc(d, l->app->model.store, l->app->model.pkgs, row.ref, l->app->ascii);
	app_read(l->app, "Entry");
}

enum { COPY_PATH, COPY_DIGEST, COPY_ASCII, COPY_JSON };

static void copy_one(struct log *l, mref ref, int what, struct strbuf *out)
{
	const struct mstore *store = l->app->model.store;
	struct entrytext *t = &l->text;
	struct mlog_entry entry;

	if (!entrytext_fill(t, store, l->app->model.pkgs, ref, true) ||
	    !mstore_entry(store, ref, &t->scratch, &entry))
		return;
	if (what == COPY_PATH)
		strbuf_adds(out, strbuf_str(&t->path));
	else if (what == COPY_DIGEST)
		strbuf_addf(out, "%s:%s", strbuf_str(&t->alg), strbuf_str(&t->digest));
	else if (what == COPY_JSON)
		export_json(out, mstore_dialect(store), &entry, t->number,
			    export_package(l->app->model.pkgs,
					   mlog_path(mstore_dialect(store), &entry)));
	else
		export_ascii(out, mstore_dialect(store), &entry);
}

static void copy_what(void *user, int what)
{
	static const char *const name[] = {"path", "digest", "text", "JSON"};
	struct log *l = user;
	_cleanup_strbuf_ struct strbuf b = {0};
	struct view_row row;
	char said[64], n[48];

	for (size_t i = 0; i < l->n_marks; i++) {
		copy_one(l, l->marks[i], what, &b);
		if (what != COPY_ASCII)
			strbuf_addc(&b, '\n');
	}
	if (!l->n_marks && log_selected(l, &row) && row.kind == VIEW_ROW_ENTRY)
		copy_one(l, row.ref, what, &b);
	(void)snprintf(said, sizeof(said), "%s of %s", name[what],
		       str_counted(n, sizeof(n), l->n_marks ?: 1, "entry", "entries"));
	if (b.len)
		app_copy(l->app, strbuf_str(&b), said);
	else
		app_note(l->app, STYLE_NORMAL,
			 "Nothing to copy here: Enter opens a group");
}

static void ask_copy(struct log *l)
{
	pick_start(&l->app->pick, l->n_marks ? "Copy of the marked entries" : "Copy");
	pick_add(&l->app->pick, COPY_PATH, NULL, "path");
	pick_add(&l->app->pick, COPY_DIGEST, NULL, "digest of the file");
	pick_add(&l->app->pick, COPY_ASCII, NULL, "entry as the kernel's text");
	pick_add(&l->app->pick, COPY_JSON, NULL, "entry as JSON");
	app_choose(l->app, copy_what, l);
}

static const char export_label[] = "Write to";

static void export_to(struct log *l, bool overwrite);
static void export_file(void *user, enum prompt_event event, const char *text);

static void export_overwrite(void *user)
{
	export_to(user, true);
}

static void ask_overwrite(struct log *l)
{
	struct app *a = l->app;

	confirm_start(&a->confirm, CONFIRM_L1, "Replace the file?", "Replace", NULL);
	doc_text(&a->confirm.doc, STYLE_DIALOG, "%s is there already.", a->save_path);
	doc_text(&a->confirm.doc, STYLE_DIALOG,
		 "It is replaced in one step when the export is complete.");
	app_confirm(a, export_overwrite, l);
}

void log_save_what(const struct log *l, enum export_format format, struct save_what *ret)
{
	const struct filter *f = view_filter(l->view);

	*ret = (struct save_what){.format = format,
				  .store = l->app->model.store,
				  .pkgs = l->app->model.pkgs,
				  .ctx = &l->ctx};
	if (l->n_marks) {
		ret->marks = l->marks;
		ret->n_marks = l->n_marks;
	} else if (f && !filter_is_empty(f)) {
		ret->filter = f;
	}
}

static void export_to(struct log *l, bool overwrite)
{
	struct app *a = l->app;
	struct save_what what;
	struct diag d = {0};
	int r;

	log_save_what(l, l->format, &what);
	a->save = save_free(a->save);
	r = save_start(&what, a->save_path, overwrite, &a->save, &d);
	if (r == -EEXIST)
		ask_overwrite(l);
	else if (r < 0)
		correct(l, export_label, &a->file_history, a->save_path, export_file, &d);
}

static void export_file(void *user, enum prompt_event event, const char *text)
{
	struct log *l = user;

	if (event != PROMPT_DONE || !*text)
		return;
	(void)snprintf(l->app->save_path, sizeof(l->app->save_path), "%s", text);
	export_to(l, false);
}

static void export_format_chosen(void *user, int id)
{
	struct log *l = user;
	char name[128];

	l->format = (enum export_format)id;
	(void)snprintf(name, sizeof(name), "ima-%s.%s",
		       *l->app->model.host ? l->app->model.host : "log",
		       export_format_name(l->format));
	app_ask(l->app, export_label, &l->app->file_history, name, export_file, l);
}

static void ask_export(struct log *l)
{
	const struct filter *f = view_filter(l->view);

	pick_start(&l->app->pick, l->n_marks ? "Export the marked entries"
				  : f && !filter_is_empty(f)
					  ? "Export what passes the filter"
					  : "Export all entries");
	for (int i = 0; i < _EXPORT_FORMAT_MAX; i++)
		pick_add(&l->app->pick, i, export_format_name((enum export_format)i),
			 export_format_help((enum export_format)i));
	app_choose(l->app, export_format_chosen, l);
}

static void toggle_mark(struct log *l)
{
	struct view_row row;

	if (!log_selected(l, &row) || row.kind != VIEW_ROW_ENTRY)
		return;
	log_mark(l, row.ref);
	l->follow = false;
	log_select_row(l, l->list.sel + 1);
}

bool log_action(struct log *l, enum request r)
{
	switch ((int)r) {
	case REQ_FILTER:
		ask_filter(l);
		return true;
	case REQ_SEARCH:
		app_ask(l->app, "Search", &l->app->search_history, NULL, search_event, l);
		return true;
	case REQ_SEARCH_NEXT:
	case REQ_SEARCH_PREV:
		find_start(l, l->find, r == REQ_SEARCH_NEXT);
		return true;
	case REQ_NEXT_BAD:
	case REQ_PREV_BAD:
		next_bad(l, r == REQ_NEXT_BAD);
		return true;
	case REQ_SORT:
	case REQ_INVERT:
		next_sort(l, r == REQ_INVERT);
		return true;
	case REQ_GROUP:
		next_group(l);
		return true;
	case REQ_DETAIL:
		full_detail(l);
		return true;
	case REQ_COPY:
		ask_copy(l);
		return true;
	case REQ_EXPORT:
		ask_export(l);
		return true;
	case REQ_MARK:
		toggle_mark(l);
		return true;
	case REQ_UNMARK:
		l->n_marks = 0;
		return true;
	default:
		return false;
	}
}
