/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/rulelist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tui/words.h"

void rulelist_set_done(struct rulelist_set *set)
{
	ruleset_done(&set->rules);
	strbuf_done(&set->keep);
	strbuf_done(&set->text);
	free(set->at);
	free(set->worst);
	*set = (struct rulelist_set){0};
}

void rulelist_done(struct rulelist *l)
{
	rulelist_set_done(&l->set);
	rulehits_done(&l->hits);
	doc_done(&l->answer);
	planned_drop(&l->ready);
	prompt_history_done(&l->files);
	prompt_history_done(&l->paths);
	free(l->file);
	free(l->row);
}

static void note_worst(struct rulelist_set *set)
{
	const struct policy *p = &set->rules.policy;

	for (size_t i = 0; i < p->n_findings; i++) {
		const struct policy_finding *f = &p->findings[i];

		if (f->rule < p->n_rules && f->severity < set->worst[f->rule])
			set->worst[f->rule] = (uint8_t)f->severity;
	}
}

int rulelist_set_text(struct rulelist_set *set, bool ascii)
{
	const struct policy *p = &set->rules.policy;

	set->at = calloc(p->n_rules + 1, sizeof(*set->at));
	set->worst = malloc(p->n_rules + 1);
	if (!set->at || !set->worst)
		return -ENOMEM;
	memset(set->worst, _RULELIST_FINE, p->n_rules + 1);
	for (size_t i = 0; i < p->n_rules; i++) {
		_cleanup_strbuf_ struct strbuf rule = {0};

		set->at[i] = set->text.len;
		policy_print(&rule, &p->rules[i]);
		strbuf_addf(&set->text, "%s ",
			    ruleset_origin_word(set->rules.origins[i]));
		str_escape(&set->text, strbuf_span(&rule), ascii);
		strbuf_addc(&set->text, '\0');
		set->text.failed |= rule.failed;
	}
	note_worst(set);
	return set->text.failed ? -ENOMEM : 0;
}

const char *rulelist_rule(const struct rulelist *l, size_t rule)
{
	const char *text = strbuf_str(&l->set.text) + l->set.at[rule];

	return strchr(text, ' ') + 1;
}

static bool passes(const struct rulelist *l, const struct rulelist_row *row)
{
	const struct policy *p = &l->set.rules.policy;

	return words_pass(l->find.filter,
			  row->rule == SIZE_MAX
				  ? p->findings[row->finding].d.text
				  : strbuf_str(&l->set.text) + l->set.at[row->rule]);
}

static void add_row(struct rulelist *l, size_t rule, size_t finding)
{
	struct rulelist_row row = {rule, finding};

	if (passes(l, &row))
		l->row[l->n++] = row;
}

static void find_selected(struct rulelist *l)
{
	size_t at = l->list.sel;

	for (size_t i = 0; i < l->n; i++)
		if (l->row[i].rule == l->sel.rule &&
		    (l->sel.rule != SIZE_MAX || l->row[i].finding == l->sel.finding))
			at = i;
	list_fit(&l->list, l->n, l->list.rows);
	list_select(&l->list, at);
}

void rulelist_rebuild(struct rulelist *l)
{
	const struct policy *p = &l->set.rules.policy;

	free(l->row);
	l->n = 0;
	l->row = calloc(p->n_rules + p->n_findings + 1, sizeof(*l->row));
	for (size_t i = 0; l->row && i < p->n_findings; i++)
		if (p->findings[i].rule == SIZE_MAX)
			add_row(l, SIZE_MAX, i);
	for (size_t i = 0; l->row && i < p->n_rules; i++)
		add_row(l, i, 0);
	find_selected(l);
	l->app->dirty = true;
}

void rulelist_take(struct rulelist *l, struct rulelist_set *set)
{
	rulelist_set_done(&l->set);
	l->set = *set;
	*set = (struct rulelist_set){0};
	l->loaded = true;
	l->failed = (struct diag){0};
	rulelist_rebuild(l);
}

const struct rulelist_row *rulelist_selected(struct rulelist *l)
{
	list_fit(&l->list, l->n, l->list.rows);
	return l->list.sel < l->n ? &l->row[l->list.sel] : NULL;
}

void rulelist_moved(struct rulelist *l)
{
	const struct rulelist_row *row = rulelist_selected(l);

	if (row)
		l->sel = *row;
}

unsigned rulelist_worst(const struct rulelist *l, const struct rulelist_row *row)
{
	return row->rule == SIZE_MAX
		       ? (unsigned)l->set.rules.policy.findings[row->finding].severity
		       : l->set.worst[row->rule];
}

static bool holds(const struct rulelist *l, const struct rulelist_row *row)
{
	return strstr(row->rule == SIZE_MAX
			      ? l->set.rules.policy.findings[row->finding].d.text
			      : rulelist_rule(l, row->rule),
		      l->find.text);
}

static bool is_bad(const struct rulelist *l, const struct rulelist_row *row)
{
	return rulelist_worst(l, row) <= POLICY_WARNING;
}

/* From the selection on and round; the selected row is the last that is looked at. */
static bool go(struct rulelist *l, bool forward,
	       bool (*wanted)(const struct rulelist *, const struct rulelist_row *))
{
	size_t at = l->list.sel;

	for (size_t i = 0; i < l->n; i++) {
		at = forward ? (at + 1) % l->n : (at + l->n - 1) % l->n;
		if (!wanted(l, &l->row[at]))
			continue;
		list_select(&l->list, at);
		rulelist_moved(l);
		return true;
	}
	return false;
}

bool rulelist_find(void *list, bool forward)
{
	struct rulelist *l = list;
	return go(l, forward, holds);
}

bool rulelist_next_bad(struct rulelist *l, bool forward)
{
	return go(l, forward, is_bad);
}
