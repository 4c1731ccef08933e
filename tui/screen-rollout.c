/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Rollout screen: the steps from nothing to enforce, and what is in the way of one. */
#include <errno.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/rollout/trialplan.h"
#include "tui/plain.h"
#include "tui/walk.h"

/* Was the trial really confirmed? A plan that failed was taken back. */
static bool is_confirmed(const struct walk *w)
{
	struct trial t;

	return w->confirms && w->has_own && trial_read(&w->own, &t, NULL) > 0 &&
	       t.state == TRIAL_PROVING;
}

/* What a plan has changed is looked at anew; after a confirmation the guard ends. */
static void changed(void *user)
{
	struct walk *w = user;
	struct diag d = {0};

	if (is_confirmed(w) && trialplan_release(&w->own, &d) < 0)
		app_note_diag(w->app, &d);
	w->confirms = false;
	w->moved = false;
	(void)walk_start(w, &(struct walk_ask){.step = _ROLLOUT_MAX});
}

static int rollout_screen_open(struct app *a, void **ret_state, struct diag *reterr)
{
	struct walk *w = calloc(1, sizeof(*w));

	if (!w)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	w->app = a;
	planned_init(&w->ready, a, changed, w);
	*ret_state = w;
	return 0;
}

static void rollout_screen_done(void *state)
{
	walk_done(state);
	free(state);
}

/* Nothing is read before somebody looks. */
static int rollout_screen_step(void *state, unsigned budget_us)
{
	struct walk *w = state;

	if (!w->now && !w->failed.id && !walk_is_busy(w))
		(void)walk_start(w, &(struct walk_ask){.step = _ROLLOUT_MAX});
	return 0;
}

static void draw_steps(struct walk *w, struct canvas *c, struct rect r)
{
	w->rows_at = r;
	list_fit(&w->list, _ROLLOUT_MAX, (size_t)r.h);
	for (int y = 0; y < r.h && w->list.top + (size_t)y < _ROLLOUT_MAX; y++) {
		size_t i = w->list.top + (size_t)y;
		_cleanup_strbuf_ struct strbuf line = {0};

		walk_line(w, (enum rollout_id)i, &line);
		canvas_text(c, r.y + y, 1, 1, STYLE_NORMAL, i == w->list.sel ? ">" : " ");
		canvas_text(c, r.y + y, 2, r.w - 3,
			    i == w->list.sel ? STYLE_SELECTED
					     : walk_style(w, (enum rollout_id)i),
			    strbuf_str(&line));
	}
}

static void draw_detail(struct walk *w, struct canvas *c, struct rect r)
{
	enum rollout_id id = walk_selected(w);

	canvas_hline(c, r.y, 0, c->w, STYLE_LINE);
	canvas_text(c, r.y, 2, r.w - 4, STYLE_TITLE, rollout_title(id));
	doc_clear(&w->detail);
	walk_findings(w, id, false, &w->detail);
	(void)doc_draw(&w->detail, c, (struct rect){r.y + 1, 0, r.h - 1, r.w - 1}, 0);
}

static void rollout_screen_draw(void *state, struct canvas *c, struct rect body)
{
	struct walk *w = state;
	_cleanup_strbuf_ struct strbuf title = {0};
	int steps = body.h - 2 < _ROLLOUT_MAX ? body.h - 2 : _ROLLOUT_MAX;
	int rest = body.h - 2 - steps;

	walk_title(w, &title);
	canvas_text(c, body.y, 1, body.w - 2, STYLE_TITLE, strbuf_str(&title));
	canvas_hline(c, body.y + 1, 0, c->w, STYLE_LINE);
	draw_steps(w, c, (struct rect){body.y + 2, 0, steps, body.w});
	if (rest >= 3)
		draw_detail(w, c, (struct rect){body.y + 2 + steps, 0, rest, body.w});
}

static void rollout_screen_status(void *state, struct strbuf *out)
{
	struct walk *w = state;
	const struct rollout *r = w->now;
	char n[32];

	if (walk_is_busy(w))
		strbuf_adds(out, "looking at this machine | Esc stops");
	else if (!r)
		strbuf_adds(out, "r looks again");
	else if (r->next == _ROLLOUT_MAX)
		strbuf_adds(out, "the rollout has come to its end");
	else if (r->step[r->next].count[ROLLOUT_FAIL])
		strbuf_addf(out, "step %d of 9 blocked by %s", r->next + 1,
			    str_counted(n, sizeof(n),
					r->step[r->next].count[ROLLOUT_FAIL], "failure",
					"failures"));
	else
		strbuf_addf(out, "step %d of 9 is next", r->next + 1);
}

static bool rollout_screen_request(void *state, enum request q)
{
	struct walk *w = state;

	list_fit(&w->list, _ROLLOUT_MAX, w->list.rows);
	if (list_request(&w->list, q)) {
		w->moved = true;
		return true;
	}
	return walk_action(w, q);
}

static bool rollout_screen_cancel(void *state)
{
	struct walk *w = state;

	if (!walk_is_busy(w))
		return false;
	walk_stop(w);
	return true;
}

static void rollout_screen_click(void *state, int y, int button)
{
	struct walk *w = state;
	int row = y - w->rows_at.y;

	if (button != 1)
		(void)rollout_screen_request(w, button == 4 ? REQ_UP : REQ_DOWN);
	else if (row >= 0 && row < w->rows_at.h) {
		list_select(&w->list, w->list.top + (size_t)row);
		w->moved = true;
	}
}

static void rollout_screen_plain(void *state, struct plain *p)
{
	walk_plain(state, p);
}

const struct screen screen_rollout = {
	.open = rollout_screen_open,
	.done = rollout_screen_done,
	.step = rollout_screen_step,
	.draw = rollout_screen_draw,
	.status = rollout_screen_status,
	.request = rollout_screen_request,
	.cancel = rollout_screen_cancel,
	.click = rollout_screen_click,
	.plain = rollout_screen_plain,
};
