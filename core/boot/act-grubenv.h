/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One variable of GRUB's environment block. GRUB reads the block at each start, and writes it
 * itself when it takes next_entry out: into the very sectors where it found the file, and
 * without knowing of the file system's journal.
 *
 * That is why a value is changed in place here, and in one write. A file that was renamed over
 * the old one would be seen by GRUB only when the journal has been written back; and
 * grub-editenv, which grub-reboot calls, truncates the file before it writes it anew, so that
 * a power cut leaves an empty one in which nothing is set. Here nothing is allocated or freed,
 * and what is written lies within one sector, which a disk writes whole or not at all, unless
 * the values before it fill that.
 *
 * A state is the value alone: what else is in the block is GRUB's, and stays.
 */
#pragma once

#include "core/base/action.h"
#include "core/base/plan.h"

extern const struct action_ops act_grubenv_ops;

/* @at: place and path of the block; @value NULL: to be taken out. */
int act_grubenv_add(struct plan *plan, const struct root *root,
		    const struct plan_spec *at, const char *name, const char *value,
		    struct diag *reterr);
