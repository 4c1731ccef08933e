/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Policy screen in line mode. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/policy/explain.h"
#include "tui/plain.h"
#include "tui/rulelist.h"

enum { PAGE = 30 };

static void say_row(const struct rulelist *l, struct plain *p,
		    const struct rulelist_row *row)
{
	unsigned worst = rulelist_worst(l, row);
	const char *mark = worst == _RULELIST_FINE
				   ? ""
				   : policy_severity_name((enum policy_severity)worst);
	char hits[40];

	if (row->rule == SIZE_MAX) {
		plain_say(p, " %s: %s", mark,
			  l->set.rules.policy.findings[row->finding].d.text);
		return;
	}
	(void)rulelist_hits(l, row->rule, hits);
	plain_say(p, " rule %zu: %s, %s%s%s%s%s", row->rule + 1,
		  rulelist_rule(l, row->rule),
		  ruleset_origin_words(l->set.rules.origins[row->rule]),
		  *mark ? ", " : "", mark, strcmp(hits, "-") == 0 ? "" : ", decides on ",
		  strcmp(hits, "-") == 0 ? "" : hits);
}

static void say_rows(struct rulelist *l, struct plain *p, size_t from)
{
	_cleanup_(doc_done) struct doc d = {0};
	_cleanup_strbuf_ struct strbuf title = {0};

	plain_blank(p);
	rulelist_title(l, &title);
	strbuf_adds(&title, l->loaded ? ": " : "");
	rulelist_sum(l, &title);
	if (*l->find.filter)
		strbuf_addf(&title, "; filter: %s", l->find.filter);
	plain_say(p, "%s", strbuf_str(&title));
	if (!l->n) {
		rulelist_nothing(l, &d);
		plain_doc(p, &d);
		return;
	}
	for (size_t i = from; i < l->n && i < from + PAGE; i++)
		say_row(l, p, &l->row[i]);
	if (from + PAGE < l->n)
		plain_say(p, " and %zu more: Enter goes on", l->n - from - PAGE);
	list_select(&l->list, from + PAGE < l->n ? from + PAGE : 0);
}

/* The answer of a job; what it could not do was said. */
static void say_answer(struct rulelist *l, struct plain *p)
{
	l->answer_title = NULL;
	plain_settle(p);
	if (l->answer_title)
		plain_doc(p, &l->answer);
}

/* False: back to the menu. The row is where the list goes on. */
typedef bool (*action_fn)(struct rulelist *l, struct plain *p);

static bool do_detail(struct rulelist *l, struct plain *p)
{
	_cleanup_(doc_done) struct doc d = {.label_w = 16};
	const char *answer = plain_ask(p, "Number of the rule:");
	uint64_t n;

	if (!answer || !*answer)
		return false;
	if (str_to_u64(span_of(answer), &n) < 0 || n == 0 ||
	    n > l->set.rules.policy.n_rules) {
		plain_say(p, "There is no such rule.");
		return false;
	}
	rulelist_detail(l, &(struct rulelist_row){.rule = (size_t)n - 1}, &d, true);
	plain_doc(p, &d);
	return false;
}

static bool do_filter(struct rulelist *l, struct plain *p)
{
	const char *answer = plain_ask(p, "Words, !word is without (empty: all):");

	if (!answer)
		return false;
	(void)snprintf(l->find.filter, sizeof(l->find.filter), "%s", answer);
	rulelist_rebuild(l);
	return true;
}

static bool do_open(struct rulelist *l, struct plain *p)
{
	const char *answer = plain_ask(p, "Policy file (empty: what is in force):");

	if (!answer)
		return false;
	rulelist_load(l, *answer ? answer : NULL);
	plain_settle(p);
	return true;
}

static bool ask_op(struct rulelist *l, struct plain *p)
{
	_cleanup_strbuf_ struct strbuf question = {0}, words = {0};
	const struct policy_kernel any = {0};
	struct policymatch_access a;
	const char *answer;

	explain_ops(&words);
	strbuf_addf(&question,
		    "What is done with it (%s; empty: read):", strbuf_str(&words));
	answer = plain_ask(p, strbuf_str(&question));
	if (!answer)
		return false;
	(void)snprintf(l->op, sizeof(l->op), "%s", *answer ? answer : "read");
	if (explain_op(l->op, 0, &any, &a))
		return true;
	plain_say(p, "That is none of them.");
	return false;
}

static bool ask_user(struct plain *p, uint32_t *ret)
{
	const char *answer = plain_ask(p, "By user, a number (empty: 0):");
	uint64_t uid = 0;

	if (!answer)
		return false;
	if (*answer && (str_to_u64(span_of(answer), &uid) < 0 || uid >= UINT32_MAX)) {
		plain_say(p, "That is no number below 4294967295.");
		return false;
	}
	*ret = (uint32_t)uid;
	return true;
}

