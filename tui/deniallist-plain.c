/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Denials screen in line mode. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "tui/deniallist.h"
#include "tui/plain.h"

static void say_row(const struct deniallist *l, struct plain *p, size_t at)
{
	const struct deniallist_row *r = &l->rows[at];
	const struct denials_group *g = &l->groups[r->group];
	const struct denials_row *row =
		r->is == DENIALLIST_ROW ? denials_row(l->feed->store, r->at) : NULL;
	_cleanup_strbuf_ struct strbuf b = {0};
	char n[32], last[24];
	const char *is;
	enum style s;

	if (row) {
		deniallist_row_text(l, r->at, &b);
		is = deniallist_result(row->last.kind, row->count, row->n_denied,
				       row->n_allowed, &s);
	} else {
		deniallist_group_text(l, g, &b);
		is = deniallist_result(g->kind, g->count, g->n_denied, g->n_allowed, &s);
	}
	if (!feed_is_denial(row ? row->last.kind
				: g->kind)) /* a column is no matter here */
		is = denial_kind_name(row ? row->last.kind : g->kind);
	plain_say(p, "%s %zu: %s %s, last %s: %s", row ? "  row" : "group", at + 1,
		  str_count(n, sizeof(n), row ? row->count : g->count), is,
		  deniallist_time(l, row ? row->last_ms : g->last_ms, last),
		  strbuf_str(&b));
}

static void say_rows(struct deniallist *l, struct plain *p)
{
	_cleanup_strbuf_ struct strbuf title = {0}, sum = {0}, source = {0};
	_cleanup_(doc_done) struct doc d = {0};

	plain_settle(p);
	deniallist_fit(l, 20);
	deniallist_sync(l);
	deniallist_title(l, &title);
	deniallist_sum(l, &sum);
	deniallist_source(l, &source);
	plain_blank(p);
	plain_say(p, "%s%s%s: %s (%s)", strbuf_str(&title),
		  *l->find.filter ? ", filter " : "", l->find.filter, strbuf_str(&sum),
		  strbuf_str(&source));
	for (size_t i = 0; i < l->n; i++)
		say_row(l, p, i);
	if (l->n)
		return;
	deniallist_nothing(l, &d);
	plain_doc(p, &d);
}

/* A line by its number is selected then. */
static const struct deniallist_row *ask_row(struct deniallist *l, struct plain *p)
{
	const char *answer = plain_ask(p, "Number of the group or row:");
	uint64_t n;

	if (!answer || !*answer)
		return NULL;
	if (str_to_u64(span_of(answer), &n) < 0 || n == 0 || n > l->n) {
		plain_say(p, "That is none of the numbers.");
		return NULL;
	}
	list_select(&l->list, (size_t)n - 1);
	deniallist_moved(l);
	return &l->rows[n - 1];
}

static bool do_open(struct deniallist *l, struct plain *p)
{
	const struct deniallist_row *row = ask_row(l, p);

	if (row)
		deniallist_toggle(l, row);
	return row;
}

/* What was looked at is l->asked then. */
static bool look(struct deniallist *l, struct plain *p)
{
	struct diag d = {0};

	if (!ask_row(l, p))
		return false;
	denialcase_free(l->asked);
	l->asked = NULL;
	if (!deniallist_look(l, false, &d)) {
		plain_say(p, "%s", d.text);
		return false;
	}
	plain_settle(p);
	return l->asked;
}

static bool do_explain(struct deniallist *l, struct plain *p)
{
	_cleanup_(doc_done) struct doc d = {0};

	if (look(l, p)) {
		deniallist_case(l->asked, l->app->ascii, &d);
		plain_doc(p, &d);
	}
	return false;
}

static const struct triage_remedy *ask_remedy(struct deniallist *l, struct plain *p)
{
	const struct triage_found *f = &l->asked->found;
	const char *answer;
	uint64_t n;

	if (!f->n_remedies) {
		plain_say(p, "Nothing is known that helps.");
		return NULL;
	}
	for (size_t i = 0; i < f->n_remedies; i++) {
		_cleanup_strbuf_ struct strbuf b = {0};

		deniallist_offer(&f->remedy[i], l->app->ascii, &b);
		plain_say(p, " %zu) %s", i + 1, strbuf_str(&b));
	}
	answer = plain_ask(p, "Which of them (empty: none):");
	if (!answer || !*answer)
		return NULL;
	if (str_to_u64(span_of(answer), &n) == 0 && n > 0 && n <= f->n_remedies)
		return &f->remedy[n - 1];
	plain_no_choice(p);
	return NULL;
}

