/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/changes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/cleanup.h"
#include "core/base/journal.h"
#include "core/label/act-label.h"
#include "core/rollout/bareroot.h"
#include "tui/plain.h"
#include "tui/planned.h"

enum { SHOWN_MAX = 50, TEXT = 260, STEPS_MAX = 256 };

struct entry {
	unsigned id;
	enum journal_state state;
	size_t steps;
	char number[12]; /* as the column has it */
	char text[TEXT];
};

struct changes {
	struct app *app;
	struct planned ready;
	struct entry of[SHOWN_MAX];
	size_t n;
};

static void changed(void *user)
{
	app_request(((struct changes *)user)->app, REQ_REFRESH);
}

int changes_new(struct app *a, struct changes **ret, struct diag *reterr)
{
	struct changes *c = calloc(1, sizeof(*c));

	if (!c)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	c->app = a;
	planned_init(&c->ready, a, changed, c);
	*ret = c;
	return 0;
}

struct changes *changes_free(struct changes *c)
{
	if (c)
		planned_drop(&c->ready);
	free(c);
	return NULL;
}

static void describe(const struct app *a, struct entry *e)
{
	_cleanup_strbuf_ struct strbuf title = {0};
	struct journal j;
	struct diag d = {0};
	char when[20] = "";
	struct tm tm;
	time_t at;

	(void)snprintf(e->number, sizeof(e->number), "%u", e->id);
	if (journal_load(&j, a->model.root, ROOT_STATE, e->id, act_label_set(), &d) < 0) {
		(void)snprintf(e->text, sizeof(e->text), "%s: %s",
			       journal_state_name(e->state), d.text);
		return;
	}
	e->steps = j.plan.n;
	at = (time_t)j.head.time;
	if (localtime_r(&at, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
	str_escape(&title, span_of(j.plan.title), a->ascii);
	(void)snprintf(e->text, sizeof(e->text), "%-6s  %s %5zu  %s",
		       journal_state_name(e->state), when, j.plan.n, strbuf_str(&title));
	journal_done(&j);
}

/* The newest first. */
static int read_all(struct changes *c, struct diag *reterr)
{
	_cleanup_free_ struct journal_entry *list = NULL;
	int n = journal_list(c->app->model.root, ROOT_STATE, &list, reterr);

	c->n = 0;
	for (int i = n - 1; i >= 0 && c->n < SHOWN_MAX; i--) {
		struct entry *e = &c->of[c->n++];

		*e = (struct entry){.id = list[i].id, .state = list[i].state};
		describe(c->app, e);
	}
	return n < 0 ? n : 0;
}

static const char *nothing(const struct app *a)
{
	return a->model.recorded ? "A recorded host does not tell what was changed there"
				 : "imactl has changed nothing here";
}

/* While it is taken back here no key is answered; and what it changed must not lie below what
 * the gate put there, past which a process of its own looks (bareroot.h). */
static void leave_to_command(const struct changes *c, const struct entry *e,
			     struct strbuf *why)
{
	if (e->steps > STEPS_MAX)
		strbuf_addf(why, "So many steps take a while");
	else if (bareroot_is_covered(c->app->model.root))
		strbuf_addf(why, "A generation lies over /etc/ima in this boot");
	if (why->len)
		strbuf_addf(why, ": 'imactl change undo %u' takes it back", e->id);
}

/* Why it is not taken back; "": it waits in .ready. */
static void take_back(struct changes *c, const struct entry *e, struct strbuf *why)
{
	struct diag d = {0};

	if (e->state == JOURNAL_UNDONE)
		strbuf_addf(why, "Change %u has been taken back already", e->id);
	else if (planned_may(c->app, "changes are taken back", "changes", why))
		leave_to_command(c, e, why);
	if (!why->len && planned_undo(&c->ready, e->id, &d) < 0)
		strbuf_addf(why, "%s: %s", diag_code(d.id), d.text);
}

static void chosen(void *user, int id)
{
	struct changes *c = user;
	_cleanup_strbuf_ struct strbuf why = {0};

	take_back(c, &c->of[id], &why);
	if (why.len)
		app_note(c->app, STYLE_WARN, "%s", strbuf_str(&why));
	else {
		app_show(c->app, c->app->current); /* not below a text */
		planned_ready(&c->ready, c->app->current, "");
	}
}

void changes_choose(struct changes *c)
{
	struct app *a = c->app;
	struct diag d = {0};

	if (read_all(c, &d) < 0) {
		app_note_diag(a, &d);
		return;
	}
	if (!c->n) {
		app_note(a, STYLE_NORMAL, "%s", nothing(a));
		return;
	}
	pick_start(&a->pick, "Changes, when, steps: Enter takes one back");
	for (size_t i = 0; i < c->n; i++)
		pick_add(&a->pick, (int)i, c->of[i].number, c->of[i].text);
	app_choose(a, chosen, c);
}

void changes_in_lines(struct changes *c, struct plain *p)
{
	_cleanup_strbuf_ struct strbuf why = {0};
	struct diag d = {0};
	const char *answer;
	uint64_t id = 0;

	if (read_all(c, &d) < 0) {
		plain_diag(p, &d);
		return;
	}
	if (!c->n)
		plain_say(p, "%s.", nothing(c->app));
	for (size_t i = 0; i < c->n; i++)
		plain_say(p, " %s) %s", c->of[i].number, c->of[i].text);
	answer = c->n ? plain_ask(p, "Take back which (empty: none):") : NULL;
	if (!answer || !*answer)
		return;
	(void)str_to_u64(span_of(answer), &id); /* 0 is the number of none */
	for (size_t i = 0; i < c->n; i++) {
		if (c->of[i].id != id)
			continue;
		take_back(c, &c->of[i], &why);
		if (why.len)
			plain_say(p, "%s.", strbuf_str(&why));
		else
			(void)planned_in_lines(&c->ready, p);
		return;
	}
	plain_no_choice(p);
}
