/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small machine in a folder, and a change of every kind to it. */
#pragma once

#include "core/base/change.h"
#include "core/base/plan.h"
#include "core/base/root.h"
#include "core/base/str.h"

struct scenario {
	char dir[64]; /* the machine: a temporary folder */
	struct root root;
};

/* Makes the machine as it is before the change, and opens it. */
void scenario_new(struct scenario *s);
/* The same tree in a folder that exists and is empty. */
void scenario_fill(const char *dir);
/* Closes and removes it. */
void scenario_done(struct scenario *s);
/* Opens the machine anew, as another process would. */
void scenario_reopen(struct scenario *s);

/* The change: a file made, replaced, removed, a link moved, an attribute set and removed,
 * a folder made, filled and renamed, a file renamed. */
void scenario_plan(struct scenario *s, struct plan *plan);

/* Runs the plan, confirmed. */
int scenario_run(struct scenario *s, const struct plan *plan, struct change_result *ret,
		 struct diag *reterr);
struct change_ctx scenario_ctx(struct scenario *s);

/* Everything in the machine but imactl's own state: names, types, modes, attributes,
 * contents, and with @times the modification times of files. */
void scenario_look(const struct scenario *s, struct strbuf *out, bool times);
