/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Files screen: what the kernel would decide about files, and the job that labels
 * them. */
#include <errno.h>
#include <stdlib.h>

#include "tui/filelist.h"

enum { LOOK_MS = 2000 };

static void changed(void *user)
{
	((struct filelist *)user)->work->stale = true;
}

static void filtered(void *user)
{
	filelist_rebuild(user);
}

static int files_open(struct app *a, void **ret_state, struct diag *reterr)
{
	struct filelist *l = calloc(1, sizeof(*l));

	if (!l)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	l->app = a;
	l->work = &a->model.files;
	planned_init(&l->ready, a, changed, l);
	listfind_init(&l->find, a, filelist_find, filtered, l);
	*ret_state = l;
	return 0;
}

static void files_done(void *state)
{
	struct filelist *l = state;

	filework_result_done(&l->planned);
	planned_drop(&l->ready);
	strbuf_done(&l->to_sign);
	prompt_history_done(&l->keys);
	free(l->rows);
	free(l);
}

static int files_step(void *state, unsigned budget_us)
{
	struct filelist *l = state;

	/* one that somebody began elsewhere is seen while this is looked at */
	if (l->app->model.now_ms - l->looked_ms > LOOK_MS) {
		l->looked_ms = l->app->model.now_ms;
		l->app->dirty |= filework_refresh(l->work);
	}
	if (!l->lines)
		filelist_take(l);
	filelist_sync(l, l->list.rows);
	return 0;
}

static void files_draw(void *state, struct canvas *c, struct rect body)
{
	filelist_draw(state, c, body);
}

static void files_status(void *state, struct strbuf *out)
{
	const struct filelist *l = state;
	char at[32], all[32];

	filework_status(l->work, out, l->app->plain);
	if (l->n)
		strbuf_addf(out, "row %s of %s",
			    str_count(at, sizeof(at), l->list.sel + 1),
			    str_count(all, sizeof(all), l->n));
	else if (!filework_busy(l->work))
		strbuf_adds(out, l->app->model.recorded ? "a recorded host has no files"
							: "r scans");
}

static bool files_cancel(void *state)
{
	return filework_cancel(((struct filelist *)state)->work);
}

static bool files_request(void *state, enum request r)
{
	struct filelist *l = state;

	filelist_sync(l, l->list.rows); /* keys may come faster than drawings */
	switch ((int)r) {
	case REQ_WRAP:
		l->tails = !l->tails;
		return true;
	case REQ_LEFT:
		l->left = l->left > 8 ? l->left - 8 : 0;
		return true;
	case REQ_RIGHT:
		l->left += 8;
		return true;
	default:
		return list_request(&l->list, r) || filelist_action(l, r);
	}
}

static void files_click(void *state, int y, int button)
{
	struct filelist *l = state;
	int row = y - l->rows_at.y;

	if (button != 1)
		for (int i = 0; i < 3; i++)
			(void)list_request(&l->list, button == 4 ? REQ_UP : REQ_DOWN);
	else if (row >= 0 && row < l->rows_at.h &&
		 l->list.top + (size_t)row < l->list.count)
		list_select(&l->list, l->list.top + (size_t)row);
}

static void files_plain(void *state, struct plain *p)
{
	filelist_plain(state, p);
}

const struct screen screen_files = {
	.open = files_open,
	.done = files_done,
	.step = files_step,
	.draw = files_draw,
	.status = files_status,
	.request = files_request,
	.cancel = files_cancel,
	.click = files_click,
	.plain = files_plain,
};
