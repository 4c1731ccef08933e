/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl policy explain: which rules an access meets, and which it passes. */
#include "core/policy/explain.h"

#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/policy/ruleset.h"
#include "tui/cli/policy.h"

/* Several ids are the process's own: whoever is asked about has one user and one group. */
static int who(const struct cli *cli, struct policymatch_access *a, struct diag *reterr)
{
	static const char *const names[] = {"uid", "euid", "gid", "egid"};
	uint64_t id[array_size(names)] = {0};

	for (size_t i = 0; i < array_size(names); i++) {
		id[i] = opt_u64(cli->opts, names[i], i % 2 ? id[i - 1] : 0);
		if (id[i] >= UINT32_MAX)
			return diag_set(reterr, DIAG_VALUE, EINVAL,
					"--%s takes a number below 4294967295.",
					names[i]);
	}
	a->uid = (uint32_t)id[0];
	a->euid = a->suid = (uint32_t)id[1];
	a->gid = (uint32_t)id[2];
	a->egid = a->sgid = (uint32_t)id[3];
	a->may_setuid = a->may_setgid = a->euid == 0;
	return 0;
}

static const struct {
	const char *mark, *word;
	enum out_style style;
} answers[] = {
	[POLICY_NO] = {"-", "no", OUT_DIM},
	[POLICY_YES] = {"*", "yes", OUT_GOOD},
	[POLICY_UNKNOWN] = {"?", "unknown", OUT_WARN},
};

static void text_rule(struct out *o, const struct ruleset *s, size_t i,
		      struct explain_rule e, const struct policymatch_result *r)
{
	_cleanup_strbuf_ struct strbuf line = {0}, why = {0};

	policy_print(&line, &s->policy.rules[i]);
	explain_rule_text(&s->policy, i, e, r, &why);
	out_add(o, "  ");
	out_style(o, e.tried ? answers[e.answer].style : OUT_DIM,
		  e.tried ? answers[e.answer].mark : " ");
	out_addf(o, " %3zu  %-8s  ", i + 1, ruleset_origin_word(s->origins[i]));
	out_foreign(o, strbuf_span(&line));
	if (why.len)
		out_addf(o, "   (%s)", strbuf_str(&why));
	out_add(o, "\n");
}

static void text_class(struct out *o, const struct policymatch_result *r,
		       enum policy_class c)
{
	_cleanup_strbuf_ struct strbuf b = {0};

	explain_class_text(r, c, &b);
	out_addf(o, "  %s\n", strbuf_str(&b));
}

static void text(struct out *o, const struct ruleset *s,
		 const struct policymatch_access *a, const struct policymatch_result *r)
{
	_cleanup_strbuf_ struct strbuf mask = {0};

	policy_mask_print(&mask, a->mask);
	out_style(o, OUT_BOLD, policy_func_name(a->func));
	out_addf(o, " %s: %s\n", strbuf_str(&mask), policy_func_words(a->func));
	for (size_t i = 0; i < s->policy.n_rules; i++)
		text_rule(o, s, i, explain_rule(&s->policy, i, a, r), r);
	for (int c = 0; c < _POLICY_CLASS_MAX; c++)
		text_class(o, r, c);
}

static void json_class(struct json *j, const struct policymatch_result *r,
		       enum policy_class c)
{
	const struct policymatch_class *by = &r->by[c];

	json_key(j, policy_class_name(c));
	json_open(j, '{');
	json_kbool(j, "does", by->does);
	if (by->rule != SIZE_MAX)
		json_ku64(j, "rule", by->rule + 1);
	if (by->unsure != SIZE_MAX)
		json_ku64(j, "unless_rule", by->unsure + 1);
	if (c == POLICY_CLASS_APPRAISE)
		json_kbool(j, "signature", by->does && r->signature);
	json_close(j, '}');
}

static void json_access(struct json *j, const struct ruleset *s,
			const struct policymatch_access *a,
			const struct policymatch_result *r)
{
	_cleanup_strbuf_ struct strbuf mask = {0};

	policy_mask_print(&mask, a->mask);
	json_open(j, '{');
	json_kstr(j, "func", policy_func_name(a->func));
	json_kstr(j, "mask", strbuf_str(&mask));
	json_key(j, "rules");
	json_open(j, '[');
	for (size_t i = 0; i < s->policy.n_rules; i++) {
		struct explain_rule w = explain_rule(&s->policy, i, a, r);
		_cleanup_strbuf_ struct strbuf line = {0};

		policy_print(&line, &s->policy.rules[i]);
		json_open(j, '{');
		json_kstr(j, "origin", ruleset_origin_word(s->origins[i]));
		json_kbytes(j, "rule", strbuf_span(&line));
		json_kstr(j, "matches", w.tried ? answers[w.answer].word : NULL);
		json_kstr(j, "why",
			  w.tried && w.answer != POLICY_YES ? policy_key_name(w.why)
							    : NULL);
		json_close(j, '}');
	}
	json_close(j, ']');
	for (int c = 0; c < _POLICY_CLASS_MAX; c++)
		json_class(j, r, c);
	json_close(j, '}');
}

/* The rules in force, or those that would be with a policy that is named. */
static int load(struct cli *cli, struct ruleset *ret, struct diag *reterr)
{
	_cleanup_(probe_freep) struct probe *p = NULL;
	_cleanup_policy_given_ struct policy_given g = {0};
	const char *file = opt_str(cli->opts, "policy", NULL);
	int r = probe_run(&cli->root, (struct span){0}, &p, reterr);

	if (r < 0)
		return r;
	if (!file && probe_is(p, PROBE_IMA, PROBE_NO))
		return diag_set(reterr, DIAG_NO_IMA, ENOSYS,
				"IMA is not active on this machine.");
	if (!file)
		return ruleset_in_force(&cli->root, p, ret, reterr);
	r = policy_given_read(cli, file, &g, reterr);
	return r < 0 ? r : ruleset_with(&cli->root, p, strbuf_span(&g.text), ret, reterr);
}

