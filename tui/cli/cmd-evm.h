/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The subcommands of `imactl evm` that have files of their own. */
#pragma once

#include "tui/cli/cmd.h"

extern const struct cmd cmd_evm_sign, cmd_evm_verify;
