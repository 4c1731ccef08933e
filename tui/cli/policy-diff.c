/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl policy diff: what two policies differ in, and what that means. */
#include <errno.h>

#include "core/base/cleanup.h"
#include "core/policy/difftext.h"
#include "tui/cli/policy.h"

/* One of the two. */
struct side {
	struct policy_given given; /* .name NULL: what is in force */
	struct ruleset rules;
};

static void side_done(struct side *s)
{
	policy_given_done(&s->given);
	ruleset_done(&s->rules);
}
#define _cleanup_side_ __attribute__((cleanup(side_done)))

static int load_file(struct cli *cli, const struct probe *p, const char *path,
		     struct side *s, struct diag *reterr)
{
	int r = policy_given_read(cli, path, &s->given, reterr);

	return r < 0 ? r
		     : ruleset_with(&cli->root, p, strbuf_span(&s->given.text), &s->rules,
				    reterr);
}

/* What is in force, or where there is no IMA the file for the boot. */
static int load_own(struct cli *cli, const struct probe *p, struct side *s,
		    struct diag *reterr)
{
	return probe_is(p, PROBE_IMA, PROBE_YES)
		       ? ruleset_in_force(&cli->root, p, &s->rules, reterr)
		       : load_file(cli, p, NULL, s, reterr);
}

static const char *name_of(const struct side *s)
{
	return s->given.name ? s->given.name : "in force";
}

static bool refused(const struct side *s)
{
	return policy_count(&s->rules.policy, POLICY_ERROR) > 0;
}

static void text_line(void *user, enum difftext_kind kind, struct span line)
{
	static const enum out_style styles[] = {[DIFFTEXT_REMOVED] = OUT_BAD,
						[DIFFTEXT_ADDED] = OUT_GOOD,
						[DIFFTEXT_MOVED] = OUT_DIM};
	const char mark[] = {difftext_mark(kind), '\0'};
	struct out *o = user;

	if (kind != DIFFTEXT_REMARK)
		out_add(o, "  ");
	if (kind < DIFFTEXT_ACCESS) {
		out_style(o, styles[kind], mark);
		out_add(o, " ");
	}
	out_foreign(o, line);
	out_add(o, "\n");
}

static void text_format(struct out *o, const struct side *from, const struct side *to,
			const struct policydiff *d)
{
	bool both = from->given.name && to->given.name;
	char rules[40];

	if (both && policydiff_comments(strbuf_span(&from->given.text),
					strbuf_span(&to->given.text)))
		out_add(o, "Comments or empty lines differ.\n");
	if (both && d->spelled)
		out_addf(o, "%s written differently, with the same meaning.\n",
			 str_counted(rules, sizeof(rules), d->spelled, "rule is",
				     "rules are"));
}

static void text_refused(struct out *o, const struct side *s)
{
	if (!refused(s))
		return;
	out_foreign(o, span_of(name_of(s)));
	out_add(o,
		": this kernel refuses it as a whole; 'imactl policy check' says why.\n");
}

static void text(struct out *o, const struct side *from, const struct side *to,
		 const struct policydiff *d, const struct accessdiff *accesses)
{
	out_add(o, "From ");
	out_foreign(o, span_of(name_of(from)));
	out_add(o, " to ");
	out_foreign(o, span_of(name_of(to)));
	out_add(o, policydiff_same(d) ? ": the same rules.\n" : ":\n");
	difftext_rules(&from->rules, &to->rules, d, text_line, o);
	difftext_accesses(accesses, policydiff_same(d), text_line, o);
	text_format(o, from, to, d);
	text_refused(o, from);
	text_refused(o, to);
}

static void json_rule(struct json *j, const char *key, const struct side *s, size_t rule)
{
	_cleanup_strbuf_ struct strbuf line = {0};

	if (rule == SIZE_MAX)
		return;
	policy_print(&line, &s->rules.policy.rules[rule]);
	json_key(j, key);
	json_open(j, '{');
	json_kstr(j, "origin", ruleset_origin_word(s->rules.origins[rule]));
	json_ku64(j, "line", s->rules.policy.rules[rule].line);
	json_kbytes(j, "rule", strbuf_span(&line));
	json_close(j, '}');
}

