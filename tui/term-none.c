/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For builds without ncurses (-Dtui=disabled): no full screen, line mode only. */
#include <errno.h>

#include "tui/term.h"

const char *term_unfit(const char *name)
{
	return "this imactl was built without the full-screen console";
}

int term_open(const struct term_config *config, struct terminal **ret,
	      struct diag *reterr)
{
	return diag_set(reterr, DIAG_NO_TERMINAL, EOPNOTSUPP,
			"This imactl was built without the full-screen console.");
}

struct terminal *term_close(struct terminal *t)
{
	return NULL;
}

int term_key(struct terminal *t, struct term_key *ret)
{
	return 0;
}

void term_draw(struct terminal *t, const struct canvas *c)
{
}

void term_redraw(struct terminal *t)
{
}

void term_size(struct terminal *t, int *ret_h, int *ret_w)
{
	*ret_h = 24;
	*ret_w = 80;
}

void term_suspend(struct terminal *t)
{
}

void term_scheme(struct terminal *t, enum scheme scheme)
{
}

bool term_mouse(struct terminal *t, bool on)
{
	return false;
}

bool term_copy(struct terminal *t, const char *text, size_t len)
{
	return false;
}

bool term_is_ascii(const struct terminal *t)
{
	return true;
}

bool term_is_slow(const struct terminal *t)
{
	return false;
}

bool term_has_color(const struct terminal *t)
{
	return false;
}
