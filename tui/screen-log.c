/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Log screen: the measurement list, followed, searched, filtered, exported. */
#include <errno.h>
#include <stdlib.h>

#include "tui/log.h"

static void log_done(void *state)
{
	struct log *l = state;

	view_free(l->view);
	filter_free(l->find);
	filter_free(l->bad);
	entrytext_done(&l->text);
	free(l->marks);
	free(l);
}

static int log_open(struct app *a, void **ret_state, struct diag *reterr)
{
	struct log *l = calloc(1, sizeof(*l));
	int r = 0;

	if (!l)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	*l = (struct log){.app = a,
			  .sel = MSTORE_NONE,
			  .same_ref = MSTORE_NONE,
			  .follow = a->model.live != NULL};
	l->ctx.pkgs = a->model.pkgs;
	if (a->model.live) {
		l->ctx.seen_ms = live_seen_ms;
		l->ctx.seen_from = a->model.live;
	}
	if (a->model.store)
		r = view_new(a->model.store, &l->ctx, a->model.pool, &l->view, reterr);
	if (r < 0) {
		log_done(l);
		return r;
	}
	*ret_state = l;
	return 0;
}

/* How often the selected path occurs: found out while nobody types. */
static int same_step(struct log *l, unsigned budget_us)
{
	struct view_row row;
	int r;

	if (!log_selected(l, &row) || row.kind == VIEW_ROW_GAP)
		return 0;
	if (l->same_ref != row.ref) {
		l->same_ref = row.ref;
		l->same = (struct view_same){0};
		l->same_done = false;
	}
	if (l->same_done)
		return 0;
	r = view_same_path(l->view, row.ref, budget_us, &l->same);
	if (r == -EAGAIN)
		return 1;
	l->same_done = true;
	l->app->dirty = true;
	return 0;
}

/* Do the rows depend on what owns a path? */
static bool by_package(const struct log *l)
{
	const struct filter *f = view_filter(l->view);
	bool descending;

	return (f && filter_uses(f, FILTER_PKG)) ||
	       view_group(l->view) == VIEW_GROUP_PKG ||
	       view_sort(l->view, &descending) == VIEW_SORT_PKG;
}

static int log_step(void *state, unsigned budget_us)
{
	struct log *l = state;

	if (!l->view)
		return 0;
	if (l->app->model.pkgs_changed && by_package(l))
		view_refresh(l->view);
	if (!l->paused && view_step(l->view, budget_us) > 0)
		return 1;
	if (l->follow)
		l->seen = model_count(&l->app->model, NULL);
	if (log_find_step(l, budget_us) > 0)
		return 1;
	log_sync(l, l->list.rows);
	/* On a list that grows fast this would never end: it waits for a quiet moment. */
	if (l->follow && l->app->model.rate > 100)
		return 0;
	return same_step(l, budget_us);
}

static void log_show(void *state, struct canvas *c, struct rect body)
{
	log_draw(state, c, body);
}

static void status_damage(const struct log *l, struct strbuf *out)
{
	const struct diag *d = mstore_damage(l->app->model.store);

	if (d->id != DIAG_NONE)
		strbuf_addf(out, "%s: %s | ", diag_code(d->id), d->text);
	else if (l->app->model.read_error.id != DIAG_NONE)
		strbuf_addf(out, "%s: %s | ", diag_code(l->app->model.read_error.id),
			    l->app->model.read_error.text);
}

static void status_loading(const struct log *l, struct strbuf *out)
{
	struct mstore_progress p;
	struct live_status live;

	mstore_progress(l->app->model.store, &p);
	if (p.state != MSTORE_LOADING)
		return;
	strbuf_adds(out, "reading the list");
	if (p.bytes_total)
		strbuf_addf(out, ": %llu %%",
			    (unsigned long long)(p.bytes * 100 / p.bytes_total));
	if (l->app->model.live) {
		live_status(l->app->model.live, &live);
		if (p.count)
			strbuf_addf(out, ": %llu %%",
				    (unsigned long long)(((uint64_t)p.head + p.tail) *
							 100 / p.count));
		if (live.busy)
			strbuf_adds(out, ", held by another program: trying again");
		else if (live.eta_ms >= 1000)
			strbuf_addf(out, ", about %llu s left",
				    (unsigned long long)(live.eta_ms / 1000));
	}
	strbuf_adds(out, " | ");
}

