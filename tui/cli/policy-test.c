/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl policy test: the kernel's own word on a policy, which is not loaded. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/policytry.h"
#include "core/policy/ruleset.h"
#include "tui/cli/policy.h"

/* The file by the name that the kernel can open it by; NULL: it has none. */
static char *path_of(const struct cli *cli)
{
	if (cli->root_dir)
		return NULL; /* below another root it has another name */
	if (!cli->n_args)
		return realpath("/etc/ima/ima-policy", NULL);
	return strcmp(cli->args[0], "-") == 0 ? NULL : realpath(cli->args[0], NULL);
}

static void text_rule(struct out *o, const struct policy_given *g, const struct policy *p,
		      const struct policytry_rule *r)
{
	const struct diag *d = policytry_why(p, r->line);
	_cleanup_strbuf_ struct strbuf b = {0};

	policytry_rule_text(r, p, &b);
	out_foreign(o, span_of(g->name));
	out_addf(o, ":%u: ", r->line);
	out_style(o, OUT_BAD, "refused");
	out_addf(o, "%s\n", strbuf_str(&b));
	policy_show_source(o, g, r->line, d ? d->column : 0);
}

static void text(struct out *o, const struct policy_given *g, const struct policy *p,
		 const struct policytry *t)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	for (size_t i = 0; i < t->n; i++)
		if (t->rules[i].err)
			text_rule(o, g, p, &t->rules[i]);
	policytry_text(t, &b);
	out_add(o, strbuf_str(&b));
}

static void json(struct out *o, const struct policy_given *g, const struct policy *p,
		 const struct policytry *t)
{
	struct json j = json_to(out_buf(o));

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/policy-test/1");
	json_kbytes(&j, "file", span_of(g->name));
	json_ku64(&j, "rules", t->n);
	json_ku64(&j, "refused", policytry_refused(t));
	json_kbool(&j, "only_by_path", t->only_by_path);
	json_key(&j, "by_path");
	if (t->has_path)
		json_str(&j, t->path_err ? "refused" : "taken");
	else
		json_null(&j);
	json_key(&j, "refusals");
	json_open(&j, '[');
	for (size_t i = 0; i < t->n; i++) {
		const struct diag *d = policytry_why(p, t->rules[i].line);

		if (!t->rules[i].err)
			continue;
		json_open(&j, '{');
		json_ku64(&j, "line", t->rules[i].line);
		json_kstr(&j, "error", diag_errno(t->rules[i].err));
		json_kstr(&j, "id", d ? diag_code(d->id) : NULL);
		json_kstr(&j, "text", d ? d->text : NULL);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	out_add(o, "\n");
}

static int run(struct cli *cli)
{
	_cleanup_policy_given_ struct policy_given g = {0};
	_cleanup_policytry_ struct policytry t = {0};
	_cleanup_policy_ struct policy p = {0};
	_cleanup_strbuf_ struct strbuf keep = {0};
	_cleanup_free_ char *path = path_of(cli);
	struct policy_kernel kernel;
	struct diag d;

	if (policy_given_read(cli, cli->n_args ? cli->args[0] : NULL, &g, &d) < 0 ||
	    ruleset_kernel(&cli->root, &keep, &kernel, &d) < 0 ||
	    policy_parse(strbuf_span(&g.text), &kernel, &p, &d) < 0 ||
	    policytry_run(&cli->root, strbuf_span(&g.text), path, &t, &d) < 0)
		return cmd_fail(&d);
	if (cli->json)
		json(cli->out, &g, &p, &t);
	else
		text(cli->out, &g, &p, &t);
	return policytry_taken(&t) ? CMD_OK : CMD_BAD;
}

const struct cmd policy_test = {
	.name = "test",
	.summary = "Ask the kernel itself about a policy, without loading it",
	.args = "[FILE|-]",
	.max_args = 1,
	.flags = CMD_JSON | CMD_LIVE | CMD_ROOT,
	.run = run,
	.help = "Writes a word that the kernel refuses, then each rule of the policy (of\n"
		"/etc/ima/ima-policy when none is named), then the file's path: the kernel\n"
		"answers to each, and discards everything at the end. So it is possible as\n"
		"long as the kernel takes a policy: before the first one, or always with\n"
		"CONFIG_IMA_WRITE_POLICY.\n\n"
		"It leaves traces: audit records, \"policy update failed\" in the kernel log,\n"
		"and an entry for the file where policies are measured. With ima_appraise=fix\n"
		"it is not asked by path: the kernel would write to the file's label. Exits 1\n"
		"when the kernel refuses anything.",
};
