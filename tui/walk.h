/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of the Rollout screen, shared by its parts: walk-work.c (in the background: a look
 * at the machine, plans), walk-stage.c (the plan of a policy), walk-text.c (texts of both
 * modes), walk-actions.c (what keys do), walk-plain.c (line mode), screen-rollout.c (drawing,
 * requests). */
#pragma once

#include "core/rollout/rollout.h"
#include "tui/app.h"
#include "tui/list.h"
#include "tui/planned.h"

struct walk_job;

enum { WALK_CERTS = 16 };

/* What 'rollout stage' is told. */
struct walk_stage {
	char file[PROMPT_MAX]; /* the policy */
	enum bootmode mode;
	char key[PROMPT_MAX]; /* private, that signs it; "": as the file is signed */
	char cert[WALK_CERTS][PROMPT_MAX]; /* taken along; one of them is the key's */
	size_t n_certs;
};

struct walk {
	struct app *app;
	struct rollout *now;  /* as it was looked at last; NULL: not yet */
	struct diag failed;   /* why it could not be */
	struct list list;     /* of steps */
	bool moved;	      /* somebody has selected a step: it stays selected */
	struct rect rows_at;  /* of the last drawing, for the mouse */
	struct doc detail;    /* of the selected step */
	struct walk_job *job; /* in the background; NULL: none */
	struct planned ready;
	struct root
		own; /* that a plan is carried out below, where it is not the console's */
	bool has_own;
	bool confirms; /* the plan that waits is a confirmation */
	struct history files, keys, certs, reasons;
	struct walk_stage stage;
	char go_on[80];	      /* what is staged then, in words, for the question */
	enum rollout_id skip; /* the step that a reason is asked for */
};

/* What is asked of the background. */
struct walk_ask {
	enum rollout_id step; /* whose plan is made; _ROLLOUT_MAX: a look */
	bool whole;	      /* of a look: contents are read */
	bool gives_up;	      /* ARM: abort */
	/* LABEL, OBSERVE: skip it, for that reason; "": take it after all; NULL: neither */
	const char *why;
};

/* walk-work.c. False: something is on its way. */
bool walk_start(struct walk *w, const struct walk_ask *ask);
bool walk_is_busy(const struct walk *w);
void walk_stop(struct walk *w);
void walk_done(struct walk *w);
/* The selected step; of no rollout the first. */
enum rollout_id walk_selected(const struct walk *w);

/* walk-stage.c: in the background. As 'rollout stage' makes it; -errno. */
int walk_stage(const struct root *root, const char *release,
	       const struct walk_stage *what, struct plan *ret, struct strbuf *said,
	       struct diag *reterr);

/* walk-text.c */
void walk_title(const struct walk *w, struct strbuf *out);
/* "[x] 1 Assess  ..." */
void walk_line(const struct walk *w, enum rollout_id id, struct strbuf *out);
enum style walk_style(const struct walk *w, enum rollout_id id);
/* What was found. @all: what is as it should be, and what the step is, too. */
void walk_findings(const struct walk *w, enum rollout_id id, bool all, struct doc *d);
/* What it changes, and how that is undone. */
void walk_changes(const struct walk *w, enum rollout_id id, struct doc *d);

/* walk-actions.c */
bool walk_action(struct walk *w, enum request r);
/* That the step has no action here, and what is to be done instead; NULL: it has one. */
const char *walk_only(const struct walk *w, enum rollout_id id);

void walk_plain(struct walk *w, struct plain *p);
