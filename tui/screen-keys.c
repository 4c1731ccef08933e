/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Keys screen: the keyrings, the keys in them, and what rests on each. */
#include <errno.h>
#include <stdlib.h>

#include "tui/rings.h"

static void changed(void *user)
{
	struct rings *r = user;

	r->done = r->ready.undone ? 0 : r->ready.change;
	(void)rings_load(r);
}

static int keyscreen_open(struct app *a, void **ret_state, struct diag *reterr)
{
	struct rings *r = calloc(1, sizeof(*r));

	if (!r)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	r->app = a;
	planned_init(&r->ready, a, changed, r);
	*ret_state = r;
	return 0;
}

static void keyscreen_done(void *state)
{
	struct rings *r = state;

	rings_stop(r);
	while (r->job)
		pool_drain(r->app->model.pool);
	rings_done(r);
	free(r);
}

/* Nothing is read before somebody looks. */
static int keyscreen_step(void *state, unsigned budget_us)
{
	struct rings *r = state;

	if (!r->loaded && !r->failed.id)
		(void)rings_load(r);
	return rings_step(r);
}

static void keyscreen_draw(void *state, struct canvas *c, struct rect body)
{
	rings_draw(state, c, body);
}

static void keyscreen_status(void *state, struct strbuf *out)
{
	struct rings *r = state;
	size_t before = out->len;

	rings_progress(r, out);
	if (out->len > before) {
		strbuf_adds(out,
			    rings_counting(r) && !r->app->plain ? " | Esc stops" : "");
		return;
	}
	if (!r->n)
		strbuf_adds(out, "no keyrings");
	else
		strbuf_addf(out, "row %zu of %zu", r->list.sel + 1, r->n);
	if (r->app->model.loose)
		strbuf_adds(out, " | keys of this machine, not of the list's");
	else if (!r->counted && r->n && !r->app->model.recorded)
		strbuf_adds(out, " | c counts the files that name each key");
}

static bool keyscreen_request(void *state, enum request q)
{
	struct rings *r = state;

	list_fit(&r->list, r->n, r->list.rows); /* keys may come faster than drawings */
	if (list_request(&r->list, q)) {
		rings_moved(r);
		return true;
	}
	if (q == REQ_REFRESH) {
		model_reread(&r->app->model);
		(void)rings_load(r);
		return true;
	}
	return rings_action(r, q);
}

static bool keyscreen_cancel(void *state)
{
	struct rings *r = state;

	if (!rings_counting(r))
		return false;
	rings_stop(r);
	return true;
}

static void keyscreen_click(void *state, int y, int button)
{
	struct rings *r = state;
	int row = y - r->rows_at.y;

	if (button != 1)
		(void)keyscreen_request(r, button == 4 ? REQ_UP : REQ_DOWN);
	else if (row >= 0 && row < r->rows_at.h && r->list.top + (size_t)row < r->n) {
		list_select(&r->list, r->list.top + (size_t)row);
		rings_moved(r);
	}
}

static void keyscreen_in_lines(void *state, struct plain *p)
{
	rings_plain(state, p);
}

const struct screen screen_keys = {
	.open = keyscreen_open,
	.done = keyscreen_done,
	.step = keyscreen_step,
	.draw = keyscreen_draw,
	.status = keyscreen_status,
	.request = keyscreen_request,
	.cancel = keyscreen_cancel,
	.click = keyscreen_click,
	.plain = keyscreen_in_lines,
};
