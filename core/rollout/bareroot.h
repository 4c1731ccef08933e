/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The disk as it is, below what the gate put over it for this boot: there a generation stands
 * read-only for /etc/ima (recovery.md, rule 7), and a plan for the next boot would find it,
 * and could not write. This process alone looks past it, in a mount namespace of its own, to
 * which mounts that others make still come.
 */
#pragma once

#include "core/base/root.h"

/* Did the gate put something over /etc/ima or /etc/keys/ima for this boot? */
bool bareroot_is_covered(const struct root *root);

/* 1: @root was opened anew and shows the disk; 0: nothing is in the way here. IMA-R012. */
int bareroot_enter(struct root *root, struct diag *reterr);
