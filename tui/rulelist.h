/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of the Policy screen, shared by its parts: rulelist.c (what is known, rows),
 * rulelist-work.c, rulelist-ask.c, rulelist-plan.c and
 * rulelist-simulate.c (in the background), rulelist-draw.c, rulelist-text.c (texts of both
 * modes), rulelist-actions.c (questions and answers on the screen), rulelist-plain.c (line
 * mode), screen-policy.c (requests). */
#pragma once

#include "core/policy/policyfile.h"
#include "core/policy/rulehits.h"
#include "core/simulate/simulate.h"
#include "tui/app.h"
#include "tui/list.h"
#include "tui/listfind.h"
#include "tui/planned.h"

struct rulelist_job;

/* Rules and what is said of them. */
struct rulelist_set {
	struct ruleset rules;
	struct strbuf keep; /* what .kernel borrows */
	struct policy_kernel kernel;
	struct strbuf
		text;	/* "custom appraise fowner=0" of each, escaped, NUL behind it */
	size_t *at;	/* where in text */
	uint8_t *worst; /* severity of the worst finding; _RULELIST_FINE: none */
	bool checked;	/* core/policy/policylint has run */
};

enum { _RULELIST_FINE = POLICY_NOTE + 1 };

/* A rule, or (rule SIZE_MAX) a finding about the policy as a whole. */
struct rulelist_row {
	size_t rule, finding;
};

struct rulelist {
	struct app *app;
	char *file; /* the candidate; NULL: what is in force */
	bool loaded;
	struct diag failed; /* why there are no rules to show */
	struct rulelist_set set;
	struct rulelist_row *row; /* that pass the filter */
	size_t n;
	struct list list;
	struct rulelist_row sel; /* what is selected, whatever row it is in */
	struct rect rows_at;	 /* of the last drawing, for the mouse */
	int left;		 /* columns the rules are scrolled by */

	struct listfind find;

	bool counted, count_stopped;
	uint32_t counted_to; /* entries of the list there were then */
	struct rulehits hits;

	struct rulelist_job *job;  /* in the background; NULL: none */
	struct rulelist_job *next; /* that waits for it; NULL: none */
	bool reload;		   /* when that has ended */
	struct doc answer;	   /* that came of it, for line mode */
	const char *answer_title;  /* NULL: there is none */
	struct planned ready;

	struct history files, paths;
	char path[PROMPT_MAX]; /* that is asked about */
	char op[16];
	char save_to[PROMPT_MAX];
	bool save_all; /* not only what was loaded */
};

/* rulelist.c */
/* @set is taken over. */
void rulelist_take(struct rulelist *l, struct rulelist_set *set);
void rulelist_rebuild(struct rulelist *l); /* rows, after the filter changed */
/* NULL: no rows. */
const struct rulelist_row *rulelist_selected(struct rulelist *l);
void rulelist_moved(struct rulelist *l); /* the list's selection is what counts */
/* "appraise fowner=0", escaped; of a refused rule as it was written. */
const char *rulelist_rule(const struct rulelist *l, size_t rule);
/* The worst that is said about the row. */
unsigned rulelist_worst(const struct rulelist *l, const struct rulelist_row *row);
/* The next row that holds .find.text, or that has an error or a warning; false: none. */
bool rulelist_find(void *list, bool forward);
bool rulelist_next_bad(struct rulelist *l, bool forward);
int rulelist_set_text(struct rulelist_set *set, bool ascii); /* -ENOMEM */
void rulelist_set_done(struct rulelist_set *set);
void rulelist_done(struct rulelist *l);

/* rulelist-work.c */
/* Starts what is to be done next; called in every step. */
void rulelist_work(struct rulelist *l);
/* Everything anew, of @file (NULL: what is in force), which is copied. */
void rulelist_load(struct rulelist *l, const char *file);
/* Which rules an access to a file meets. False: *ret says why that cannot be asked. */
bool rulelist_may_explain(const struct rulelist *l, struct diag *ret);
bool rulelist_explain(struct rulelist *l, const char *path, const char *op, uint32_t uid,
		      struct diag *ret);
