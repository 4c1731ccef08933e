/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What imactl explain has found, printed. */
#pragma once

#include "core/triage/triage.h"
#include "tui/cli/cmd.h"

struct explainout {
	const struct triage *t;
	const struct triage_found *found;
	const struct denial *event; /* NULL: a path was named */
	const char *name;	    /* as it was typed; foreign bytes */
};

void explainout_text(struct cli *cli, const struct explainout *e);
void explainout_json(struct cli *cli, const struct explainout *e);
