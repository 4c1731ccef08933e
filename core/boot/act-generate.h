/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that the machine's own program makes from its configuration: grub.cfg. The program
 * runs when the step's turn comes and only prints; what it printed is looked at, goes into
 * the journal, and is then put in place whole, as by act-file.h. So a crash leaves the old
 * file or the new one, and taking the step back is a matter of the file alone. (With -o,
 * as update-grub calls it, grub-mkconfig 2.06 writes into the file itself.)
 */
#pragma once

#include "core/base/action.h"
#include "core/base/plan.h"
#include "core/boot/bootwords.h"

extern const struct action_ops act_generate_ops;

/* Is the program on this machine? */
bool act_generate_can(const struct root *root);

/* @at: the file; @wish: what is to be true of its kernel lines, or nothing is put in place
 * (IMA-B003). */
int act_generate_add(struct plan *plan, const struct root *root,
		     const struct plan_spec *at, const struct bootwords *wish,
		     struct diag *reterr);
