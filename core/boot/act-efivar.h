/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One variable of the EFI firmware: a state is what its file holds, empty where it is not
 * set. The firmware sees to it that a write is whole. */
#pragma once

#include "core/base/action.h"
#include "core/base/plan.h"

extern const struct action_ops act_efivar_ops;

/* @at: place and path of the variable; @ascii NULL: to be removed. */
int act_efivar_add(struct plan *plan, const struct root *root, const struct plan_spec *at,
		   const char *ascii, struct diag *reterr);
