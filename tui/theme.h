/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Colour schemes: one row per style in styles.inc, one column per scheme. */
#pragma once

#include <errno.h>
#include <stdint.h>

#include "tui/tui.h"

enum style {
#define STYLE(id, ...) STYLE_##id,
#include "tui/styles.inc"
#undef STYLE
	_STYLE_MAX,
};

enum scheme {
#define SCHEME(id, name, meaning) SCHEME_##id,
#include "tui/schemes.inc"
#undef SCHEME
	_SCHEME_MAX,
	_SCHEME_INVALID = -EINVAL,
};

/* The eight colours every colour terminal has, in ANSI order. */
enum color { DEF = -1, BLACK, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, WHITE };

enum { BOLD = 1, UNDERLINE = 2, REVERSE = 4, DIM = 8 };

struct look {
	int8_t fg, bg;
	uint8_t attr;
};

struct look theme_look(enum scheme scheme, enum style style);

enum scheme theme_from_name(const char *name);
const char *theme_name(enum scheme scheme);
const char *theme_meaning(enum scheme scheme);

/* What to use: the one named, or the default; mono when colours are off: --color=never,
 * or NO_COLOR non-empty (@no_color, may be NULL) unless --color=always or a scheme is
 * named. -EINVAL with IMA-U011: no such scheme. */
int theme_choose(const char *name, enum tui_color color, const char *no_color,
		 struct diag *reterr);
