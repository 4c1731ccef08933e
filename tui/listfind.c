/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/listfind.h"

#include <stdio.h>

void listfind_init(struct listfind *f, struct app *a,
		   bool (*next)(void *user, bool forward), void (*filtered)(void *user),
		   void *user)
{
	f->app = a;
	f->next = next;
	f->filtered = filtered;
	f->user = user;
}

static void find(struct listfind *f, bool forward)
{
	if (!*f->text)
		app_note(f->app, STYLE_NORMAL, "Nothing to search for yet: / asks");
	else if (!f->next(f->user, forward))
		app_note(f->app, STYLE_WARN, "Not found: %s", f->text);
}

static void search_event(void *user, enum prompt_event event, const char *text)
{
	struct listfind *f = user;

	if (event != PROMPT_DONE || !*text)
		return;
	(void)snprintf(f->text, sizeof(f->text), "%s", text);
	find(f, true);
}

/* While it is typed, too. */
static void filter_event(void *user, enum prompt_event event, const char *text)
{
	struct listfind *f = user;

	(void)snprintf(f->filter, sizeof(f->filter), "%s",
		       event == PROMPT_CANCEL ? f->before : text);
	f->filtered(f->user);
}

bool listfind_request(struct listfind *f, enum request r)
{
	switch ((int)r) {
	case REQ_SEARCH:
		app_ask(f->app, "Search", &f->app->search_history, NULL, search_event, f);
		return true;
	case REQ_SEARCH_NEXT:
	case REQ_SEARCH_PREV:
		find(f, r == REQ_SEARCH_NEXT);
		return true;
	case REQ_FILTER:
		(void)snprintf(f->before, sizeof(f->before), "%s", f->filter);
		app_ask(f->app, "Filter", &f->app->filter_history, f->filter,
			filter_event, f);
		return true;
	default:
		return false;
	}
}
