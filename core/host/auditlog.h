/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that auditd keeps: where auditd.conf(5) has its log, and the older ones beside
 * it, which are renamed to .1, .2 and so on without a gap.
 */
#pragma once

#include "core/base/diag.h"
#include "core/base/root.h"

enum { AUDITLOG_ROTATIONS_MAX = 999 }; /* auditd.conf(5) num_logs */

/* Opens the log (0) or its @i-th rotation for reading: a plain file. A recorded host has
 * the log alone, unless it holds the others below root/. -ENOENT: there is no such file. */
int auditlog_open(const struct root *root, unsigned i, struct diag *reterr);

/* How many there are, the log included; counting stops at the first that is missing. */
unsigned auditlog_count(const struct root *root);
