/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/base/root.h"
#include "core/base/str.h"

/* What is known good, on trial, marked, and what the gate found in this boot: some lines.
 * @here: this system, whose /run counts; @target: the root whose /etc counts. Appends. */
void status_text(const struct root *here, const struct root *target, struct strbuf *out);
