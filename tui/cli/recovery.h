/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of imactl recovery; each has a file of its own. */
#pragma once

#include "tui/cli/cmd.h"

extern const struct cmd recovery_status, recovery_rollback, recovery_set, recovery_health;
