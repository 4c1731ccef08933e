/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl policy sample: policies for what people usually want. */
#include <errno.h>

#include "core/base/cleanup.h"
#include "core/policy/policysample.h"
#include "core/policy/ruleset.h"
#include "tui/cli/policy.h"

/* The kernel they are for. */
struct target {
	struct policy_kernel kernel;
	struct strbuf keep;
	struct kconfig config;
	bool has_config;
};

static void target_done(struct target *t)
{
	strbuf_done(&t->keep);
	kconfig_done(&t->config);
}
#define _cleanup_target_ __attribute__((cleanup(target_done)))

static int target_load(const struct root *root, struct target *t, struct diag *reterr)
{
	t->has_config = kconfig_load(root, &t->config, NULL) == 0;
	return ruleset_kernel(root, &t->keep, &t->kernel, reterr);
}

static const char *lacks(const struct target *t, size_t i)
{
	return policysample_lacks(i, t->has_config ? &t->config : NULL);
}

static void list_text(struct out *o, const struct target *t)
{
	for (size_t i = 0; i < policysample_count(); i++) {
		const char *option = lacks(t, i);

		out_addf(o, "%-20s  ", policysample_name(i));
		if (option)
			out_style(o, OUT_DIM, policysample_summary(i));
		else
			out_add(o, policysample_summary(i));
		if (option)
			out_addf(o,
				 "\n%-20s  (not with this kernel: CONFIG_%s is not set)",
				 "", option);
		out_add(o, "\n");
	}
	if (!t->has_config)
		out_add(o,
			"This kernel's configuration is not to be found: whether it can "
			"do all of them is not known.\n");
}

static void json_one(struct json *j, const struct target *t, size_t i, bool text)
{
	_cleanup_strbuf_ struct strbuf policy = {0};

	json_open(j, '{');
	json_kstr(j, "name", policysample_name(i));
	json_kstr(j, "summary", policysample_summary(i));
	json_kstr(j, "lacks", lacks(t, i));
	if (text) {
		policysample_text(i, &t->kernel, &policy);
		json_kstr(j, "policy", strbuf_str(&policy));
	}
	json_close(j, '}');
}

static void json(struct out *o, const struct target *t, size_t from, size_t to, bool text)
{
	struct json j = json_to(out_buf(o));

	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/policy-sample/1");
	json_key(&j, "samples");
	json_open(&j, '[');
	for (size_t i = from; i < to; i++)
		json_one(&j, t, i, text);
	json_close(&j, ']');
	json_close(&j, '}');
	out_add(o, "\n");
}

static int one(struct cli *cli, const struct target *t, const char *name)
{
	size_t i = policysample_find(name);
	_cleanup_strbuf_ struct strbuf text = {0};
	char q[40];
	struct diag d;

	if (i == policysample_count()) {
		diag_set(&d, DIAG_POLICY_NO_SAMPLE, EINVAL, "There is no sample %s.",
			 str_quote(q, sizeof(q), span_of(name)));
		return cmd_fail(&d);
	}
	if (lacks(t, i)) {
		diag_set(&d, DIAG_POLICY_UNFIT, EOPNOTSUPP,
			 "This kernel cannot do what %s is for: it was built without "
			 "CONFIG_%s.",
			 name, lacks(t, i));
		return cmd_fail(&d);
	}
	if (cli->json) {
		json(cli->out, t, i, i + 1, true);
		return CMD_OK;
	}
	policysample_text(i, &t->kernel, &text);
	out_add(cli->out, strbuf_str(&text));
	return CMD_OK;
}

static int run(struct cli *cli)
{
	_cleanup_target_ struct target t = {0};
	struct diag d;

	if (target_load(&cli->root, &t, &d) < 0)
		return cmd_fail(&d);
	if (cli->n_args)
		return one(cli, &t, cli->args[0]);
	if (cli->json)
		json(cli->out, &t, 0, policysample_count(), false);
	else
		list_text(cli->out, &t);
	return CMD_OK;
}

const struct cmd policy_sample = {
	.name = "sample",
	.summary = "Print policies for usual intents, with comments",
	.args = "[NAME]",
	.max_args = 1,
	.flags = CMD_JSON,
	.run = run,
	.help = "Without NAME the list of them. With NAME the policy, as this kernel takes it:\n"
		"what it was built without is left out or written otherwise. A place to begin:\n\n"
		"  imactl policy sample measure-executables >policy\n"
		"  imactl policy check policy",
};