static void log_status(void *state, struct strbuf *out)
{
	struct log *l = state;
	char at[32], all[32], marked[32];
	bool descending;
	enum view_sort sort;
	struct view_progress p;

	if (!l->view) {
		strbuf_adds(out, "no measurement list");
		return;
	}
	status_damage(l, out);
	status_loading(l, out);
	sort = view_sort(l->view, &descending);
	view_progress(l->view, &p);
	if (l->finding)
		strbuf_adds(out, "searching | ");
	strbuf_addf(out, "%s of %s rows | sorted: %s%s%s | %s marked",
		    str_count(at, sizeof(at), l->list.count ? l->list.sel + 1 : 0),
		    str_count(all, sizeof(all), l->list.count), view_sort_name(sort),
		    descending ? ", reversed" : "", p.sorting ? " (sorting)" : "",
		    str_count(marked, sizeof(marked), l->n_marks));
}

/* Scrolling up leaves the end, reaching the end of a live list follows again. */
static void moved(struct log *l, enum request r)
{
	struct view_row row;
	bool down = r == REQ_DOWN || r == REQ_PAGE_DOWN || r == REQ_HALF_DOWN;

	/* The gap is not an entry to stand on. */
	if (log_selected(l, &row) && row.kind == VIEW_ROW_GAP)
		list_select(&l->list, down	    ? l->list.sel + 1
				      : l->list.sel ? l->list.sel - 1
						    : 0);
	l->follow = r == REQ_BOTTOM && l->app->model.live;
	log_select_row(l, l->list.sel);
}

static void to_end(struct log *l)
{
	struct mstore *store = l->app->model.store;

	/* The end of a saved list is known at once, whatever has been read before it. */
	if (!l->app->model.live &&
	    mstore_jump_tail(store, &l->app->model.read_error) >= 0)
		(void)view_step(l->view, APP_SLICE_US);
	log_sync(l, l->list.rows);
	(void)list_request(&l->list, REQ_BOTTOM);
	moved(l, REQ_BOTTOM);
}

static void toggle_pause(struct log *l)
{
	l->paused = !l->paused;
	l->seen = model_count(&l->app->model, NULL);
}

static bool log_request(void *state, enum request r)
{
	struct log *l = state;

	if (!l->view)
		return false;
	log_sync(l, l->list.rows); /* keys may come faster than drawings */
	switch ((int)r) {
	case REQ_BOTTOM:
		to_end(l);
		return true;
	case REQ_FOLLOW:
		if (l->follow)
			l->follow = false;
		else
			to_end(l);
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
		model_reread(&l->app->model);
		view_refresh(l->view);
		app_note(l->app, STYLE_NORMAL, "Looking at all entries again");
		return true;
	default:
		break;
	}
	if (list_request(&l->list, r)) {
		moved(l, r);
		return true;
	}
	return log_action(l, r);
}

static void log_click(void *state, int y, int button)
{
	struct log *l = state;
	int row = y - l->rows_at.y;

	if (!l->view)
		return;
	if (button != 1)
		for (int i = 0; i < 3; i++)
			(void)log_request(l, button == 4 ? REQ_UP : REQ_DOWN);
	else if (row >= 0 && row < l->rows_at.h &&
		 l->list.top + (size_t)row < l->list.count) {
		l->follow = false;
		log_select_row(l, l->list.top + (size_t)row);
	}
}

static void log_in_lines(void *state, struct plain *p)
{
	log_plain(state, p);
}

const struct screen screen_log = {
	.open = log_open,
	.done = log_done,
	.step = log_step,
	.draw = log_show,
	.status = log_status,
	.request = log_request,
	.click = log_click,
	.plain = log_in_lines,
};
