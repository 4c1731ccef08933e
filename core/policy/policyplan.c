/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/policy/policyplan.h"

#include <errno.h>
#include <string.h>

#include "core/base/act-policy.h"
#include "core/base/cleanup.h"
#include "core/policy/policyhost.h"
#include "core/policy/policylint.h"

enum { WARNINGS_SHOWN = 5 };

void policyplan_done(struct policyplan *p)
{
	ruleset_done(&p->rules);
	policytry_done(&p->tried);
	p->probe = probe_free(p->probe);
}

/* What is known to be wrong with that line (0: the first of all); NULL: nothing. */
static const struct diag *wrong(const struct policyplan *p, unsigned line)
{
	const struct policy *policy = &p->rules.policy;

	for (size_t i = 0; i < policy->n_findings; i++) {
		const struct policy_finding *f = &policy->findings[i];

		if (line ? f->d.line == line && f->severity <= POLICY_DEPENDS
			 : f->severity == POLICY_ERROR)
			return &f->d;
	}
	return NULL;
}

static int refuse(const struct policyplan *p, const struct diag *why, struct diag *reterr)
{
	char q[80], line[24] = "";

	if (why->line)
		(void)snprintf(line, sizeof(line), "line %u of ", why->line);
	return diag_set(reterr, DIAG_POLICY_REFUSED, EINVAL,
			"This kernel refuses %s%s: %s.", line,
			str_quote(q, sizeof(q), span_of(p->name)), why->text);
}

int policyplan_read(struct policyplan *p, struct diag *reterr)
{
	int r = probe_run(p->root, (struct span){0}, &p->probe, reterr);

	if (r == 0)
		r = ruleset_with(p->root, p->probe, p->text, &p->rules, reterr);
	if (r == 0)
		r = policylint_run(&p->rules, reterr);
	if (r == 0 && policy_count(&p->rules.policy, POLICY_ERROR))
		return refuse(p, wrong(p, 0), reterr);
	return r;
}

static int judge_answers(const struct policyplan *p, struct diag *reterr)
{
	for (size_t i = 0; i < p->tried.n; i++) {
		const struct policytry_rule *rule = &p->tried.rules[i];
		const struct diag *known = wrong(p, rule->line);
		struct diag said = {.line = rule->line};

		if (!rule->err)
			continue;
		(void)snprintf(said.text, sizeof(said.text), "%s", diag_errno(rule->err));
		return refuse(p, known ? known : &said, reterr);
	}
	return 0;
}

static int ask(struct policyplan *p, struct diag *reterr)
{
	if (!root_is_live(p->root))
		return diag_set(&p->not_asked, DIAG_POLICY_NO_TEST, EOPNOTSUPP,
				"The kernel of that system does not run here."),
		       0;
	if (policytry_run(p->root, p->text, p->path, &p->tried, &p->not_asked) < 0)
		return p->not_asked.id == DIAG_MEMORY
			       ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.")
			       : 0;
	p->not_asked = (struct diag){0};
	return judge_answers(p, reterr);
}

int policyplan_look(struct policyplan *p, struct diag *reterr)
{
	int r = policyplan_read(p, reterr);

	if (r == 0)
		r = ask(p, reterr);
	return r == 0 ? policyhost_run(p->root, p->probe, &p->rules, reterr) : r;
}

/* Only a file that the kernel opens by its path, and it would not take this one. */
static int unsigned_file(const struct policyplan *p, struct diag *reterr)
{
	int err = p->path && p->tried.has_path ? p->tried.path_err : EACCES;
	char q[100];

	return diag_set(reterr,
			err == EACCES ? DIAG_POLICY_UNSIGNED : DIAG_POLICY_REFUSED, err,
			err == EACCES
				? "This kernel takes policies only from a signed file, "
				  "by its path, and %s is none that it believes."
				: "This kernel refuses %s.",
			str_quote(q, sizeof(q), span_of(p->name)));
}

/* 1: by path; 0: rule by rule. */
static int which_way(const struct policyplan *p, struct diag *reterr)
{
	if (p->not_asked.id || p->tried.fixes)
		return p->path != NULL; /* the step itself says what is not possible */
	if (p->tried.has_path && !p->tried.path_err)
		return 1;
	return p->tried.only_by_path ? unsigned_file(p, reterr) : 0;
}

static void as_shown(const struct ruleset *rules, struct strbuf *out)
{
	for (size_t i = 0; i < rules->policy.n_rules; i++) {
		if (rules->origins[i] != RULESET_CUSTOM)
			continue;
		policy_print(out, &rules->policy.rules[i]);
		strbuf_addc(out, '\n');
	}
}

