/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/triage/exempt.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "core/base/cleanup.h"
#include "core/policy/policyfile.h"
#include "core/triage/triage-internal.h"

static const struct policy_rule *rule_of(const struct triage *t,
					 const struct triage_found *f)
{
	const struct triage_op *op = triage_first(f);

	return op && op->rule < t->rules.policy.n_rules ? &t->rules.policy.rules[op->rule]
							: NULL;
}

/* Does it lie on the file system that everything else lies on? */
static bool on_root(const struct triage *t, const struct triage_found *f)
{
	struct stat st;

	return fstat(t->root->dir[ROOT_TARGET], &st) < 0 || st.st_dev == f->facts.dev;
}

const char *exempt_cannot(const struct triage *t, const struct triage_found *f)
{
	const struct policy_rule *rule = rule_of(t, f);

	if (root_is_recorded(t->root))
		return "a recorded host can only be looked at";
	if (!f->is_file || !rule)
		return "which rule appraises it is not known";
	if (t->rules.origins[triage_first(f)->rule] == RULESET_ARCH ||
	    t->rules.origins[triage_first(f)->rule] == RULESET_BUILD)
		return "the kernel brings that rule along: no policy takes it away";
	if (on_root(t, f) && !f->facts.uid)
		return "no rule can tell it from the other files of root on this file "
		       "system";
	return NULL;
}

/* What lives in memory has one of zeros, like all of its kind. */
static bool has_uuid(const struct policymatch_access *a)
{
	static const uint8_t none[sizeof(a->fsuuid)];

	return !a->no_fsuuid && memcmp(a->fsuuid, none, sizeof(none)) != 0;
}

/* The hook is that of the rule that appraises: only what it does is undone. */
static void draft_rule(const struct triage *t, const struct triage_found *f,
		       struct strbuf *out)
{
	const struct policymatch_access *a = &f->place.access;
	const struct policy_rule *rule = rule_of(t, f);

	strbuf_adds(out, "dont_appraise");
	if (rule->func != POLICY_FUNC_NONE)
		strbuf_addf(out, " func=%s", policy_func_name(rule->func));
	if (!on_root(t, f) && has_uuid(a)) {
		strbuf_adds(out, " fsuuid=");
		policy_print_uuid(out, a->fsuuid);
	} else if (!on_root(t, f)) {
		strbuf_addf(out, " fsmagic=0x%llx", (unsigned long long)a->fsmagic);
	}
	if (f->facts.uid)
		strbuf_addf(out, " fowner=%u", f->facts.uid);
}

/* Does the file for the boot have that rule? Its line; 0: it has not. */
static unsigned line_in_file(const struct policy *file, const struct policy_rule *rule)
{
	_cleanup_strbuf_ struct strbuf want = {0};

	policy_print(&want, rule);
	for (size_t i = 0; i < file->n_rules; i++) {
		_cleanup_strbuf_ struct strbuf has = {0};

		policy_print(&has, &file->rules[i]);
		if (span_equal(strbuf_span(&has), strbuf_span(&want)))
			return file->rules[i].line;
	}
	return 0;
}

static void add_line(struct strbuf *out, struct span line)
{
	strbuf_add(out, line.ptr, line.len);
	strbuf_addc(out, '\n');
}

/* Before that line. */
static void edit(struct span text, struct exempt *e)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	struct span line;

	for (unsigned n = 1; bytes_left(&in); n++) {
		if (n == e->line)
			add_line(&e->text, strbuf_span(&e->rule));
		if (!bytes_until(&in, '\n', &line))
			(void)bytes_take(&in, bytes_left(&in), &line);
		add_line(&e->text, line);
	}
}

/* From the rules in force that a policy can replace: what the kernel brings along stays. */
static void gather(const struct triage *t, const struct triage_found *f, struct exempt *e)
{
	const struct policy *p = &t->rules.policy;
	unsigned n = 0;

	for (size_t i = 0; i < p->n_rules; i++) {
		if (t->rules.origins[i] == RULESET_ARCH ||
		    t->rules.origins[i] == RULESET_BUILD || p->rules[i].refused)
			continue;
		n++;
		if (i == triage_first(f)->rule) {
			e->line = n++;
			add_line(&e->text, strbuf_span(&e->rule));
		}
		policy_print(&e->text, &p->rules[i]);
		strbuf_addc(&e->text, '\n');
	}
}

int exempt_draft(const struct triage *t, const struct triage_found *f, struct exempt *ret,
		 struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	_cleanup_policy_ struct policy file = {0};
	static const struct policy_kernel any;
	struct policyfile about;
	int r = policyfile_read_boot(t->root, &text, &about, NULL);

	draft_rule(t, f, &ret->rule);
	if (r == 0)
		r = policy_parse(strbuf_span(&text), &any, &file, NULL);
	if (r == 0)
		ret->line = line_in_file(&file, rule_of(t, f));
	ret->edited = ret->line > 0;
	if (ret->edited)
		edit(strbuf_span(&text), ret);
	else
		gather(t, f, ret);
	return ret->rule.failed || ret->text.failed || r == -ENOMEM
		       ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.")
		       : 0;
}

void exempt_done(struct exempt *e)
{
	strbuf_done(&e->rule);
	strbuf_done(&e->text);
}

void exempt_diff(const struct exempt *e, struct strbuf *out)
{
	struct bytes in = bytes_of(strbuf_str(&e->text), e->text.len);
	struct span line;

	for (unsigned n = 1; bytes_until(&in, '\n', &line); n++) {
		if (n + 2 < e->line || n > e->line + 2)
			continue;
		strbuf_addc(out, n == e->line ? '+' : ' ');
		add_line(out, line);
	}
}
