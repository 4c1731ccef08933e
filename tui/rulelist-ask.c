/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the Policy screen asks, and the answers as text; in the pool. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/policy/difftext.h"
#include "core/policy/explain.h"
#include "core/base/policytry.h"
#include "tui/rulelist.h"

/* A name that people type may be a FIFO or a terminal, which would never end. */
int rulelist_ask_text(const struct rulelist_ask *ask, struct strbuf *out,
		      struct policyfile *ret)
{
	struct stat st;
	char q[140];

	if (!ask->file)
		return policyfile_read_boot(ask->root, out, ret, ask->reterr);
	if (stat(ask->file, &st) == 0 && !S_ISREG(st.st_mode))
		return diag_set(ask->reterr, DIAG_OPEN, EINVAL, "%s is no plain file.",
				str_quote(q, sizeof(q), span_of(ask->file)));
	return policyfile_read(ask->file, out, ret, ask->reterr);
}

/* One access on its way through the rules */

enum { WALK_ALL = 500 }; /* of longer policies only the rules that match are shown */

static bool shows(const struct policy *p, size_t i, const struct policymatch_access *a,
		  const struct policymatch_result *r)
{
	struct explain_rule e = explain_rule(p, i, a, r);

	return p->n_rules <= WALK_ALL || (e.tried && e.answer != POLICY_NO);
}

static void walked_rule(const struct rulelist_ask *ask, size_t i,
			const struct policymatch_access *a,
			const struct policymatch_result *r, struct doc *d)
{
	static const struct {
		const char *mark;
		enum style style;
	} rows[] = {
		[POLICY_NO] = {"-", STYLE_DIM},
		[POLICY_YES] = {"*", STYLE_GOOD},
		[POLICY_UNKNOWN] = {"?", STYLE_WARN},
	};
	struct explain_rule e = explain_rule(&ask->of->rules.policy, i, a, r);
	_cleanup_strbuf_ struct strbuf why = {0};

	explain_rule_text(&ask->of->rules.policy, i, e, r, &why);
	doc_mark(d, e.tried ? rows[e.answer].mark : " ",
		 e.tried ? rows[e.answer].style : STYLE_DIM, "%3zu  %s%s%s%s", i + 1,
		 strbuf_str(&ask->of->text) + ask->of->at[i], why.len ? "   (" : "",
		 strbuf_str(&why), why.len ? ")" : "");
}

static void walk(const struct rulelist_ask *ask, const struct policymatch_access *a,
		 struct doc *d)
{
	const struct policy *p = &ask->of->rules.policy;
	_cleanup_strbuf_ struct strbuf title = {0};
	struct policymatch_result r;

	policymatch_decide(p, a, &r);
	strbuf_addf(&title, "%s ", policy_func_name(a->func));
	policy_mask_print(&title, a->mask);
	strbuf_addf(&title, ": %s", policy_func_words(a->func));
	doc_blank(d);
	doc_title(d, strbuf_str(&title));
	for (int c = 0; c < _POLICY_CLASS_MAX; c++) {
		_cleanup_strbuf_ struct strbuf b = {0};

		explain_class_text(&r, (enum policy_class)c, &b);
		doc_text(d, r.by[c].does ? STYLE_TITLE : STYLE_NORMAL, "%s",
			 strbuf_str(&b));
	}
	for (size_t i = 0; i < p->n_rules; i++)
		if (shows(p, i, a, &r))
			walked_rule(ask, i, a, &r, d);
	if (p->n_rules > WALK_ALL)
		doc_text(d, STYLE_DIM,
			 "The others do not match, or come behind one that does.");
}

static void walk_head(const struct rulelist_ask *ask, const struct explain *e,
		      struct doc *d)
{
	const struct policymatch_access *a = &e->access;
	_cleanup_strbuf_ struct strbuf b = {0};

	str_escape(&b, span_of(ask->path), ask->ascii);
	doc_text(d, STYLE_TITLE, "/%s, %s by user %u", strbuf_str(&b), ask->op, ask->uid);
	strbuf_clear(&b);
	str_escape(&b, a->no_fsname ? span_of("an unknown file system") : a->fsname,
		   ask->ascii);
	doc_text(d, STYLE_NORMAL, "owner %u, group %u, on %s (0x%llx)", a->fowner,
		 a->fgroup, strbuf_str(&b), (unsigned long long)a->fsmagic);
	if (policy_count(&ask->of->rules.policy, POLICY_ERROR))
		doc_text(d, STYLE_BAD,
			 "The kernel refuses this policy as a whole, for its errors.");
	if (!ask->of->rules.sure)
		doc_text(d, STYLE_WARN,
			 "Not sure: something that decides is not known here.");
}

int rulelist_ask_explain(const struct rulelist_ask *ask)
{
	_cleanup_explain_ struct explain e = {0};
	_cleanup_strbuf_ struct strbuf keep = {0};
	struct policymatch_access *a = &e.access;
	struct policy_kernel kernel;
	int r = explain_file(ask->root, ask->path, &e, ask->reterr);

	if (r >= 0)
		r = ruleset_kernel(ask->root, &keep, &kernel, ask->reterr);
	if (r < 0)
		return r;
	a->uid = a->euid = a->suid = ask->uid;
	a->may_setuid = a->may_setgid = ask->uid == 0;
	walk_head(ask, &e, ask->doc);
	for (size_t i = 0; explain_op(ask->op, i, &kernel, a); i++)
		walk(ask, a, ask->doc);
	return 0;
}

/* The candidate and what is in force */

