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
	bool initramfs;	     /* this system is one */
	bool before;	     /* PID 1 is still to go there */
	bool console; /* it is the console that asks: it has what it shows itself */
	struct menurules rules;
	unsigned good;	/* the generation that is gone back to; 0: none */
	unsigned other; /* on trial or the candidate; 0: none */
	struct terminal terminal;
};

/* What there is to choose, in the order in which it is shown. */
enum menu_choice {
#define MENU_CHOICE(id, word, text) MENU_##id,
#include "recovery/menu-choices.inc"
#undef MENU_CHOICE
	_MENU_CHOICE_MAX,
};

const char *menu_word(enum menu_choice choice);
/* _MENU_CHOICE_MAX: there is none of that name. */
enum menu_choice menu_from_word(const char *word);
/* As people read it. Appends. */
void menu_text(const struct menu *m, enum menu_choice choice, struct strbuf *out);
/* Why it is not to be had here; NULL: it is. */
const char *menu_refuses(const struct menu *m, enum menu_choice choice);
/* What Enter alone chooses. */
enum menu_choice menu_default(const struct menu *m);

/* What is known, label and text: one text for the menu and for the console. */
struct menu_fact {
	const char *label;  /* "": goes on with the one before */
	struct strbuf text; /* escaped, one line */
};

enum { MENU_FACTS_MAX = 10 };

struct menu_facts {
	struct menu_fact of[MENU_FACTS_MAX];
	size_t n;
};

/* What happened, what is good, what is on trial, what was kept of it. */
void menu_facts(const struct menu *m, struct menu_facts *ret);
void menu_facts_done(struct menu_facts *f);

/* What happened, what is good, what can be chosen. */
void menu_show(const struct menu *m);
/* The same for a program: lines of words that tabs divide, as imactl-recovery(8) has them. */
void menu_tell(const struct menu *m);
/* The kernel log, as far as it is about policies: the last @max lines, 0: all of it. */
void menu_show_log(const struct menu *m, size_t max);

/* Does it. True: the menu is over, and the boot goes on. */
bool menu_act(struct menu *m, enum menu_choice choice);

/* In an initramfs that has the console: it asks, and acts through us. True: it came to its
 * end, and the boot goes on. */
bool menu_console(struct menu *m);
