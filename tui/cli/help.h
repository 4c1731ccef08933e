/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --help from the command table; fits 80 columns. */
#pragma once

#include "tui/cli/cmd.h"

/* One command with its subcommands, options and long text. &cmd_help stands for the whole
 * program: what it is, its commands, the options of all of them. */
void help_command(struct out *out, const struct cmd *cmd);

/* Everything the tables hold as one JSON object (schema imactl/help/1). */
void help_json(struct out *out);

/* The command whose subcommand @cmd is; NULL for a command of the first level. */
const struct cmd *help_parent(const struct cmd *cmd);
