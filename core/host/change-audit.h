/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every change to the machine leaves a record in the audit trail (AUDIT_USYS_CONFIG):
 * what, by which plan, and what came of it. libaudit is loaded when the first change is
 * made; a machine without it, or without the right to write records, is changed all the
 * same: the journal is what undo rests on.
 */
#pragma once

#include "core/base/change.h"
#include "core/base/str.h"

/* The hook for struct change_ctx. */
void change_audit_hook(void *user, const struct change_progress *p);

/* The record's text: op=, id=, hash=, steps=, and the title as audit encodes it. */
void change_audit_text(struct strbuf *out, const struct change_progress *p);
