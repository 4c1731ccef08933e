/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Searching and filtering of the lists that are no measurement list: what is asked, and what
 * was asked last. The list itself finds and leaves out (words.h). */
#pragma once

#include "tui/app.h"

struct listfind {
	struct app *app;
	void *user;
	bool (*next)(void *user,
		     bool forward);   /* selects what holds .text; false: none */
	void (*filtered)(void *user); /* .filter is another one */
	char text[PROMPT_MAX];	      /* "": nothing was searched for yet */
	char filter[PROMPT_MAX], before[PROMPT_MAX];
};

/* All zero before. */
void listfind_init(struct listfind *f, struct app *a,
		   bool (*next)(void *user, bool forward), void (*filtered)(void *user),
		   void *user);
/* SEARCH, SEARCH_NEXT, SEARCH_PREV, FILTER; false: another one. */
bool listfind_request(struct listfind *f, enum request r);
