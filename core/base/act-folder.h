/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One folder, without what is in it: made complete beside its place and renamed into it;
 * removed only when it is empty. */
#pragma once

#include <sys/types.h>

#include "core/base/action.h"
#include "core/base/plan.h"

extern const struct action_ops act_folder_ops;

/* Makes a folder with @mode and our own owner. A folder there already: no step. */
int act_folder_make(struct plan *plan, const struct root *root,
		    const struct plan_spec *at, mode_t mode, struct diag *reterr);

/* Removes a folder that is empty by then. Nothing there: no step. */
int act_folder_remove(struct plan *plan, const struct root *root,
		      const struct plan_spec *at, struct diag *reterr);
