/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by triage*.c alone. */
#pragma once

#include "core/triage/triage.h"

/* Which remedies there are, and which are possible. -ENOMEM. */
int triage_find_remedies(struct triage *t, struct triage_found *f);

/* The operation that fails, or else is unsure; NULL. */
static inline const struct triage_op *triage_first(const struct triage_found *f)
{
	return f->first < f->n_ops ? &f->op[f->first] : NULL;
}
