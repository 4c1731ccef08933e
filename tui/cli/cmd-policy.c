/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl policy: what a policy says, and what the kernel will say to it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/policy/policyhost.h"
#include "core/policy/policylint.h"
#include "tui/cli/cmd.h"
#include "tui/cli/policy.h"

static const enum out_style styles[] = {
	[POLICY_ERROR] = OUT_BAD,
	[POLICY_DEPENDS] = OUT_WARN,
	[POLICY_WARNING] = OUT_WARN,
	[POLICY_NOTE] = OUT_DIM,
};

/* What to write instead, said at the first error of a line. */
static bool repair_of(const struct policy_given *g, const struct policy *p, size_t i,
		      const struct policy_kernel *kernel, struct strbuf *out)
{
	unsigned line = p->findings[i].d.line;

	if (p->findings[i].severity != POLICY_ERROR || !line || line > g->n_lines)
		return false;
	while (i && p->findings[i - 1].d.line == line)
		if (p->findings[--i].severity == POLICY_ERROR)
			return false;
	return policy_repair(g->lines[line - 1], kernel, out);
}

/* "Write this instead:", and the lines of @repair. */
static void text_repair(struct out *o, struct span repair)
{
	struct bytes in = bytes_of(repair.ptr, repair.len);
	struct span line;

	out_add(o, "  Write instead:\n");
	while (bytes_left(&in)) {
		if (!bytes_until(&in, '\n', &line))
			(void)bytes_take(&in, bytes_left(&in), &line);
		out_add(o, "    ");
		out_foreign(o, line);
		out_add(o, "\n");
	}
}

static void text_finding(struct cli *cli, const struct policy_given *g,
			 const struct policy *p, size_t i,
			 const struct policy_kernel *kernel)
{
	const struct policy_finding *f = &p->findings[i];
	_cleanup_strbuf_ struct strbuf repair = {0};
	struct out *o = cli->out;

	out_foreign(o, span_of(g->name));
	if (f->d.line)
		out_addf(o, ":%u", f->d.line);
	if (f->d.line && f->d.column > 1)
		out_addf(o, ":%u", f->d.column);
	out_add(o, ": ");
	out_style(o, styles[f->severity], policy_severity_name(f->severity));
	out_addf(o, ": %s\n", f->d.text);
	if (f->d.line)
		policy_show_source(o, g, f->d.line, f->d.column);
	out_addf(o, "  %s: ", diag_code(f->d.id));
	str_wrap(out_buf(o), o->width, 12, diag_hint(f->d.id));
	if (repair_of(g, p, i, kernel, &repair))
		text_repair(o, strbuf_span(&repair));
}

/* "2 errors, 1 warning"; nothing where there is none. */
static void counts(struct strbuf *out, const struct policy *p)
{
	static const struct {
		enum policy_severity severity;
		const char *one, *many;
	} rows[] = {
		{POLICY_ERROR, "error", "errors"},
		{POLICY_DEPENDS, "that depends", "that depend"},
		{POLICY_WARNING, "warning", "warnings"},
	};
	char buf[40];

	for (size_t i = 0; i < array_size(rows); i++) {
		size_t n = policy_count(p, rows[i].severity);

		if (n)
			strbuf_addf(out, "%s%s", out->len ? ", " : "",
				    str_counted(buf, sizeof(buf), n, rows[i].one,
						rows[i].many));
	}
}

static void verdict(struct out *o, const struct policy *p)
{
	static const enum out_style verdicts[] = {[POLICY_ERROR] = OUT_BAD,
						  [POLICY_DEPENDS] = OUT_WARN,
						  [POLICY_NOTE] = OUT_GOOD};
	enum policy_severity worst;
	const char *words = policy_verdict(p, &worst);

	out_style(o, verdicts[worst], words);
}

static void text(struct cli *cli, const struct policy_given *g, const struct policy *p,
		 const struct policy_kernel *kernel, size_t n_rules)
{
	_cleanup_strbuf_ struct strbuf found = {0};
	char rules[40];

	for (size_t i = 0; i < p->n_findings; i++)
		text_finding(cli, g, p, i, kernel);
	counts(&found, p);
	out_foreign(cli->out, span_of(g->name));
	out_addf(cli->out, ": %s, ",
		 str_counted(rules, sizeof(rules), n_rules, "rule", "rules"));
	verdict(cli->out, p);
	if (found.len)
		out_addf(cli->out, " (%s)", strbuf_str(&found));
	out_add(cli->out, "\n");
}

