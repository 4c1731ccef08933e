/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The help text, made from the tables: requests, screens, filter fields. */
#pragma once

#include "tui/doc.h"

/* The keys of one context (an IN_ bit) first, then those that work everywhere. */
void help_fill(struct doc *d, unsigned context, bool ascii);
