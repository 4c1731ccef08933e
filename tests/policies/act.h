/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For ask-accesses: does what is asked about. */
#pragma once

#include "core/base/policymatch.h"
#include "tests/policies/draw.h"

/* The smallest program of x86-64: it ends at once. */
int act_make_program(const char *path);
struct policymatch_access act_who(const struct draw_who *who);
/* In a child of its own. errno; 0; -signal. */
int act(const struct draw_case *c);
/* What act() gives when the kernel denies the last of @steps hooks, or nothing. */
int act_expect(enum draw_op op, bool denied, size_t steps);
/* The kernel looks for _ima and _evm among the keys of whoever comes first, once, and keeps
 * what it found (digsig.c integrity_keyring_from_id()): in a session that all share anybody
 * finds them. */
void act_share_keys(void);
/* Rule by rule; says which is refused. */
int act_load(struct span policy);