static void json_finding(struct json *j, const struct policy_given *g,
			 const struct policy *p, size_t i,
			 const struct policy_kernel *kernel)
{
	const struct policy_finding *f = &p->findings[i];
	_cleanup_strbuf_ struct strbuf repair = {0};

	json_open(j, '{');
	json_ku64(j, "line", f->d.line);
	json_ku64(j, "column", f->d.column);
	json_kstr(j, "id", diag_code(f->d.id));
	json_kstr(j, "severity", policy_severity_name(f->severity));
	json_kstr(j, "text", f->d.text);
	json_kstr(j, "hint", diag_hint(f->d.id));
	if (repair_of(g, p, i, kernel, &repair))
		json_kbytes(j, "repair", strbuf_span(&repair));
	json_close(j, '}');
}

static void json(struct cli *cli, const struct policy_given *g, const struct policy *p,
		 const struct policy_kernel *kernel, size_t n_rules)
{
	struct json j = json_to(out_buf(cli->out));

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/policy-check/1");
	json_kbytes(&j, "file", span_of(g->name));
	json_ku64(&j, "rules", n_rules);
	json_ku64(&j, "errors", policy_count(p, POLICY_ERROR));
	json_ku64(&j, "depends", policy_count(p, POLICY_DEPENDS));
	json_ku64(&j, "warnings", policy_count(p, POLICY_WARNING));
	json_key(&j, "diagnostics");
	json_open(&j, '[');
	for (size_t i = 0; i < p->n_findings; i++)
		json_finding(&j, g, p, i, kernel);
	json_close(&j, ']');
	json_close(&j, '}');
	out_add(cli->out, "\n");
}

static size_t own_rules(const struct ruleset *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->policy.n_rules; i++)
		n += r->origins[i] == RULESET_CUSTOM;
	return n;
}

/* NULL for @kernel: as this machine will have it, with what its kernel brings along and its
 * files; else as a kernel has it of which nothing more is known. */
static int read_rules(struct cli *cli, const struct probe *p,
		      const struct policy_given *g, const struct policy_kernel *kernel,
		      struct ruleset *ret, struct diag *reterr)
{
	struct span text = strbuf_span(&g->text);
	int r = kernel ? ruleset_alone(kernel, text, ret, reterr)
		       : ruleset_with(&cli->root, p, text, ret, reterr);

	if (r == 0)
		r = policyfile_check(&g->file, &ret->policy);
	if (r == 0)
		r = policylint_run(ret, reterr);
	return r < 0 || kernel ? r : policyhost_run(&cli->root, p, ret, reterr);
}

static int run_check(struct cli *cli)
{
	const char *name = opt_str(cli->opts, "kernel", "auto");
	bool here = strcmp(name, "auto") == 0;
	_cleanup_(probe_freep) struct probe *p = NULL;
	_cleanup_policy_given_ struct policy_given g = {0};
	_cleanup_ruleset_ struct ruleset rules = {0};
	_cleanup_strbuf_ struct strbuf keep = {0};
	struct policy_kernel kernel;
	struct diag d;

	if (policy_given_read(cli, cli->n_args ? cli->args[0] : NULL, &g, &d) < 0 ||
	    probe_run(&cli->root, (struct span){0}, &p, &d) < 0 ||
	    ruleset_kernel_named(&cli->root, name, &keep, &kernel, &d) < 0 ||
	    read_rules(cli, p, &g, here ? NULL : &kernel, &rules, &d) < 0)
		return cmd_fail(&d);
	if (cli->json)
		json(cli, &g, &rules.policy, &kernel, own_rules(&rules));
	else
		text(cli, &g, &rules.policy, &kernel, own_rules(&rules));
	if (!cli->json && here && probe_is(p, PROBE_IMA, PROBE_NO))
		out_add(cli->out,
			"IMA is not active on this machine: no policy does anything here.\n");
	return policy_count(&rules.policy, POLICY_ERROR) ? CMD_BAD : CMD_OK;
}

