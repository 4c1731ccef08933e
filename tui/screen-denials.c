/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Denials screen: what the kernel refused and notes, in groups, with what helps. */
#include <errno.h>
#include <stdlib.h>

#include "tui/deniallist.h"

static void filtered(void *user)
{
	((struct deniallist *)user)->stale = true;
}

static int denials_open(struct app *a, void **ret_state, struct diag *reterr)
{
	struct deniallist *l = calloc(1, sizeof(*l));

	if (!l)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	l->app = a;
	l->feed = &a->model.feed;
	l->wanted = _REMEDY_INVALID;
	l->sel.kind = _DENIAL_KIND_INVALID;
	l->stale = true;
	planned_init(&l->ready, a, deniallist_changed, l);
	listfind_init(&l->find, a, deniallist_find, filtered, l);
	*ret_state = l;
	return 0;
}

static void denials_done(void *state)
{
	struct deniallist *l = state;

	deniallist_end(l);
	deniallist_done(l);
	free(l);
}

static int denials_step(void *state, unsigned budget_us)
{
	struct deniallist *l = state;

	deniallist_fit(l, l->list.rows);
	deniallist_sync(l);
	return 0;
}

static void denials_draw(void *state, struct canvas *c, struct rect body)
{
	deniallist_draw(state, c, body);
}

static void denials_status(void *state, struct strbuf *out)
{
	struct deniallist *l = state;

	if (l->atwork)
		strbuf_adds(out, l->atwork->what == DENIALCASE_LOOK   ? "looking at it | "
				 : l->atwork->what == DENIALCASE_PLAN ? "planning | "
								      : "trying it | ");
	deniallist_source(l, out);
	if (l->n)
		strbuf_addf(out, " | row %zu of %zu", l->list.sel + 1, l->n);
}

static void moved(struct deniallist *l, enum request r)
{
	l->follow = l->follow && r == REQ_BOTTOM;
	deniallist_moved(l);
}

static void toggle_follow(struct deniallist *l)
{
	l->follow = !l->follow;
	l->stale = true;
}

static void toggle_pause(struct deniallist *l)
{
	l->paused = !l->paused;
	l->stale = !l->paused;
}

static void refresh(struct deniallist *l)
{
	deniallist_restart(l);
	deniallist_mutes_load(l);
	app_note(l->app, STYLE_NORMAL, "Looking at all denials again");
}

static bool denials_request(void *state, enum request r)
{
	struct deniallist *l = state;

	deniallist_fit(l, l->list.rows); /* keys may come faster than drawings */
	switch ((int)r) {
	case REQ_FOLLOW:
		toggle_follow(l);
		return true;
	case REQ_PAUSE:
		toggle_pause(l);
		return true;
	case REQ_WRAP:
		l->tails = !l->tails;
		return true;
	case REQ_LEFT:
		l->left = l->left > 8 ? l->left - 8 : 0;
		return true;
	case REQ_RIGHT:
		l->left += 8;
		return true;
	case REQ_REFRESH:
		refresh(l);
		return true;
	default:
		break;
	}
	if (list_request(&l->list, r)) {
		moved(l, r);
		return true;
	}
	return deniallist_action(l, r);
}

static void denials_click(void *state, int y, int button)
{
	struct deniallist *l = state;
	int row = y - l->rows_at.y;

	if (button != 1)
		for (int i = 0; i < 3; i++)
			(void)denials_request(l, button == 4 ? REQ_UP : REQ_DOWN);
	else if (row >= 0 && row < l->rows_at.h && l->list.top + (size_t)row < l->n) {
		list_select(&l->list, l->list.top + (size_t)row);
		moved(l, REQ_NONE);
	}
}

static void denials_in_lines(void *state, struct plain *p)
{
	deniallist_plain(state, p);
}

const struct screen screen_denials = {
	.open = denials_open,
	.done = denials_done,
	.step = denials_step,
	.draw = denials_draw,
	.status = denials_status,
	.request = denials_request,
	.click = denials_click,
	.plain = denials_in_lines,
};
