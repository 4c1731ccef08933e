/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file or a whole tree gets another name, on the same file system, where nothing was
 * before. Needs no look into the file, so it works where a policy denies opening it.
 * State: for both names, whether there is something and its type and inode.
 */
#pragma once

#include "core/base/action.h"
#include "core/base/plan.h"

extern const struct action_ops act_rename_ops;

/* @at->path becomes @to (of the same place). */
int act_rename_add(struct plan *plan, const struct root *root, const struct plan_spec *at,
		   const char *to, struct diag *reterr);
