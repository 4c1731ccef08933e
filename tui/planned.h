/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plan that a screen has made and that waits to be confirmed: asked about by its danger,
 * in the console and in line mode, and carried out, in the same words wherever it comes
 * from.
 */
#pragma once

#include "core/base/change.h"
#include "tui/app.h"

struct plain;

struct planned {
	struct app *app;
	void (*after)(void *user); /* something was changed */
	void *user;
	/* Filled in by who makes it, until planned_drop(): */
	struct plan plan;
	const char *command;	    /* "key load"; NULL: nothing waits */
	const char *title, *action; /* "Load a key", "Load" */
	struct doc doc;		    /* what is known beyond its steps */
	unsigned back; /* this change is to be taken back: .plan is borrowed from its */
	struct journal journal;
	/* Of what was done last, for after(): */
	unsigned change; /* its number; 0: there was nothing to do */
	unsigned undone; /* the one that was taken back; 0: it was none of that kind */
	enum change_outcome outcome;
	struct root *root; /* that it is carried out below; NULL: the console's */
};

void planned_init(struct planned *p, struct app *a, void (*after)(void *user),
		  void *user);
/* Forgets the plan that waits. */
void planned_drop(struct planned *p);

/* May this screen's things be changed here? @what: "keys are loaded and retired",
 * @whose: "keyrings". False with the reason in plain words. */
bool planned_may(const struct app *a, const char *what, const char *whose,
		 struct strbuf *why);

/* A change to be taken back waits then. IMA-C005, IMA-C009. */
int planned_undo(struct planned *p, unsigned change, struct diag *reterr);

/* Asks, on @screen, if somebody looks at that. A plan that nobody waits for any more is
 * worth nothing, since the world goes on: it is dropped, and @again says how it is made
 * anew. In line mode it waits for planned_in_lines(). */
void planned_ready(struct planned *p, enum screen_id screen, const char *again);
/* Shows what waits, asks, does it. True: something was changed. */
bool planned_in_lines(struct planned *p, struct plain *to);
