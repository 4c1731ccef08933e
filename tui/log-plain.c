/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Log screen in line mode. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "tui/log.h"
#include "tui/plain.h"
#include "tui/save.h"

enum { PAGE = 20 };

static void say_entry(struct log *l, struct plain *p, mref ref)
{
	struct entrytext *t = &l->text;
	char digest[64];

	if (!entrytext_fill(t, l->app->model.store, l->app->model.pkgs, ref,
			    l->app->ascii))
		return;
	plain_say(p, "%s%s%llu PCR %u %s %s:%s sig %s pkg %s %s",
		  log_is_marked(l, ref) ? "*" : "", t->exact ? "" : "~",
		  (unsigned long long)t->number, t->pcr, strbuf_str(&t->template),
		  strbuf_str(&t->alg),
		  entrytext_short(digest, sizeof(digest), strbuf_str(&t->digest), 8),
		  t->sig, strbuf_str(&t->pkg), strbuf_str(&t->path));
}

static void say_row(struct log *l, struct plain *p, size_t at)
{
	_cleanup_strbuf_ struct strbuf label = {0};
	struct view_row row;

	if (!view_at(l->view, at, &row))
		return;
	if (row.kind == VIEW_ROW_ENTRY) {
		say_entry(l, p, row.ref);
	} else if (row.kind == VIEW_ROW_GROUP) {
		str_escape(&label, row.label, l->app->ascii);
		plain_say(p, "row %zu: group %s, %llu entries, %u violations%s", at + 1,
			  label.len ? strbuf_str(&label) : "(none)",
			  (unsigned long long)row.count, row.violations,
			  row.open ? ", open" : "");
	} else {
		plain_say(p, "(about %llu entries not read yet)",
			  (unsigned long long)row.count);
	}
}

static void say_page(struct log *l, struct plain *p)
{
	const struct filter *f;
	size_t end;

	log_sync(l, PAGE);
	f = view_filter(l->view);
	end = l->list.top + PAGE < l->list.count ? l->list.top + PAGE : l->list.count;
	plain_blank(p);
	plain_say(p, "Log: rows %zu to %zu of %zu%s%s",
		  l->list.count ? l->list.top + 1 : 0, end, l->list.count,
		  f && !filter_is_empty(f) ? ", filter: " : "", f ? filter_text(f) : "");
	for (size_t i = l->list.top; i < end; i++)
		say_row(l, p, i);
}

static void move(struct log *l, enum request r)
{
	l->follow = false;
	(void)screen_log.request(l, r);
	l->follow = false;
}

static bool do_next(struct log *l, struct plain *p)
{
	l->follow = false;
	log_select_row(l, l->list.top + PAGE < l->list.count ? l->list.top + 2 * PAGE - 1
							     : l->list.count);
	return true;
}

static bool do_prev(struct log *l, struct plain *p)
{
	l->follow = false;
	log_select_row(l, l->list.top > PAGE ? l->list.top - PAGE : 0);
	return true;
}

static bool do_first(struct log *l, struct plain *p)
{
	move(l, REQ_TOP);
	return true;
}

static bool do_last(struct log *l, struct plain *p)
{
	move(l, REQ_BOTTOM);
	return true;
}

static bool no_choice(struct plain *p)
{
	plain_no_choice(p);
	return false;
}

static bool ask_number(struct plain *p, const char *what, uint64_t *ret)
{
	const char *answer = plain_ask(p, what);

	if (!answer || !*answer)
		return false;
	if (str_to_u64(span_of(answer), ret) == 0 && *ret > 0)
		return true;
	plain_say(p, "That is not a number.");
	return false;
}

static mref ask_entry(struct log *l, struct plain *p)
{
	uint64_t number;
	mref ref;

	if (!ask_number(p, "Number of the entry:", &number))
		return MSTORE_NONE;
	ref = mstore_find(l->app->model.store, number);
	if (ref == MSTORE_NONE)
		plain_say(p, "There is no entry %llu.", (unsigned long long)number);
	return ref;
}

static bool do_detail(struct log *l, struct plain *p)
{
	_cleanup_(doc_done) struct doc d = {.label_w = 16};
	mref ref = ask_entry(l, p);

	if (ref == MSTORE_NONE)
		return false;
	entrytext_doc(&d, l->app->model.store, l->app->model.pkgs, ref, l->app->ascii);
	plain_doc(p, &d);
	return false;
}

static bool do_mark(struct log *l, struct plain *p)
{
	mref ref = ask_entry(l, p);

	if (ref == MSTORE_NONE)
		return false;
	log_mark(l, ref);
	plain_say(p, "%zu marked.", l->n_marks);
	return false;
}

static bool do_unmark(struct log *l, struct plain *p)
{
	move(l, REQ_UNMARK);
	plain_say(p, "None is marked.");
	return false;
}

static bool do_search(struct log *l, struct plain *p)
{
	const char *text = plain_ask(p, "Search for (empty: again):");
	struct app *a = l->app;
	struct diag d = {0};

	if (!text)
		return false;
	if (*text && !log_find_what(l, text, &d)) {
		plain_diag(p, &d);
		return false;
	}
	if (!l->find)
		return no_choice(p);
	a->note_style = STYLE_NORMAL;
	move(l, REQ_SEARCH_NEXT);
	plain_settle(p); /* says so when it is not found */
	if (a->note_style != STYLE_WARN)
		say_row(l, p, l->list.sel);
	return false;
}

