/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A few lines for whoever sits at any terminal of this machine, as wall(1) does. */
#pragma once

#include "core/base/root.h"

/* To every pseudo-terminal, the console and the first virtual terminals. A terminal that
 * takes nothing is passed over; nobody is waited for. @text: lines, each with its newline. */
void announce_all(const struct root *root, const char *text);
