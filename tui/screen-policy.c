/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Policy screen: the rules in force, or of a file before it is loaded; what each does,
 * what is wrong with it, and what it decides on. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "tui/rulelist.h"

/* What is in force may be something else now, and what a file would do with it. */
static void changed(void *user)
{
	struct rulelist *l = user;

	model_reread(&l->app->model);
	rulelist_load(l, l->file);
}

static void filtered(void *user)
{
	rulelist_rebuild(user);
}

static int policyscreen_open(struct app *a, void **ret_state, struct diag *reterr)
{
	struct rulelist *l = calloc(1, sizeof(*l));

	if (!l)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	l->app = a;
	planned_init(&l->ready, a, changed, l);
	listfind_init(&l->find, a, rulelist_find, filtered, l);
	l->sel.rule = SIZE_MAX - 1; /* nothing yet */
	*ret_state = l;
	return 0;
}

static void policyscreen_done(void *state)
{
	struct rulelist *l = state;

	rulelist_end(l);
	rulelist_done(l);
	free(l);
}

/* Nothing is read before somebody looks. */
static int policyscreen_step(void *state, unsigned budget_us)
{
	rulelist_work(state);
	return 0;
}

static void policyscreen_draw(void *state, struct canvas *c, struct rect body)
{
	rulelist_draw(state, c, body);
}

static void policyscreen_status(void *state, struct strbuf *out)
{
	struct rulelist *l = state;
	const struct model *m = &l->app->model;
	enum policy_severity worst;
	size_t before = out->len;

	rulelist_progress(l, out);
	if (out->len > before) {
		strbuf_adds(out, rulelist_counting(l) ? " | Esc stops" : "");
		return;
	}
	if (!l->n)
		strbuf_adds(out, "no rules to show");
	else
		strbuf_addf(out, "row %zu of %zu", l->list.sel + 1, l->n);
	if (m->loose)
		strbuf_adds(out, " | rules of this machine, not of the list's");
	else if (!m->recorded && geteuid() != 0)
		strbuf_adds(out, " | not root: the kernel hides its rules");
	else if (l->file && l->loaded)
		strbuf_addf(out, " | %s", policy_verdict(&l->set.rules.policy, &worst));
	else if (l->n)
		strbuf_adds(out, " | o opens a policy file before it is loaded");
}

static bool policyscreen_request(void *state, enum request q)
{
	struct rulelist *l = state;

	list_fit(&l->list, l->n, l->list.rows); /* keys may come faster than drawings */
	if (list_request(&l->list, q)) {
		rulelist_moved(l);
		return true;
	}
	if (q == REQ_REFRESH) {
		model_reread(&l->app->model);
		rulelist_load(l, l->file);
		return true;
	}
	return rulelist_action(l, q);
}

static bool policyscreen_cancel(void *state)
{
	struct rulelist *l = state;

	if (!rulelist_counting(l))
		return false;
	rulelist_stop(l);
	return true;
}

static void policyscreen_click(void *state, int y, int button)
{
	struct rulelist *l = state;
	int row = y - l->rows_at.y;

	if (button != 1)
		(void)policyscreen_request(l, button == 4 ? REQ_UP : REQ_DOWN);
	else if (row >= 0 && row < l->rows_at.h && l->list.top + (size_t)row < l->n) {
		list_select(&l->list, l->list.top + (size_t)row);
		rulelist_moved(l);
	}
}

static void policyscreen_in_lines(void *state, struct plain *p)
{
	rulelist_plain(state, p);
}

const struct screen screen_policy = {
	.open = policyscreen_open,
	.done = policyscreen_done,
	.step = policyscreen_step,
	.draw = policyscreen_draw,
	.status = policyscreen_status,
	.request = policyscreen_request,
	.cancel = policyscreen_cancel,
	.click = policyscreen_click,
	.plain = policyscreen_in_lines,
};
