/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/cmd.h"

static int run(struct cli *cli)
{
	struct json j = json_to(out_buf(cli->out));

	if (!cli->json) {
		out_add(cli->out, "imactl " IMACTL_VERSION "\n");
		return CMD_OK;
	}
	json_open(&j, '{');
	json_kstr(&j, "schema", "imactl/version/1");
	json_kstr(&j, "version", IMACTL_VERSION);
	json_close(&j, '}');
	out_add(cli->out, "\n");
	return CMD_OK;
}

const struct cmd cmd_version = {
	.name = "version",
	.summary = "Print the version",
	.flags = CMD_JSON | CMD_NO_HOST,
	.run = run,
};
