/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/help.h"

/* The command that the words name; NULL: there is none. */
static const struct cmd *named(const struct cli *cli, struct diag *reterr)
{
	const struct cmd *const *table = cmd_table;
	const struct cmd *cmd = &cmd_help;

	for (size_t i = 0; i < cli->n_args; i++, table = cmd->subs) {
		cmd = cmd_find(table, cli->args[i]);
		if (!cmd) {
			(void)cmd_unknown(table, cli->args[i], reterr);
			return NULL;
		}
	}
	return cmd;
}

static int run(struct cli *cli)
{
	const struct cmd *cmd;
	struct diag d;

	if (cli->json) {
		help_json(cli->out);
		return CMD_OK;
	}
	cmd = named(cli, &d);
	if (!cmd)
		return cmd_fail(&d);
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
