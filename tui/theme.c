/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/theme.h"

#include <string.h>

#include "core/base/str.h"

#define S(fg, bg, attr)                                                                  \
	{                                                                                \
		fg, bg, attr                                                             \
	}

static const struct look looks[_STYLE_MAX][_SCHEME_MAX] = {
#define STYLE(id, ...) [STYLE_##id] = {__VA_ARGS__},
#include "tui/styles.inc"
#undef STYLE
};

static const struct {
	const char *name, *meaning;
} schemes[_SCHEME_MAX] = {
#define SCHEME(id, name, meaning) [SCHEME_##id] = {name, meaning},
#include "tui/schemes.inc"
#undef SCHEME
};

struct look theme_look(enum scheme scheme, enum style style)
{
	return looks[style][scheme];
}

enum scheme theme_from_name(const char *name)
{
	for (int i = 0; i < _SCHEME_MAX; i++)
		if (strcmp(schemes[i].name, name) == 0)
			return (enum scheme)i;
	return _SCHEME_INVALID;
}

const char *theme_name(enum scheme scheme)
{
	return schemes[scheme].name;
}

const char *theme_meaning(enum scheme scheme)
{
	return schemes[scheme].meaning;
}

int theme_choose(const char *name, enum tui_color color, const char *no_color,
		 struct diag *reterr)
{
	enum scheme scheme = name ? theme_from_name(name) : SCHEME_DEFAULT;
	char q[64];

	if (scheme < 0)
		return diag_set(reterr, DIAG_NO_SCHEME, EINVAL,
				"There is no colour scheme named %s.",
				str_quote(q, sizeof(q), span_of(name)));
	if (color == TUI_COLOR_NEVER)
		return SCHEME_MONO;
	if (color == TUI_COLOR_AUTO && !name && no_color && *no_color)
		return SCHEME_MONO;
	return (int)scheme;
}
