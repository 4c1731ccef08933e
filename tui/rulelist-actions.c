/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions and answers of the Policy screen: which file, which access, shall the kernel
 * be asked. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "tui/log.h"
#include "tui/rulelist.h"

static const struct {
	const char *word, *words;
} ops[] = {
#define POLICY_OP(word, func, mask, use, words) {word, words},
#define POLICY_OP_ALSO(word, func, mask)
#include "core/policy/policy-ops.inc"
#undef POLICY_OP
#undef POLICY_OP_ALSO
};

/* What is wrong stays in the line, with the reason beside it. */
static void correct(struct rulelist *l, const char *label, struct history *history,
		    const char *text, app_prompt_fn fn, const char *why)
{
	app_ask(l->app, label, history, text, fn, l);
	(void)snprintf(l->app->prompt.error, sizeof(l->app->prompt.error), "%s", why);
}

static void show_detail(struct rulelist *l)
{
	struct doc *d = &l->app->pager.doc;
	const struct rulelist_row *row = rulelist_selected(l);

	if (!row)
		return;
	doc_clear(d);
	d->label_w = 16;
	rulelist_detail(l, row, d, true);
	app_read(l->app, row->rule == SIZE_MAX ? "Policy" : "Rule");
}

/* Line mode takes the answer itself. */
void rulelist_answered(struct rulelist *l)
{
	struct app *a = l->app;

	if (a->config->plain)
		return;
	if (!app_is_looked_at(a, SCREEN_POLICY)) {
		app_note(a, STYLE_NORMAL,
			 "The answer came when nobody looked: ask again");
		return;
	}
	doc_done(&a->pager.doc);
	a->pager.doc = l->answer;
	l->answer = (struct doc){0};
	app_read(a, l->answer_title);
}

/* Candidates */

static void open_event(void *user, enum prompt_event event, const char *text)
{
	struct rulelist *l = user;

	if (event == PROMPT_DONE)
		rulelist_load(l, *text ? text : NULL);
}

static void open_file(struct rulelist *l)
{
	app_ask(l->app, "Policy file (empty: what is in force)", &l->files, l->file,
		open_event, l);
}

/* One access */

static void user_event(void *user, enum prompt_event event, const char *text)
{
	struct rulelist *l = user;
	struct diag d = {0};
	uint64_t uid;

	if (event != PROMPT_DONE)
		return;
	if (str_to_u64(span_of(text), &uid) < 0 || uid >= UINT32_MAX)
		correct(l, "By user (number)", NULL, text, user_event,
			"a number below 4294967295");
	else if (!rulelist_explain(l, l->path, l->op, (uint32_t)uid, &d))
		app_note_diag(l->app, &d);
}

static void op_chosen(void *user, int id)
{
	struct rulelist *l = user;

	(void)snprintf(l->op, sizeof(l->op), "%s", ops[id].word);
	app_ask(l->app, "By user (number)", NULL, "0", user_event, l);
}

static void path_event(void *user, enum prompt_event event, const char *text)
{
	struct rulelist *l = user;

	if (event != PROMPT_DONE || !*text)
		return;
	(void)snprintf(l->path, sizeof(l->path), "%s", text);
	pick_start(&l->app->pick, "What is done with it");
	for (size_t i = 0; i < array_size(ops); i++)
		if (!i || strcmp(ops[i].word, ops[i - 1].word) != 0)
			pick_add(&l->app->pick, (int)i, ops[i].word, ops[i].words);
	app_choose(l->app, op_chosen, l);
}

static void ask_path(struct rulelist *l)
{
	struct diag d = {0};

	if (!rulelist_may_explain(l, &d))
		app_note_diag(l->app, &d);
	else
		app_ask(l->app, "Which rules does a file meet", &l->paths, l->path,
			path_event, l);
}

static void ask_diff(struct rulelist *l)
{
	struct diag d = {0};

	if (!rulelist_diff(l, &d))
		app_note(l->app, STYLE_NORMAL, "%s", d.text);
}

/* The kernel's word */

static void test_confirmed(void *user)
{
	struct rulelist *l = user;
	struct diag d = {0};

	if (!rulelist_test(l, &d))
		app_note_diag(l->app, &d);
}

static void ask_test(struct rulelist *l)
{
	struct diag d = {0};

	if (!rulelist_may_test(l, &d)) {
		app_note_diag(l->app, &d);
		return;
	}
	confirm_start(&l->app->confirm, CONFIRM_L1, "Ask the kernel", "Ask", NULL);
	rulelist_test_text(l, &l->app->confirm.doc);
	app_confirm(l->app, test_confirmed, l);
}

static void ask_simulate(struct rulelist *l)
{
	struct diag d = {0};

	if (!rulelist_try(l, &d))
		app_note_diag(l->app, &d);
}

/* Plans */

static void ask_plan(struct rulelist *l, bool boot)
{
	_cleanup_strbuf_ struct strbuf why = {0};
	struct diag d = {0};

	if (!rulelist_may_change(l, &why))
		app_note(l->app, STYLE_WARN, "%s", strbuf_str(&why));
	else if (!rulelist_plan(l, boot, &d))
		app_note_diag(l->app, &d);
}