/* Where there is no IMA, the file for the boot stands for it. */
static int load_own(const struct rulelist_ask *ask, struct ruleset *ret,
		    const char **name)
{
	_cleanup_(probe_freep) struct probe *p = NULL;
	_cleanup_strbuf_ struct strbuf text = {0};
	struct policyfile file;
	int r = probe_run(ask->root, (struct span){0}, &p, ask->reterr);

	if (r < 0)
		return r;
	*name = "what is in force";
	if (probe_is(p, PROBE_IMA, PROBE_YES))
		return ruleset_in_force(ask->root, p, ret, ask->reterr);
	*name = "the policy for the boot";
	r = policyfile_read_boot(ask->root, &text, &file, ask->reterr);
	return r < 0 ? r
		     : ruleset_with(ask->root, p, strbuf_span(&text), ret, ask->reterr);
}

static void diff_line(void *user, enum difftext_kind kind, struct span line)
{
	static const enum style styles[] = {
		[DIFFTEXT_REMOVED] = STYLE_BAD,	 [DIFFTEXT_ADDED] = STYLE_GOOD,
		[DIFFTEXT_MOVED] = STYLE_DIM,	 [DIFFTEXT_ACCESS] = STYLE_NORMAL,
		[DIFFTEXT_REMARK] = STYLE_TITLE,
	};
	const char mark[] = {difftext_mark(kind), '\0'};
	_cleanup_strbuf_ struct strbuf b = {0};
	const struct rulelist_ask *ask = user;

	str_escape(&b, line, ask->ascii);
	if (kind == DIFFTEXT_REMARK)
		doc_text(ask->doc, styles[kind], "%s", strbuf_str(&b));
	else
		doc_mark(ask->doc, mark, styles[kind], "%s", strbuf_str(&b));
}

static void diff_head(const struct rulelist_ask *ask, const char *own, bool same)
{
	_cleanup_strbuf_ struct strbuf name = {0};

	str_escape(&name, span_of(ask->file), ask->ascii);
	doc_text(ask->doc, STYLE_TITLE, "From %s to %s%s", own, strbuf_str(&name),
		 same ? ": the same rules." : ":");
}

int rulelist_ask_diff(struct rulelist_ask *ask)
{
	_cleanup_ruleset_ struct ruleset own = {0};
	_cleanup_policydiff_ struct policydiff d = {0};
	_cleanup_accessdiff_ struct accessdiff accesses = {0};
	_cleanup_strbuf_ struct strbuf keep = {0};
	const struct ruleset *to = &ask->of->rules;
	struct policy_kernel kernel;
	const char *name;
	int r = load_own(ask, &own, &name);

	if (r >= 0)
		r = ruleset_kernel(ask->root, &keep, &kernel, ask->reterr);
	if (r >= 0)
		r = policydiff_run(&own.policy, &to->policy, &d, ask->reterr);
	if (r >= 0)
		r = accessdiff_run(&own.policy, &to->policy, &kernel, &accesses,
				   ask->reterr);
	if (r < 0)
		return r;
	diff_head(ask, name, policydiff_same(&d));
	difftext_rules(&own, to, &d, diff_line, ask);
	difftext_accesses(&accesses, policydiff_same(&d), diff_line, ask);
	if (policy_count(&to->policy, POLICY_ERROR))
		doc_text(ask->doc, STYLE_BAD, "This kernel refuses the file as a whole.");
	return 0;
}

/* The kernel's word */

char *rulelist_ask_path(const struct rulelist_ask *ask)
{
	char buf[64];

	if (!root_owns_place(ask->root, ROOT_PROC))
		return NULL; /* below another root it has another name */
	return realpath(ask->file ? ask->file
				  : root_live_path(ROOT_BOOT_POLICY, buf, sizeof(buf)),
			NULL);
}

static void refused_rule(const struct rulelist_ask *ask, const struct policytry_rule *r,
			 const struct policy *p, struct doc *d)
{
	_cleanup_strbuf_ struct strbuf why = {0}, text = {0};

	policytry_rule_text(r, p, &why);
	doc_text(d, STYLE_BAD, "line %u: refused%s", r->line, strbuf_str(&why));
	for (size_t i = 0; i < p->n_rules; i++)
		if (p->rules[i].line == r->line)
			str_escape(&text, p->rules[i].text, ask->ascii);
	doc_text(d, STYLE_NORMAL, "    %s", strbuf_str(&text));
}

static void test_answer(const struct rulelist_ask *ask, const struct policytry *t,
			const struct policy *p)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	doc_text(ask->doc, policytry_taken(t) ? STYLE_GOOD : STYLE_BAD, "%s",
		 policytry_taken(t) ? "This kernel takes the policy."
				    : "This kernel refuses the policy.");
	doc_blank(ask->doc);
	for (size_t i = 0; i < t->n; i++)
		if (t->rules[i].err)
			refused_rule(ask, &t->rules[i], p, ask->doc);
	policytry_text(t, &b);
	doc_lines(ask->doc, STYLE_NORMAL, &b);
}

int rulelist_ask_test(const struct rulelist_ask *ask)
{
	_cleanup_strbuf_ struct strbuf text = {0}, keep = {0};
	_cleanup_policytry_ struct policytry t = {0};
	_cleanup_policy_ struct policy p = {0};
	_cleanup_free_ char *path = rulelist_ask_path(ask);
	struct policy_kernel kernel;
	struct policyfile file;
	int r = rulelist_ask_text(ask, &text, &file);

	if (r >= 0)
		r = ruleset_kernel(ask->root, &keep, &kernel, ask->reterr);
	if (r >= 0)
		r = policy_parse(strbuf_span(&text), &kernel, &p, ask->reterr);
	if (r >= 0)
		r = policytry_run(ask->root, strbuf_span(&text), path, &t, ask->reterr);
	if (r >= 0)
		test_answer(ask, &t, &p);
	return r;
}