int policyplan_load(const struct policyplan *p, struct plan *ret, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf rules = {0};
	struct act_policy what = {.text = p->text};
	int by_path = which_way(p, reterr), r;

	if (by_path < 0)
		return by_path;
	as_shown(&p->rules, &rules);
	if (rules.failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	what.path = by_path ? p->path : NULL;
	what.as_shown = strbuf_span(&rules);
	r = plan_init(ret, "load a policy into the running kernel", reterr);
	if (r == 0)
		r = act_policy_load(ret, p->root, &what,
				    by_path ? NULL
					    : "rule by rule, so what was written stays "
					      "if imactl is killed in between",
				    reterr);
	return r < 0 ? r : 0;
}

/* Whether the file there now is signed says nothing of this one. */
static bool warns(const struct policy_finding *f)
{
	return f->severity == POLICY_WARNING && f->d.id != DIAG_POLICY_UNSIGNED;
}

static void format_warnings(const struct policyplan *p, struct strbuf *out)
{
	const struct policy *policy = &p->rules.policy;
	size_t n = 0;

	for (size_t i = 0; i < policy->n_findings; i++) {
		const struct diag *d = &policy->findings[i].d;

		if (!warns(&policy->findings[i]) || ++n > WARNINGS_SHOWN)
			continue;
		strbuf_addf(out, "Warning %s", diag_code(d->id));
		if (d->line)
			strbuf_addf(out, ", line %u", d->line);
		strbuf_addf(out, ": %s.\n", d->text);
	}
	if (n > WARNINGS_SHOWN)
		strbuf_addf(out, "And %zu more warnings.\n", n - WARNINGS_SHOWN);
	if (n)
		strbuf_adds(out,
			    "'imactl policy check' explains warnings, 'imactl policy "
			    "simulate' says what would be denied.\n");
}

static void format_answer(const struct policyplan *p, struct strbuf *out)
{
	char rules[48];

	if (p->not_asked.id) {
		strbuf_addf(out, "%s It was read as this kernel reads it.\n",
			    p->not_asked.text);
		return;
	}
	if (p->tried.only_by_path)
		strbuf_adds(out, "The kernel was asked: it takes policies only by path, "
				 "from a signed file");
	else
		strbuf_addf(out, "The kernel was asked: it takes %s",
			    str_counted(rules, sizeof(rules), p->tried.n, "rule",
					"rules"));
	if (p->tried.has_path)
		strbuf_addf(out,
			    p->tried.path_err ? "; not the file by its path: %s"
					      : "%s, and the file by its path",
			    p->tried.path_err ? diag_errno(p->tried.path_err) : "");
	else if (p->tried.fixes)
		strbuf_adds(out, "; not about the file, because in fix mode that would "
				 "write its label");
	strbuf_adds(out, ".\n");
}

void policyplan_format(const struct policyplan *p, struct strbuf *out)
{
	format_answer(p, out);
	format_warnings(p, out);
}

/* linux 6.12 ima_policy.c ima_update_policy(): the first one takes the place of the list that
 * ima_policy= chose, each other one is appended. */
void policyplan_place(const struct policyplan *p, struct strbuf *out)
{
	_cleanup_ruleset_ struct ruleset now = {0};
	size_t boot = 0;

	if (ruleset_in_force(p->root, p->probe, &now, NULL) < 0 || !now.sure)
		return;
	for (size_t i = 0; i < now.policy.n_rules; i++) {
		if (now.origins[i] == RULESET_CUSTOM) {
			strbuf_adds(out, "These rules come behind those that are in "
					 "force.\n");
			return;
		}
		boot += now.origins[i] == RULESET_BUILTIN;
	}
	if (boot)
		strbuf_adds(out,
			    "It takes the place of the rules that ima_policy= has "
			    "set up: 'imactl policy diff' says what that changes.\n");
}

static void json_warnings(const struct policyplan *p, struct json *j)
{
	const struct policy *policy = &p->rules.policy;

	json_key(j, "warnings");
	json_open(j, '[');
	for (size_t i = 0; i < policy->n_findings; i++) {
		const struct diag *d = &policy->findings[i].d;

		if (!warns(&policy->findings[i]))
			continue;
		json_open(j, '{');
		json_ku64(j, "line", d->line);
		json_kstr(j, "id", diag_code(d->id));
		json_kstr(j, "text", d->text);
		json_close(j, '}');
	}
	json_close(j, ']');
}

void policyplan_json(const struct policyplan *p, struct json *j)
{
	json_kbytes(j, "file", span_of(p->name));
	json_kbool(j, "asked", !p->not_asked.id);
	json_kstr(j, "not_asked", p->not_asked.id ? p->not_asked.text : NULL);
	json_kbool(j, "only_by_path", p->tried.only_by_path);
	json_key(j, "by_path");
	if (p->tried.has_path)
		json_str(j, p->tried.path_err ? "refused" : "taken");
	else
		json_null(j);
	json_warnings(p, j);
}
