/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What policy simulate prints. */
#pragma once

#include "core/simulate/simulatetext.h"
#include "tui/cli/cmd.h"

void simulateout_text(struct cli *cli, const struct simulatetext *s);
void simulatejson_print(struct cli *cli, const struct simulatetext *s);