static bool do_filter(struct log *l, struct plain *p)
{
	const char *text = plain_ask(p, "Filter (empty: all entries):");
	struct diag d = {0};

	if (!text)
		return false;
	if (!log_set_filter(l, text, &d)) {
		plain_diag(p, &d);
		return false;
	}
	plain_settle(p);
	return true;
}

static bool do_sort(struct log *l, struct plain *p)
{
	uint64_t n;

	for (int i = 0; i < _VIEW_SORT_MAX; i++)
		plain_say(p, " %d) %s", i + 1, view_sort_title((enum view_sort)i));
	if (!ask_number(p, "Sort by:", &n))
		return false;
	if (n > _VIEW_SORT_MAX)
		return no_choice(p);
	l->follow = false;
	view_set_sort(l->view, (enum view_sort)(n - 1), false);
	plain_settle(p);
	return true;
}

static bool do_invert(struct log *l, struct plain *p)
{
	move(l, REQ_INVERT);
	plain_settle(p);
	return true;
}

/* Reads what was added to a saved list, too. */
static bool do_refresh(struct log *l, struct plain *p)
{
	move(l, REQ_REFRESH);
	plain_settle(p);
	return true;
}

static bool do_group(struct log *l, struct plain *p)
{
	uint64_t n;

	for (int i = 0; i < _VIEW_GROUP_MAX; i++)
		plain_say(p, " %d) %s", i + 1, view_group_title((enum view_group)i));
	if (!ask_number(p, "Group by:", &n))
		return false;
	if (n > _VIEW_GROUP_MAX)
		return no_choice(p);
	l->follow = l->on_group = false;
	l->sel = MSTORE_NONE;
	view_set_group(l->view, (enum view_group)(n - 1));
	plain_settle(p);
	return true;
}

static bool do_open(struct log *l, struct plain *p)
{
	struct view_row row;
	uint64_t n;

	if (!ask_number(p, "Row of the group:", &n))
		return false;
	if (!view_at(l->view, n - 1, &row) || row.kind != VIEW_ROW_GROUP) {
		plain_say(p, "That row is no group.");
		return false;
	}
	if (view_group_toggle(l->view, row.group) < 0)
		plain_say(p, "Out of memory: the group stays as it is.");
	log_select_row(l, n - 1);
	return true;
}

/* One line an entry as they come, until Enter. */
static bool do_follow(struct log *l, struct plain *p)
{
	const struct mstore *store = l->app->model.store;
	mref last;

	if (!l->app->model.live) {
		plain_say(p, "This list is a saved one: 'refresh' reads what was added.");
		return false;
	}
	plain_settle(p);
	last = mstore_last(store);
	plain_say(p, "Following; Enter stops.");
	while (!plain_wait(p, 500))
		for (mref ref; (ref = last == MSTORE_NONE
					      ? mstore_first(store)
					      : mstore_next(store, last)) != MSTORE_NONE;
		     last = ref)
			say_entry(l, p, ref);
	return false;
}

static bool do_export(struct log *l, struct plain *p)
{
	struct save_what what;
	_cleanup_(save_freep) struct save *s = NULL;
	_cleanup_free_ char *path = NULL;
	struct diag d = {0};
	const char *answer;
	char count[48];
	uint64_t n;
	int r;

	for (int i = 0; i < _EXPORT_FORMAT_MAX; i++)
		plain_say(p, " %d) %s: %s", i + 1,
			  export_format_name((enum export_format)i),
			  export_format_help((enum export_format)i));
	if (!ask_number(p, "Format:", &n))
		return false;
	if (n > _EXPORT_FORMAT_MAX)
		return no_choice(p);
	answer = plain_ask(p, "Write to file:");
	if (!answer || !*answer || !(path = strdup(answer)))
		return false;
	log_save_what(l, (enum export_format)(n - 1), &what);
	r = save_start(&what, path, false, &s, &d);
	if (r == -EEXIST) {
		plain_diag(p, &d);
		answer = plain_ask(p, "Type replace to replace it:");
		if (!answer || strcmp(answer, "replace") != 0)
			return false;
		r = save_start(&what, path, true, &s, &d);
	}
	if (r >= 0)
		plain_settle(p);
	while (r >= 0 && (r = save_step(s, APP_SLICE_US, &d)) > 0)
		;
	if (r < 0)
		plain_diag(p, &d);
	else
		plain_say(p, "Wrote %s.",
			  str_counted(count, sizeof(count), save_count(s), "entry",
				      "entries"));
	return false;
}

static const struct {
	const char *text;
	/* True: the rows are others now, and read out again. */
	bool (*run)(struct log *l, struct plain *p);
} actions[] = {
	{"next page", do_next},
	{"previous page", do_prev},
	{"first page", do_first},
	{"last page", do_last},
	{"everything about an entry", do_detail},
	{"search", do_search},
	{"filter", do_filter},
	{"sort", do_sort},
	{"reverse the order", do_invert},
	{"group", do_group},
	{"open or close a group", do_open},
	{"mark or unmark an entry", do_mark},
	{"follow: print entries as they come", do_follow},
	{"export to a file", do_export},
	{"unmark all", do_unmark},
	{"refresh", do_refresh},
};

void log_plain(struct log *l, struct plain *p)
{
	int i;

	if (!l->view) {
		plain_say(p, "There is no measurement list to show.");
		plain_diag(p, &l->app->model.list_error);
		return;
	}
	plain_settle(p);
	l->follow = false;
	say_page(l, p);
	plain_choices(p, PLAIN_CHOICES(actions));
	while ((i = plain_choose(p, "Log", PLAIN_CHOICES(actions))) != PLAIN_BACK)
		if (i == PLAIN_AGAIN || actions[i].run(l, p))
			say_page(l, p);
}