static void ask_load(struct rulelist *l)
{
	ask_plan(l, false);
}

static void ask_install(struct rulelist *l)
{
	ask_plan(l, true);
}

/* Writing rules to a file */

static const char save_label[] = "Write to";

static void save_event(void *user, enum prompt_event event, const char *text);

static void save(struct rulelist *l, bool overwrite);

static void overwrite(void *user)
{
	save(user, true);
}

static void save(struct rulelist *l, bool over)
{
	struct app *a = l->app;
	struct diag d = {0};
	int r = rulelist_save(l, l->save_to, l->save_all, over, &d);

	if (r == -EEXIST) {
		confirm_start(&a->confirm, CONFIRM_L1, "Replace the file?", "Replace",
			      NULL);
		doc_text(&a->confirm.doc, STYLE_DIALOG, "%s is there already.",
			 l->save_to);
		app_confirm(a, overwrite, l);
	} else if (r < 0) {
		correct(l, save_label, &a->file_history, l->save_to, save_event, d.text);
	} else {
		app_note(a, STYLE_GOOD, "Wrote the rules to %s", l->save_to);
	}
}

static void save_event(void *user, enum prompt_event event, const char *text)
{
	struct rulelist *l = user;

	if (event != PROMPT_DONE || !*text)
		return;
	(void)snprintf(l->save_to, sizeof(l->save_to), "%s", text);
	save(l, false);
}

static void save_what(void *user, int all)
{
	struct rulelist *l = user;

	l->save_all = all;
	app_ask(l->app, save_label, &l->app->file_history,
		all ? "rules.txt" : "ima-policy.new", save_event, l);
}

static void ask_save(struct rulelist *l)
{
	if (!l->loaded || !l->set.rules.policy.n_rules) {
		app_note(l->app, STYLE_NORMAL, "There are no rules to write");
		return;
	}
	pick_start(&l->app->pick, "Write to a file");
	pick_add(&l->app->pick, true, "text", "all rules, with where they come from");
	if (rulelist_own(l))
		pick_add(&l->app->pick, false, "policy",
			 "those of the policy, for a kernel to load");
	app_choose(l->app, save_what, l);
}

/* The list */

static void next_bad(struct rulelist *l, bool forward)
{
	if (!rulelist_next_bad(l, forward))
		app_note(l->app, STYLE_NORMAL, "%s",
			 l->set.checked ? "No error, no warning"
					: "The rules have not been checked yet");
}

static void copy(struct rulelist *l)
{
	const struct rulelist_row *row = rulelist_selected(l);

	if (!row || row->rule == SIZE_MAX)
		app_note(l->app, STYLE_NORMAL, "Select a rule first: its text is copied");
	else
		app_copy(l->app, rulelist_rule(l, row->rule), "the rule");
}

static void show_in_log(struct rulelist *l)
{
	const struct rulelist_row *row = rulelist_selected(l);
	_cleanup_strbuf_ struct strbuf text = {0};
	struct app *a = l->app;
	struct diag d = {0};

	if (!row || row->rule == SIZE_MAX)
		return;
	if (!a->model.store)
		app_note_diag(a, &a->model.list_error);
	else if (!rulelist_log_filter(l, row->rule, &text))
		app_note(a, STYLE_NORMAL,
			 "The log's filter cannot tell: it does not know how files were "
			 "used");
	else if (!log_set_filter(a->state[SCREEN_LOG], strbuf_str(&text), &d))
		app_note_diag(a, &d);
	else
		app_show(a, SCREEN_LOG);
}

static const struct {
	enum request request;
	void (*run)(struct rulelist *l);
} actions[] = {
	{REQ_DETAIL, show_detail},
	{REQ_OPEN_POLICY, open_file},
	{REQ_EXPLAIN, ask_path},
	{REQ_TEST_POLICY, ask_test},
	{REQ_DIFF, ask_diff},
	{REQ_EXPORT, ask_save},
	{REQ_COPY, copy},
	{REQ_SHOW_IN_LOG, show_in_log},
	{REQ_LOAD_POLICY, ask_load},
	{REQ_SIMULATE, ask_simulate},
	{REQ_INSTALL_POLICY, ask_install},
};

bool rulelist_action(struct rulelist *l, enum request r)
{
	for (size_t i = 0; i < array_size(actions); i++)
		if (actions[i].request == r) {
			actions[i].run(l);
			return true;
		}
	switch ((int)r) {
	case REQ_NEXT_BAD:
	case REQ_PREV_BAD:
		next_bad(l, r == REQ_NEXT_BAD);
		return true;
	case REQ_LEFT:
		l->left -= l->left >= 8 ? 8 : l->left;
		return true;
	case REQ_RIGHT:
		l->left += l->left < 4000 ? 8 : 0;
		return true;
	default:
		return listfind_request(&l->find, r);
	}
}
