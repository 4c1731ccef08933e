/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by plan.c and plan-say.c alone. */
#pragma once

#include "core/base/plan.h"

/* "target": stands in hashes and journals. */
const char *plan_place_name(enum root_place place);
/* Appends where the step's place is, unless its path is a name of its own. */
void plan_add_place(struct strbuf *out, const struct plan_step *step);