static void json_changes(struct json *j, const struct side *from, const struct side *to,
			 const struct policydiff *d)
{
	json_key(j, "changes");
	json_open(j, '[');
	for (size_t i = 0; i < d->n; i++) {
		const struct policydiff_change *c = &d->changes[i];

		json_open(j, '{');
		json_kstr(j, "change", policydiff_kind_word(c->kind));
		json_rule(j, "from", from, c->from);
		json_rule(j, "to", to, c->to);
		if (c->kind == POLICYDIFF_MOVED)
			json_kbool(j, "order_matters", c->matters);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void json_accesses(struct json *j, const struct accessdiff *d)
{
	json_key(j, "accesses");
	json_open(j, '[');
	for (size_t i = 0; i < d->n; i++) {
		const struct accessdiff_change *c = &d->changes[i];

		json_open(j, '{');
		json_kstr(j, "class", policy_class_name(c->class));
		json_kbytes(j, "accesses", span_of(accessdiff_text(d, c->what)));
		json_kbytes(j, "before", span_of(accessdiff_text(d, c->was)));
		json_kbytes(j, "after", span_of(accessdiff_text(d, c->is)));
		json_close(j, '}');
	}
	json_close(j, ']');
	json_kbool(j, "all_tried", !d->rough);
}

static void json(struct out *o, const struct side *from, const struct side *to,
		 const struct policydiff *d, const struct accessdiff *accesses)
{
	struct json j = json_to(out_buf(o));

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/policy-diff/1");
	json_kbytes(&j, "from", span_of(name_of(from)));
	json_kbytes(&j, "to", span_of(name_of(to)));
	json_kbool(&j, "same", policydiff_same(d));
	json_kbool(&j, "from_refused", refused(from));
	json_kbool(&j, "to_refused", refused(to));
	json_ku64(&j, "spelled_differently", d->spelled);
	json_changes(&j, from, to, d);
	json_accesses(&j, accesses);
	json_close(&j, '}');
	out_add(o, "\n");
}

static int load(struct cli *cli, struct side *from, struct side *to, struct diag *reterr)
{
	_cleanup_(probe_freep) struct probe *p = NULL;
	int r = policy_one_input(cli->args[0], cli->n_args > 1 ? cli->args[1] : NULL,
				 reterr);

	if (r == 0)
		r = probe_run(&cli->root, (struct span){0}, &p, reterr);
	if (r == 0)
		r = cli->n_args > 1 ? load_file(cli, p, cli->args[0], from, reterr)
				    : load_own(cli, p, from, reterr);
	return r < 0 ? r : load_file(cli, p, cli->args[cli->n_args - 1], to, reterr);
}

static int run(struct cli *cli)
{
	_cleanup_side_ struct side from = {0}, to = {0};
	_cleanup_policydiff_ struct policydiff d = {0};
	_cleanup_accessdiff_ struct accessdiff accesses = {0};
	_cleanup_strbuf_ struct strbuf keep = {0};
	struct policy_kernel kernel;
	struct diag err;

	if (load(cli, &from, &to, &err) < 0 ||
	    ruleset_kernel(&cli->root, &keep, &kernel, &err) < 0 ||
	    policydiff_run(&from.rules.policy, &to.rules.policy, &d, &err) < 0 ||
	    accessdiff_run(&from.rules.policy, &to.rules.policy, &kernel, &accesses,
			   &err) < 0)
		return cmd_fail(&err);
	if (cli->json)
		json(cli->out, &from, &to, &d, &accesses);
	else
		text(cli->out, &from, &to, &d, &accesses);
	return policydiff_same(&d) ? CMD_OK : CMD_BAD;
}

const struct cmd policy_diff = {
	.name = "diff",
	.summary = "Say what two policies differ in, and what that means",
	.args = "[OLD] NEW",
	.min_args = 1,
	.max_args = 2,
	.flags = CMD_JSON,
	.run = run,
	.help = "From OLD, or from what is in force on this machine, to NEW; without IMA the\n"
		"file for the boot stands for what is in force. Rules are compared as the\n"
		"kernel reads them: + is new, - is gone, > stands elsewhere, which may or may\n"
		"not change anything. Then every access that the rules tell apart is put to\n"
		"both policies, and those that are decided differently are named.\n\n"
		"Comments and spelling are said apart and make no difference. Exits 0 when\n"
		"the rules are the same, 1 when they differ.",
};
