/* SPDX-License-Identifier: GPL-2.0-or-later */
/* imactl policy load: a policy, into the running kernel. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/policy/policyplan.h"
#include "tui/cli/change-ui.h"
#include "tui/cli/policy.h"

static void said_text(const void *user, struct strbuf *out, bool ascii)
{
	policyplan_format(user, out);
	policyplan_place(user, out);
}

static void said_json(const void *user, struct json *j)
{
	json_open(j, '{');
	policyplan_json(user, j);
	json_close(j, '}');
}

static int run(struct cli *cli)
{
	_cleanup_policy_given_ struct policy_given g = {0};
	_cleanup_free_ char *path = cli->root_dir ? NULL : realpath(cli->args[0], NULL);
	_cleanup_plan_ struct plan plan = {0};
	_cleanup_policyplan_ struct policyplan p = {.root = &cli->root,
						    .name = cli->args[0],
						    .path = path};
	const struct change_ui_more more = {said_text, "policy", said_json, &p};
	struct diag d = {0};

	if (policy_needs_file(cli, &d) < 0 ||
	    policy_given_read(cli, cli->args[0], &g, &d) < 0)
		return cmd_fail(&d);
	p.text = strbuf_span(&g.text);
	if (policyplan_look(&p, &d) < 0 || policyplan_load(&p, &plan, &d) < 0)
		return cmd_fail(&d);
	return change_ui_run_with(cli, &plan, &more);
}

const struct cmd policy_load = {
	.name = "load",
	.summary = "Load a policy into the running kernel",
	.args = "FILE",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_JSON | CMD_LIVE | CMD_MUTATES | CMD_ROOT,
	.run = run,
	.help = "The rules count at once and cannot be taken back before the next boot. The\n"
		"policy is read as this kernel reads it, and the kernel is asked about it, as\n"
		"by policy test; what it refuses is not tried. The file is named to the kernel\n"
		"by its path, which takes all of it or nothing.\n\n"
		"That it was loaded is told by what the kernel shows afterwards: its rules, or\n"
		"the policy file that is gone, or its log. A kernel without\n"
		"CONFIG_IMA_WRITE_POLICY takes one policy a boot; with it, rules are added\n"
		"behind those that are there, and the first that matches counts.\n\n"
		"Nothing is written for the next boot: that is policy install.",
};
