/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filter of lists that are no measurement list: words. */
#pragma once

#include <stdbool.h>

/* Is every word of @filter in @text, and none that has a ! before it? */
bool words_pass(const char *filter, const char *text);