/* With a key or certificate that is asked for; NULL: it is not possible, as was said. */
static const struct triage_remedy *make_possible(struct deniallist *l, struct plain *p,
						 const struct triage_remedy *r)
{
	const char *question = deniallist_lacks(l, r), *answer;
	enum remedy_id id = r->id;
	char ask[80];
	struct diag d = {0};

	if (question) {
		(void)snprintf(ask, sizeof(ask), "%s:", question);
		answer = plain_ask(p, ask);
		if (!answer || !*answer)
			return NULL;
		if (!deniallist_look_again(l, id == REMEDY_LOAD_KEY ? NULL : answer,
					   id == REMEDY_LOAD_KEY ? answer : NULL, id, &d))
			plain_diag(p, &d);
		plain_settle(p);
		r = triage_remedy(&l->asked->found, span_of(remedy_of(id)->word));
	}
	if (r && r->possible)
		return r;
	if (r && !question)
		plain_say(p, "That is not possible: %s.", r->why);
	return NULL;
}

static void do_it(struct deniallist *l, struct plain *p, enum remedy_id id)
{
	struct diag d = {0};

	if (!deniallist_plan(l, id, &d)) {
		plain_diag(p, &d);
		return;
	}
	plain_settle(p);
	if (l->ready.command)
		(void)planned_in_lines(&l->ready, p);
}

static bool do_fix(struct deniallist *l, struct plain *p)
{
	_cleanup_strbuf_ struct strbuf why = {0}, command = {0};
	const struct triage_remedy *r = look(l, p) ? ask_remedy(l, p) : NULL;

	if (!r)
		return false;
	if (remedy_of(r->id)->kind != REMEDY_KIND_PLAN) {
		str_escape(&command, strbuf_span(&r->command), l->app->ascii);
		plain_say(p, "imactl does not do that itself. %s",
			  r->possible ? strbuf_str(&command) : r->why);
	} else if (!deniallist_may_fix(l, &why)) {
		plain_say(p, "%s.", strbuf_str(&why));
	} else if ((r = make_possible(l, p, r))) {
		do_it(l, p, r->id);
		return true;
	}
	return false;
}

static bool do_undo(struct deniallist *l, struct plain *p)
{
	_cleanup_strbuf_ struct strbuf why = {0};
	struct diag d = {0};

	if (!deniallist_may_fix(l, &why))
		plain_say(p, "%s.", strbuf_str(&why));
	else if (!deniallist_undo(l, &d))
		plain_diag(p, &d);
	else
		return planned_in_lines(&l->ready, p);
	return false;
}

static bool do_group(struct deniallist *l, struct plain *p)
{
	const char *answer;
	uint64_t n;

	for (int i = 0; i < _DENIALS_KEY_MAX; i++)
		plain_say(p, " %d) %s", i + 1, denials_key_name((enum denials_key)i));
	answer = plain_ask(p, "Group by:");
	if (!answer || str_to_u64(span_of(answer), &n) < 0 || n == 0 ||
	    n > _DENIALS_KEY_MAX) {
		plain_no_choice(p);
		return false;
	}
	deniallist_set_key(l, (enum denials_key)(n - 1));
	return true;
}

static bool do_filter(struct deniallist *l, struct plain *p)
{
	const char *answer = plain_ask(p, "Words, or !words (empty: all):");

	if (!answer)
		return false;
	(void)snprintf(l->find.filter, sizeof(l->find.filter), "%s", answer);
	l->stale = true;
	return true;
}

static bool ask_time(struct plain *p, uint64_t *ret_s)
{
	const char *answer;
	uint64_t n, s;

	for (size_t i = 0; i < DENIALLIST_TIMES; i++)
		plain_say(p, " %zu) %s", i + 1, deniallist_mute_time(i, &s));
	answer = plain_ask(p, "For how long:");
	if (!answer || str_to_u64(span_of(answer), &n) < 0 || n == 0 ||
	    n > DENIALLIST_TIMES) {
		plain_no_choice(p);
		return false;
	}
	(void)deniallist_mute_time((size_t)n - 1, ret_s);
	return true;
}

