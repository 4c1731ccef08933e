/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The subcommands of `imactl file` that have files of their own. */
#pragma once

#include "tui/cli/cmd.h"

extern const struct cmd cmd_file_sign, cmd_file_clear, cmd_file_verify;
