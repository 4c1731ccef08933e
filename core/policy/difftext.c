/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy/difftext.h"

#include "core/base/cleanup.h"

char difftext_mark(enum difftext_kind kind)
{
	static const char marks[] = {[DIFFTEXT_REMOVED] = '-',
				     [DIFFTEXT_ADDED] = '+',
				     [DIFFTEXT_MOVED] = '>',
				     [DIFFTEXT_ACCESS] = ' ',
				     [DIFFTEXT_REMARK] = ' '};

	return marks[kind];
}

/* "   4  measure func=FILE_CHECK   (of ima_policy=)" */
static void add_rule(const struct ruleset *s, size_t rule, struct strbuf *out)
{
	const struct policy_rule *r = &s->policy.rules[rule];
	enum ruleset_origin origin = s->origins[rule];

	if (origin == RULESET_CUSTOM)
		strbuf_addf(out, "%4u  ", r->line);
	else
		strbuf_addf(out, "%4s  ", "");
	policy_print(out, r);
	if (origin != RULESET_CUSTOM)
		strbuf_addf(out, "   (of %s)", ruleset_origin_words(origin));
	if (r->refused)
		strbuf_adds(out, "   (the kernel refuses it)");
}

static void add_keys(uint32_t keys, struct strbuf *out)
{
	const char *before = "   (";

	for (int k = 0; k < _POLICY_KEY_MAX; k++) {
		if (!(keys >> k & 1))
			continue;
		strbuf_addf(out, "%s%s", before, policy_key_name(k));
		before = ", ";
	}
	strbuf_addc(out, ')');
}

static void change(const struct ruleset *from, const struct ruleset *to,
		   const struct policydiff_change *c, difftext_fn fn, void *user)
{
	_cleanup_strbuf_ struct strbuf was = {0}, is = {0};

	if (c->from != SIZE_MAX)
		add_rule(from, c->from, &was);
	if (c->to != SIZE_MAX)
		add_rule(to, c->to, &is);
	if (c->kind == POLICYDIFF_MOVED) {
		strbuf_addf(&is, "   (was line %u%s)", from->policy.rules[c->from].line,
			    c->matters ? "" : "; changes nothing");
		fn(user, DIFFTEXT_MOVED, strbuf_span(&is));
		return;
	}
	if (c->kind == POLICYDIFF_CHANGED)
		add_keys(c->keys, &is);
	if (was.len)
		fn(user, DIFFTEXT_REMOVED, strbuf_span(&was));
	if (is.len)
		fn(user, DIFFTEXT_ADDED, strbuf_span(&is));
}

void difftext_rules(const struct ruleset *from, const struct ruleset *to,
		    const struct policydiff *d, difftext_fn fn, void *user)
{
	for (size_t i = 0; i < d->n; i++)
		change(from, to, &d->changes[i], fn, user);
}

/* "programs run by root: now appraised" */
static void access_change(const struct accessdiff *d, const struct accessdiff_change *c,
			  difftext_fn fn, void *user)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	strbuf_addf(&b, "%s: ", accessdiff_text(d, c->what));
	if (!c->before)
		strbuf_addf(&b, "now %s", accessdiff_text(d, c->is));
	else if (!c->after)
		strbuf_addf(&b, "no longer %s", accessdiff_text(d, c->was));
	else
		strbuf_addf(&b, "%s; before: %s", accessdiff_text(d, c->is),
			    accessdiff_text(d, c->was));
	fn(user, DIFFTEXT_ACCESS, strbuf_span(&b));
}

void difftext_accesses(const struct accessdiff *d, bool same, difftext_fn fn, void *user)
{
	if (d->n)
		fn(user, DIFFTEXT_REMARK,
		   span_of("Accesses that are decided differently:"));
	else if (!same)
		fn(user, DIFFTEXT_REMARK, span_of("No access is decided differently."));
	for (size_t i = 0; i < d->n; i++)
		access_change(d, &d->changes[i], fn, user);
	if (d->rough)
		fn(user, DIFFTEXT_REMARK,
		   span_of("The rules tell more accesses apart than were tried: there "
			   "may be others."));
}