static void show_rules(struct out *o, const struct ruleset *r)
{
	for (size_t i = 0; i < r->policy.n_rules; i++) {
		const struct policy_rule *rule = &r->policy.rules[i];
		_cleanup_strbuf_ struct strbuf line = {0};

		out_addf(o, "%4zu  %-8s  ", i + 1, ruleset_origin_word(r->origins[i]));
		policy_print(&line, rule);
		out_foreign(o, strbuf_span(&line));
		out_add(o, "\n");
	}
}

static void show_json(struct out *o, const struct ruleset *r)
{
	struct json j = json_to(out_buf(o));

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/policy/1");
	json_kstr(&j, "source", ruleset_source_words(r->source));
	json_kbool(&j, "sure", r->sure);
	json_kbool(&j, "fail_securely", r->fails_securely);
	json_key(&j, "rules");
	json_open(&j, '[');
	for (size_t i = 0; i < r->policy.n_rules; i++) {
		_cleanup_strbuf_ struct strbuf line = {0};

		json_open(&j, '{');
		json_kstr(&j, "origin", ruleset_origin_word(r->origins[i]));
		json_ku64(&j, "line", r->policy.rules[i].line);
		policy_print(&line, &r->policy.rules[i]);
		json_kbytes(&j, "rule", strbuf_span(&line));
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	out_add(o, "\n");
}

static int run_show(struct cli *cli)
{
	_cleanup_(probe_freep) struct probe *p = NULL;
	_cleanup_ruleset_ struct ruleset rules = {0};
	struct diag d;

	if (probe_run(&cli->root, (struct span){0}, &p, &d) < 0)
		return cmd_fail(&d);
	if (probe_is(p, PROBE_IMA, PROBE_NO)) {
		diag_set(&d, DIAG_NO_IMA, ENOSYS, "IMA is not active on this machine.");
		return cmd_fail(&d);
	}
	if (ruleset_in_force(&cli->root, p, &rules, &d) < 0)
		return cmd_fail(&d);
	if (cli->json) {
		show_json(cli->out, &rules);
		return CMD_OK;
	}
	if (!rules.policy.n_rules)
		out_add(cli->out, "No rules: IMA does nothing.\n");
	show_rules(cli->out, &rules);
	out_addf(cli->out, "Where from: %s%s.\n", ruleset_source_words(rules.source),
		 rules.sure ? "" : " (not sure: something that decides is not known)");
	return CMD_OK;
}

static const struct opt check_options[] = {
	{"kernel", 0, OPT_STRING, "KERNEL",
	 "Ask it of another: a release, a configuration file; auto: of this one"},
	{0},
};

static const struct cmd check = {
	.name = "check",
	.options = check_options,
	.summary = "Say what the kernel would refuse, and what is unwise",
	.args = "[FILE|-]",
	.max_args = 1,
	.flags = CMD_JSON,
	.run = run_check,
	.help = "Reads a policy, /etc/ima/ima-policy when none is named, as this kernel reads it.\n"
		"An error is what this kernel refuses, and with it the whole policy; where what\n"
		"decides is not known here it depends. A warning is a rule that the kernel takes\n"
		"and that does not do what it looks like. Exits 1 when there is an error.\n"
		"\n"
		"--kernel asks it of another kernel, by its release (6.12; with the configuration\n"
		"that /boot has for it) or a configuration file, whatever files are here.",
};

static const struct cmd show = {
	.name = "show",
	.summary = "Show the rules in force, with those the kernel brings",
	.flags = CMD_JSON,
	.run = run_show,
	.help = "The rules in the order in which the kernel tries them: its own (ima_policy=,\n"
		"Secure Boot, its build) and those that were loaded. Where the kernel does not\n"
		"show what was loaded, /etc/ima/ima-policy stands for it.",
};

static const struct cmd *const subs[] = {
	&check,	      &show,	    &policy_explain, &policy_simulate,
	&policy_test, &policy_diff, &policy_sample,  &policy_generate,
	&policy_sign, &policy_load, &policy_install, NULL,
};

const struct cmd cmd_policy = {
	.name = "policy",
	.summary = "Check, explain, load and install policies",
	.subs = subs,
};