static bool do_explain(struct rulelist *l, struct plain *p)
{
	struct diag d = {0};
	const char *answer;
	uint32_t uid;

	if (!rulelist_may_explain(l, &d)) {
		plain_diag(p, &d);
		return false;
	}
	answer = plain_ask(p, "Path of the file:");
	if (!answer || !*answer)
		return false;
	(void)snprintf(l->path, sizeof(l->path), "%s", answer);
	if (!ask_op(l, p) || !ask_user(p, &uid))
		return false;
	if (rulelist_explain(l, l->path, l->op, uid, &d))
		say_answer(l, p);
	else
		plain_diag(p, &d);
	return false;
}

static bool do_diff(struct rulelist *l, struct plain *p)
{
	struct diag d = {0};

	if (rulelist_diff(l, &d))
		say_answer(l, p);
	else
		plain_say(p, "%s", d.text);
	return false;
}

static bool do_test(struct rulelist *l, struct plain *p)
{
	_cleanup_(doc_done) struct doc d = {0};
	struct diag diag = {0};
	const char *answer;

	if (!rulelist_may_test(l, &diag)) {
		plain_diag(p, &diag);
		return false;
	}
	rulelist_test_text(l, &d);
	plain_doc(p, &d);
	answer = plain_ask(p, "Type yes to do it:");
	if (!answer || strcmp(answer, "yes") != 0)
		plain_say(p, "The kernel was not asked.");
	else if (rulelist_test(l, &diag))
		say_answer(l, p);
	else
		plain_diag(p, &diag);
	return false;
}

static bool do_simulate(struct rulelist *l, struct plain *p)
{
	struct diag d = {0};

	if (rulelist_try(l, &d))
		say_answer(l, p);
	else
		plain_diag(p, &d);
	return false;
}

static bool do_plan(struct rulelist *l, struct plain *p, bool boot)
{
	_cleanup_strbuf_ struct strbuf why = {0};
	struct diag d = {0};

	if (!rulelist_may_change(l, &why)) {
		plain_say(p, "%s.", strbuf_str(&why));
		return false;
	}
	planned_drop(&l->ready);
	if (!rulelist_plan(l, boot, &d)) {
		plain_diag(p, &d);
		return false;
	}
	plain_settle(p); /* what could not be planned is said */
	return planned_in_lines(&l->ready, p);
}

static bool do_load(struct rulelist *l, struct plain *p)
{
	return do_plan(l, p, false);
}

static bool do_install(struct rulelist *l, struct plain *p)
{
	return do_plan(l, p, true);
}

static bool save(struct rulelist *l, struct plain *p, bool all)
{
	struct diag d = {0};
	const char *answer;

	if (all ? !l->set.rules.policy.n_rules : !rulelist_own(l)) {
		plain_say(p, "There are no rules to write.");
		return false;
	}
	answer = plain_ask(p, "Write to which file:");
	if (!answer || !*answer)
		return false;
	if (rulelist_save(l, answer, all, false, &d) < 0)
		plain_diag(p, &d);
	else
		plain_say(p, "Wrote the rules to %s.", answer);
	return false;
}

static bool do_save(struct rulelist *l, struct plain *p)
{
	return save(l, p, true);
}

static bool do_save_policy(struct rulelist *l, struct plain *p)
{
	return save(l, p, false);
}

static bool do_refresh(struct rulelist *l, struct plain *p)
{
	model_reread(&l->app->model);
	rulelist_load(l, l->file);
	plain_settle(p);
	return true;
}

static const struct {
	const char *text;
	/* True: the rows are others now, and read out again. */
	action_fn run;
} actions[] = {
	{"everything about a rule", do_detail},
	{"filter", do_filter},
	{"open a policy file, before it is loaded", do_open},
	{"which rules an access to a file meets", do_explain},
	{"what the opened file changes of what is in force", do_diff},
	{"ask the kernel about the policy, without loading it", do_test},
	{"try the rules on the files that this machine uses", do_simulate},
	{"load the opened file into the kernel", do_load},
	{"install the opened file for the next boot", do_install},
	{"write all rules to a file, as text", do_save},
	{"write the policy's own rules to a file, for a kernel to load", do_save_policy},
	{"refresh, check again", do_refresh},
};

void rulelist_plain(struct rulelist *l, struct plain *p)
{
	int i;

	plain_settle(p);
	say_rows(l, p, 0);
	plain_choices(p, PLAIN_CHOICES(actions));
	while ((i = plain_choose(p, "Policy", PLAIN_CHOICES(actions))) != PLAIN_BACK)
		if (i == PLAIN_AGAIN)
			say_rows(l, p, l->list.sel);
		else if (actions[i].run(l, p))
			say_rows(l, p, 0);
}