/* What the candidate changes of what is in force. The same. */
bool rulelist_diff(struct rulelist *l, struct diag *ret);
/* What the kernel says to the policy. The same. */
bool rulelist_may_test(const struct rulelist *l, struct diag *ret);
bool rulelist_test(struct rulelist *l, struct diag *ret);
/* What the rules that are shown would deny here. The same. */
bool rulelist_try(struct rulelist *l, struct diag *ret);
/* May the candidate be loaded or installed here? False with the reason in plain words. */
bool rulelist_may_change(const struct rulelist *l, struct strbuf *why);
/* A plan that loads the candidate, or installs it for the boot; then it waits. The same. */
bool rulelist_plan(struct rulelist *l, bool boot, struct diag *ret);
bool rulelist_counting(const struct rulelist *l); /* it may be stopped: */
void rulelist_stop(struct rulelist *l);
/* Waits until nothing is at work any more. */
void rulelist_end(struct rulelist *l);
void rulelist_progress(const struct rulelist *l, struct strbuf *out);
/* Called when there is an answer. */
void rulelist_answered(struct rulelist *l);
/* Rules that are not the kernel's own: what can be written for it to load. */
size_t rulelist_own(const struct rulelist *l);
/* Writes the rules to a file. IMA-H009. */
int rulelist_save(const struct rulelist *l, const char *path, bool all, bool overwrite,
		  struct diag *reterr);

/* rulelist-ask.c: each on its own, on another thread. */
struct rulelist_ask {
	const struct root *root;
	bool ascii;
	const struct rulelist_set *of; /* the rules that are asked */
	const char *file;	       /* the candidate; NULL: the policy for the boot */
	const char *path, *op;	       /* an access, by */
	uint32_t uid;
	struct doc *doc; /* the answer is added to it */
	struct diag *reterr;
};
/* The policy's text. */
int rulelist_ask_text(const struct rulelist_ask *ask, struct strbuf *out,
		      struct policyfile *ret);
int rulelist_ask_explain(const struct rulelist_ask *ask);
int rulelist_ask_diff(struct rulelist_ask *ask);
int rulelist_ask_test(const struct rulelist_ask *ask);
/* The file by the name that the kernel can open it by; NULL: it has none. Owned. */
char *rulelist_ask_path(const struct rulelist_ask *ask);

/* rulelist-plan.c: the same, with a plan; what it means beside its steps is the answer. */
int rulelist_plan_load(const struct rulelist_ask *ask, struct plan *ret);
int rulelist_plan_install(const struct rulelist_ask *ask, struct plan *ret);

/* rulelist-simulate.c: the same, and it may take long. */
int rulelist_simulate(const struct rulelist_ask *ask, const struct simulate_watch *watch);

/* rulelist-text.c */
/* The first row: which rules these are. */
void rulelist_title(const struct rulelist *l, struct strbuf *out);
/* "14 rules, 1 error", "checking". */
void rulelist_sum(const struct rulelist *l, struct strbuf *out);
/* "1 204", "?", "-"; what it means is in the detail. Returns @buf. */
const char *rulelist_hits(const struct rulelist *l, size_t rule, char buf[40]);
/* "!!"; never NULL. */
const char *rulelist_mark(unsigned worst, enum style *ret_style);
/* The filter of the Log screen for what the rule can have put into the list; false: it
 * cannot say that, since it does not know how a file was used. Appends. */
bool rulelist_log_filter(const struct rulelist *l, size_t rule, struct strbuf *out);
void rulelist_detail(const struct rulelist *l, const struct rulelist_row *row,
		     struct doc *d, bool whole);
/* Where there are no rows to show. */
void rulelist_nothing(const struct rulelist *l, struct doc *d);
/* What a test does and leaves behind. */
void rulelist_test_text(const struct rulelist *l, struct doc *d);

void rulelist_draw(struct rulelist *l, struct canvas *c, struct rect body);
bool rulelist_action(struct rulelist *l, enum request r);
void rulelist_plain(struct rulelist *l, struct plain *p);
