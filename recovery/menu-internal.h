/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the menu. */
#pragma once

#include "core/base/root.h"
#include "recovery/menurules.h"
#include "recovery/terminal.h"

struct menu {
	struct root here;    /* this system: the kernel's places and /run */
	struct root target;  /* the root that does not start; undefined without it */
	const char *rootmnt; /* where it is mounted; NULL: no root was found */
	bool before;	     /* PID 1 is still to go there */
	struct menurules rules;
	unsigned good; /* the generation that is gone back to; 0: none */
	struct terminal terminal;
};

/* What there is to choose, in the order in which it is shown. */
enum menu_choice {
#define MENU_CHOICE(id, text) MENU_##id,
#include "recovery/menu-choices.inc"
#undef MENU_CHOICE
	_MENU_CHOICE_MAX,
};

/* Why it is not to be had here; NULL: it is. */
const char *menu_refuses(const struct menu *m, enum menu_choice choice);

/* What happened, what is good, what can be chosen. */
void menu_show(struct menu *m);
/* The end of the kernel log, as far as it is about policies. */
void menu_show_log(struct menu *m);

/* Does it. True: the menu is over, and the boot goes on. */
bool menu_act(struct menu *m, enum menu_choice choice);
