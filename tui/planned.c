/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/planned.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/host/change-audit.h"
#include "core/label/act-label.h"
#include "tui/plain.h"

void planned_init(struct planned *p, struct app *a, void (*after)(void *user), void *user)
{
	*p = (struct planned){.app = a, .after = after, .user = user};
}

void planned_drop(struct planned *p)
{
	if (p->back)
		journal_done(&p->journal);
	else
		plan_done(&p->plan);
	doc_done(&p->doc);
	planned_init(p, p->app, p->after, p->user);
}

bool planned_may(const struct app *a, const char *what, const char *whose,
		 struct strbuf *why)
{
	if (a->model.recorded)
		strbuf_addf(why, "This is a recorded host: %s on the machine itself",
			    what);
	else if (geteuid() != 0)
		strbuf_addf(why,
			    "Only root changes %s: leave with q and start again with "
			    "sudo imactl",
			    whose);
	else if (a->config->readonly)
		strbuf_adds(why, "The console was started with --readonly: nothing is "
				 "changed");
	return !why->len;
}

int planned_undo(struct planned *p, unsigned change, struct diag *reterr)
{
	int r;

	planned_drop(p);
	r = journal_load(&p->journal, p->app->model.root, ROOT_STATE, change,
			 act_label_set(), reterr);
	if (r < 0)
		return r;
	p->plan = p->journal.plan;
	p->back = change;
	p->command = "change undo";
	p->title = "Take it back";
	p->action = "Take back";
	return 0;
}

static void show(const struct planned *p, struct doc *d)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	if (p->back)
		strbuf_addf(&b, "Change %u is taken back:\n", p->back);
	plan_format_steps(&b, &p->plan, p->app->ascii);
	doc_lines(d, STYLE_NORMAL, &b);
	doc_append(d, &p->doc);
}

/* What must be typed: the host's name (of this machine, whatever list is looked at), a
 * phrase, or "". */
static enum confirm_level level(const struct planned *p, char *phrase, size_t size)
{
	enum plan_danger danger = plan_danger(&p->plan);
	_cleanup_strbuf_ struct strbuf host = {0};

	*phrase = '\0';
	if (danger == PLAN_VIEW || danger == PLAN_REVERSIBLE)
		return CONFIRM_L1;
	if (danger == PLAN_BOOT &&
	    root_read_line(p->app->model.root, ROOT_HOSTNAME, &host, NULL) == 0 &&
	    host.len && host.len < size) {
		(void)snprintf(phrase, size, "%s", strbuf_str(&host));
		return CONFIRM_L2;
	}
	(void)snprintf(phrase, size, "%s", PLAN_PHRASE);
	return CONFIRM_L3;
}

/* *out is what came of it, in a line. -errno: nothing is as the plan wants it. */
static int run(struct planned *p, struct strbuf *out, struct diag *reterr)
{
	struct change_ctx ctx = {
		.root = p->root ? p->root : p->app->model.root,
		.place = ROOT_STATE,
		.actions = act_label_set(),
		.command = p->command,
		.audit = change_audit_hook,
	};
	struct change_result result;
	uint8_t hash[PLAN_HASH_SIZE];
	unsigned back = p->back;
	int r;

	plan_hash(&p->plan, hash);
	r = back ? change_undo(&ctx, back, false, &result, reterr)
		 : change_run(&ctx, &p->plan, hash, &result, reterr);
	planned_drop(p);
	if (r < 0)
		return r;
	p->change = result.id;
	p->undone = back;
	p->outcome = result.outcome;
	p->after(p->user);
	if (result.failure.id && result.outcome != CHANGE_DONE) {
		*reterr = result.failure;
		return -EIO;
	}
	change_result_format(out, &result);
	if (out->len && out->ptr[out->len - 1] == '\n')
		out->ptr[--out->len] = '\0';
	return 0;
}

static void confirmed(void *user)
{
	struct planned *p = user;
	_cleanup_strbuf_ struct strbuf out = {0};
	struct diag d = {0};

	if (!p->command)
		return;
	if (run(p, &out, &d) < 0)
		app_note_diag(p->app, &d);
	else
		app_note(p->app, STYLE_GOOD, "%s", strbuf_str(&out));
}

void planned_ready(struct planned *p, enum screen_id screen, const char *again)
{
	struct app *a = p->app;
	enum confirm_level l;
	char phrase[128];

	if (a->config->plain)
		return;
	if (p->plan.n && app_is_looked_at(a, screen)) {
		l = level(p, phrase, sizeof(phrase));
		confirm_start(&a->confirm, l, p->title, p->action, phrase);
		show(p, &a->confirm.doc);
		app_confirm(a, confirmed, p);
		return;
	}
	app_note(a, STYLE_NORMAL, "%s",
		 p->plan.n ? again : "Nothing to do: it is as wanted");
	planned_drop(p);
}

/* Typed out: a single letter says yes to nothing. */
static bool is_confirmed(const struct planned *p, struct plain *to)
{
	char phrase[128];
	enum confirm_level l = level(p, phrase, sizeof(phrase));
	const char *answer;

	if (l == CONFIRM_L1)
		answer = plain_ask(to, "Type yes to do it:");
	else if (l == CONFIRM_L2)
		answer = plain_ask(to, "Type the host's name to do it:");
	else
		answer = plain_ask(to, "Type '" PLAN_PHRASE "' to do it:");
	return answer && strcmp(answer, l == CONFIRM_L1 ? "yes" : phrase) == 0;
}

bool planned_in_lines(struct planned *p, struct plain *to)
{
	_cleanup_(doc_done) struct doc d = {0};
	_cleanup_strbuf_ struct strbuf out = {0};
	struct diag diag = {0};

	if (!p->command)
		return false;
	if (!p->plan.n) {
		plain_say(to, "Nothing to do: it is as wanted.");
		planned_drop(p);
		return false;
	}
	show(p, &d);
	plain_doc(to, &d);
	if (!is_confirmed(p, to)) {
		plain_say(to, "Nothing was changed.");
		planned_drop(p);
		return false;
	}
	if (run(p, &out, &diag) < 0)
		plain_diag(to, &diag);
	else
		plain_say(to, "%s", strbuf_str(&out));
	plain_settle(to);
	return true;
}