static void head(struct out *o, const struct explain *e, const char *path, const char *op)
{
	const struct policymatch_access *a = &e->access;

	out_foreign(o, span_of(path));
	out_addf(o, ", %s by user %u, group %u\n", op, a->uid, a->gid);
	out_addf(o, "  owner %u, group %u, on ", a->fowner, a->fgroup);
	out_foreign(o, a->no_fsname ? span_of("an unknown file system") : a->fsname);
	out_addf(o, " (0x%llx)\n", (unsigned long long)a->fsmagic);
}

/* The path that was typed, below the target. */
static int find(struct cli *cli, struct strbuf *out, struct diag *reterr)
{
	int r = fspath_below(cli->root.dir[ROOT_TARGET], cli->root_dir, cli->args[0],
			     out);
	char q[140];

	return r < 0 ? diag_set(reterr, DIAG_OPEN, r, "Cannot find %s: %s.",
				str_quote(q, sizeof(q), span_of(cli->args[0])),
				diag_errno(-r))
		     : 0;
}

static int run(struct cli *cli)
{
	const char *op = opt_str(cli->opts, "op", "read");
	_cleanup_ruleset_ struct ruleset rules = {0};
	_cleanup_explain_ struct explain e = {0};
	_cleanup_strbuf_ struct strbuf below = {0}, ops = {0};
	struct json j = json_to(out_buf(cli->out));
	_cleanup_strbuf_ struct strbuf keep = {0};
	struct policymatch_result r;
	struct policy_kernel kernel;
	char q[40];
	struct diag d;

	if (ruleset_kernel(&cli->root, &keep, &kernel, &d) < 0)
		return cmd_fail(&d);
	if (!explain_op(op, 0, &kernel, &e.access)) {
		explain_ops(&ops);
		diag_set(&d, DIAG_VALUE, EINVAL, "--op is one of %s, not %s.",
			 strbuf_str(&ops), str_quote(q, sizeof(q), span_of(op)));
		return cmd_fail(&d);
	}
	if (find(cli, &below, &d) < 0 ||
	    explain_file(&cli->root, strbuf_str(&below), &e, &d) < 0 ||
	    who(cli, &e.access, &d) < 0 || load(cli, &rules, &d) < 0)
		return cmd_fail(&d);
	if (cli->json) {
		json_open(&j, '{');
		json_kstr(&j, "schema", "imactl/policy-explain/1");
		json_kbytes(&j, "path", span_of(cli->args[0]));
		json_kstr(&j, "op", op);
		json_kstr(&j, "source", ruleset_source_words(rules.source));
		json_kbool(&j, "sure", rules.sure);
		json_kbool(&j, "refused", policy_count(&rules.policy, POLICY_ERROR) > 0);
		json_key(&j, "accesses");
		json_open(&j, '[');
	} else {
		head(cli->out, &e, cli->args[0], op);
	}
	for (size_t i = 0; explain_op(op, i, &kernel, &e.access); i++) {
		policymatch_decide(&rules.policy, &e.access, &r);
		if (cli->json)
			json_access(&j, &rules, &e.access, &r);
		else
			text(cli->out, &rules, &e.access, &r);
	}
	if (cli->json) {
		json_close(&j, ']');
		json_close(&j, '}');
		out_add(cli->out, "\n");
	} else {
		if (policy_count(&rules.policy, POLICY_ERROR))
			out_add(cli->out, "The kernel refuses this policy as a whole: "
					  "'imactl policy check' says why.\n");
		out_addf(cli->out, "Where from: %s%s.\n",
			 ruleset_source_words(rules.source),
			 rules.sure ? ""
				    : " (not sure: something that decides is not known)");
	}
	return policy_count(&rules.policy, POLICY_ERROR) ? CMD_BAD : CMD_OK;
}

static const struct opt options[] = {
	{"op", 'o', OPT_STRING, "OP",
	 "What is done with the file; read when it is left out", NULL},
	{"uid", 0, OPT_NUMBER, "N", "Whose process it is; 0 when it is left out", NULL},
	{"euid", 0, OPT_NUMBER, "N", "Its effective user; that of --uid", NULL},
	{"gid", 0, OPT_NUMBER, "N", "Its group; 0", NULL},
	{"egid", 0, OPT_NUMBER, "N", "Its effective group; that of --gid", NULL},
	{"policy", 0, OPT_STRING, "FILE",
	 "As if this policy were loaded first, instead of the one in force", NULL},
	{0},
};

const struct cmd policy_explain = {
	.name = "explain",
	.summary = "Say which rules an access meets, and which it passes",
	.args = "PATH",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_JSON | CMD_LIVE,
	.options = options,
	.run = run,
	.help = "Every rule in the order in which the kernel tries them: * matches, - does\n"
		"not, with the first condition that fails, ? when it is not known (labels of\n"
		"LSMs). Of the rules that measure, appraise, audit and hash the first that\n"
		"matches counts, each kind on its own.\n\n"
		"An operation may meet several hooks, one after the other: what is executed,\n"
		"mapped or loaded is opened before.\n\n"
		"A policy that the kernel refuses as a whole decides nothing: that is said, and\n"
		"the command ends with 1.\n\n"
		"OP is one of read, write, read-write, append, exec, mmap, module, firmware,\n"
		"kexec, initramfs and policy.",
};
