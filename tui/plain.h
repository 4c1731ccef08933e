/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Line mode: numbered menus and plain lines, nothing is ever drawn over. For screen
 * readers, dumb terminals and rescue. Every flow of the screens can be done in it.
 */
#pragma once

#include <stdio.h>

#include "tui/app.h"

struct plain {
	struct app *app; /* its model, notes and screens; never drawn */
	FILE *out;
	int in;		      /* lines are read from here */
	struct strbuf line;   /* bytes read beyond the last line */
	struct strbuf answer; /* the last line */
	int signals;	      /* a signalfd, -1: none */
	bool eof;	      /* nothing more can be read */
	int err;	      /* of writing, negative errno; then it ends, too */
	int signal;	      /* the signal that ended it */
};

/* Runs until the person leaves; 0, or 128 + n. IMA-H004: what it says cannot be written;
 * a reader that left is none. */
int plain_run(struct plain *p, struct diag *reterr);

void plain_say(struct plain *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void plain_blank(struct plain *p);
void plain_doc(struct plain *p, const struct doc *d);
void plain_diag(struct plain *p, const struct diag *d);

/* Asks for a line; NULL at the end of input, or when nobody can hear the question. Valid until the next call. */
const char *plain_ask(struct plain *p, const char *question);

/* The choices of a screen: a table whose rows begin with .text. */
#define PLAIN_CHOICES(table) &(table)[0].text, sizeof((table)[0]), array_size(table)
void plain_choices(struct plain *p, const char *const *first, size_t stride, size_t n);
/* Asks "NAME, choice (? lists them):" until the answer is one of them: its index, or
 * PLAIN_AGAIN: nothing was chosen, what there is may be read out again; PLAIN_BACK: away. */
enum { PLAIN_AGAIN = -1, PLAIN_BACK = -2 };
int plain_choose(struct plain *p, const char *name, const char *const *first,
		 size_t stride, size_t n);
/* "That is none of the choices." */
void plain_no_choice(struct plain *p);

/* Works until everything is read and up to date; says how far it is now and then. */
void plain_settle(struct plain *p);

/* Works and waits for up to @ms; true when the person pressed Enter (or is gone). */
bool plain_wait(struct plain *p, int ms);
