/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A rollout and its steps, as text and JSON. */
#pragma once

#include "core/rollout/rollout.h"
#include "tui/cli/cmd.h"

/* Looks at the machine, and remembers what was found. @whole: reads files; @brief: looks at
 * none. -errno. */
int rolloutout_load(struct cli *cli, bool whole, bool brief, struct rollout **ret,
		    struct diag *reterr);

/* All steps, a line each; of the next one what was found, and what to type. */
void rolloutout_text(struct out *o, const struct rollout *r);
/* One step: what was found. @all: what is as it should be, too. */
void rolloutout_step(struct out *o, const struct rollout *r, enum rollout_id id,
		     bool all);
/* What each step changes, and how that is undone. */
void rolloutout_plan(struct out *o, const struct rollout *r);

/* An object of the schema imactl/rollout/1. */
void rolloutout_json(struct cli *cli, const struct rollout *r);

/* 0: it is over; 5: something is in its way; 1: it is not over yet. */
int rolloutout_exit(const struct rollout *r, enum rollout_id id);
