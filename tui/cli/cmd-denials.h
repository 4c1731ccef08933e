/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Subcommands of denials that have files of their own. */
#pragma once

#include "tui/cli/cmd.h"

extern const struct cmd cmd_denials_mute, cmd_denials_unmute;
