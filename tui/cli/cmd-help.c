/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/help.h"

#include <errno.h>

static int unknown(const char *word)
{
	struct diag d;
	char q[80];

	(void)diag_set(&d, DIAG_COMMAND, EINVAL, "Unknown command %s.",
		       str_quote(q, sizeof(q), span_of(word)));
	return cmd_fail(&d);
}

static int run(struct cli *cli)
{
	const struct cmd *cmd = &cmd_help;

	if (cli->json) {
		help_json(cli->out);
		return CMD_OK;
	}
	if (cli->n_args > 0)
		cmd = cmd_find(cmd_table, cli->args[0]);
	if (cmd && cli->n_args > 1)
		cmd = cmd_find(cmd->subs, cli->args[1]);
	if (!cmd)
		return unknown(cli->args[cli->n_args - 1]);
	help_command(cli->out, cmd);
	return CMD_OK;
}

const struct cmd cmd_help = {
	.name = "help",
	.summary = "Explain the program or a command",
	.args = "[COMMAND [SUBCOMMAND]]",
	.max_args = 2,
	.flags = CMD_JSON | CMD_NO_HOST,
	.run = run,
};