static bool do_mute(struct deniallist *l, struct plain *p)
{
	_cleanup_strbuf_ struct strbuf why = {0};
	_cleanup_free_ char *reason = NULL;
	const char *answer;
	struct diag d = {0};
	uint64_t s;

	if (!deniallist_may_mute(l, &why)) {
		plain_say(p, "%s.", strbuf_str(&why));
		return false;
	}
	if (!ask_row(l, p))
		return false;
	if (deniallist_muted(l)) {
		if (deniallist_unmute(l, &d) < 0)
			plain_diag(p, &d);
		return true;
	}
	answer = plain_ask(p, "Why need nobody see it:");
	reason = answer && *answer ? strdup(answer) : NULL;
	if (!reason || !ask_time(p, &s))
		return false;
	if (deniallist_mute(l, reason, s, &d) < 0)
		plain_diag(p, &d);
	return true;
}

static bool do_show_muted(struct deniallist *l, struct plain *p)
{
	l->muted_shown = !l->muted_shown;
	l->stale = true;
	return true;
}

static bool do_refresh(struct deniallist *l, struct plain *p)
{
	deniallist_restart(l);
	deniallist_mutes_load(l);
	return true;
}

static void say_came(struct deniallist *l, struct plain *p, struct deniallist_row row)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	enum style unused;

	deniallist_stream_text(l, &row, &b, &unused);
	if (b.len)
		plain_say(p, "%s", strbuf_str(&b));
}

static void say_measured(struct deniallist *l, struct plain *p, uint64_t *next,
			 uint64_t to)
{
	for (; *next <= to; (*next)++)
		say_came(l, p,
			 (struct deniallist_row){.is = DENIALLIST_ENTRY,
						 .at = (uint32_t)*next});
}

/* Each event as it comes, and what is measured meanwhile. */
static bool do_follow(struct deniallist *l, struct plain *p)
{
	uint64_t said = l->feed->events, next = model_count(&l->app->model, NULL) + 1;

	if (!l->feed->state.live) {
		plain_say(p, "Nothing that comes is seen here.");
		return false;
	}
	plain_say(p, "Following; Enter stops that.");
	do {
		if (l->feed->events - said > FEED_KEPT) {
			plain_say(p, "... %llu more ...",
				  (unsigned long long)(l->feed->events - said -
						       FEED_KEPT));
			said = l->feed->events - FEED_KEPT;
		}
		for (; said < l->feed->events; said++) {
			uint64_t count = deniallist_event(l, (uint32_t)said)->count;

			if (count > model_count(&l->app->model, NULL))
				break; /* not read yet: it comes first */
			say_measured(l, p, &next, count);
			say_came(l, p,
				 (struct deniallist_row){.is = DENIALLIST_EVENT,
							 .at = (uint32_t)said});
		}
		if (said == l->feed->events)
			say_measured(l, p, &next, model_count(&l->app->model, NULL));
	} while (!plain_wait(p, 500));
	return true;
}

static const struct {
	const char *text;
	/* True: the rows are others now, and read out again. */
	bool (*run)(struct deniallist *l, struct plain *p);
} actions[] = {
	{"open a group, or close it", do_open},
	{"everything about a denial", do_explain},
	{"put a denial right", do_fix},
	{"take that back", do_undo},
	{"group otherwise", do_group},
	{"filter", do_filter},
	{"mute a group or a file, or end that", do_mute},
	{"show what is muted, or leave it out", do_show_muted},
	{"follow what comes, and what is measured", do_follow},
	{"refresh", do_refresh},
};

void deniallist_plain(struct deniallist *l, struct plain *p)
{
	int i;

	say_rows(l, p);
	plain_choices(p, PLAIN_CHOICES(actions));
	while ((i = plain_choose(p, "Denials", PLAIN_CHOICES(actions))) != PLAIN_BACK)
		if (i == PLAIN_AGAIN || actions[i].run(l, p))
			say_rows(l, p);
}
