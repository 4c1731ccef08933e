/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of the Files screen, shared by its parts: screen-files.c (requests),
 * filelist.c (rows), filelist-draw.c, filelist-actions.c (scan, label, undo),
 * filelist-sign.c, filelist-plain.c (line mode). */
#pragma once

#include "tui/app.h"
#include "tui/filework.h"
#include "tui/list.h"
#include "tui/listfind.h"
#include "tui/planned.h"

/* What rows are grouped by: the errors of the last job, then the kinds of a scan. */
enum {
	FILELIST_ERRORS,
	FILELIST_KINDS,
	_FILELIST_GROUPS = FILELIST_KINDS + _SCAN_KIND_MAX,
};

#define FILELIST_HEADING UINT32_MAX

struct filerow {
	uint32_t group;
	uint32_t at; /* of its files; FILELIST_HEADING: the group itself */
};

struct filelist {
	struct app *app;
	struct filework *work; /* the model's */
	struct list list;
	struct filerow *rows; /* that there are, in order */
	size_t n, cap;
	bool open[_FILELIST_GROUPS];
	size_t shown[_FILELIST_GROUPS]; /* that pass the filter */
	unsigned scans, jobs;		/* of the work when the rows were made */
	uint64_t looked_ms;		/* at the job, when it was last */
	bool lines; /* line mode, which takes what tasks bring itself */

	struct listfind find;
	char typed[PROMPT_MAX]; /* the path that was asked for last */
	bool tails;		/* long paths: their end */
	int left;		/* columns the path is scrolled by */
	struct rect rows_at;	/* of the last drawing, for the mouse */

	struct filework_result planned; /* that is being confirmed */
	unsigned undoing;		/* the job whose undoing is being confirmed */
	struct planned ready;		/* signatures that are being confirmed */
	struct strbuf to_sign;		/* paths, a NUL behind each */
	struct history keys;		/* files of private keys */
};

/* Rows, selection and window after anything changed. */
void filelist_sync(struct filelist *l, size_t rows);
/* After the filter changed, or a group was opened. */
void filelist_rebuild(struct filelist *l);
bool filelist_selected(const struct filelist *l, struct filerow *ret);
void filelist_toggle(struct filelist *l, uint32_t group);

/* Files that have names in a group, and all that are counted. */
size_t filelist_listed(const struct filelist *l, uint32_t group);
uint64_t filelist_count(const struct filelist *l, uint32_t group);
/* Foreign bytes, below the target. */
const char *filelist_path(const struct filelist *l, struct filerow row);
/* "hash differs", "errors of job 7" */
const char *filelist_words(const struct filelist *l, uint32_t group, char *buf,
			   size_t size);
/* What the kernel would note of it, or why it is there; may be "". Appends. */
void filelist_why(const struct filelist *l, struct filerow row, struct strbuf *out);
enum style filelist_style(uint32_t group);
/* The next or previous file whose path holds .find.text, in groups that are closed, too. */
bool filelist_find(void *list, bool forward);

/* "Files that ima_policy=appraise_tcb appraises", "Files below /opt" */
void filelist_title(const struct filelist *l, struct strbuf *out);
/* What came of a scan in numbers, or why there is none. */
void filelist_sum(const struct filelist *l, struct strbuf *out);
/* First-run text; nothing has been scanned. */
void filelist_intro(const struct filelist *l, struct doc *d);

void filelist_draw(struct filelist *l, struct canvas *c, struct rect body);

/* filelist-actions.c */
bool filelist_action(struct filelist *l, enum request r);
/* Takes what a task has brought: opens it, or asks. */
void filelist_take(struct filelist *l);
/* Says why labels cannot be set here; false: they can. */
bool filelist_refuses(const struct filelist *l, struct diag *ret);
/* The same for looking at files. */
bool filelist_blind(const struct filelist *l, struct diag *ret);
void filelist_scan(struct filelist *l, const char *typed, struct diag *ret);
/* The job that can be taken back, how many labels that is, and what is said before; 0:
 * there is none, *ret says so. */
unsigned filelist_undo_what(const struct filelist *l, struct doc *d, uint64_t *ret_steps,
			    struct diag *ret);

/* filelist-sign.c */
/* Asks which key signs the selected file, or those of the group. */
void filelist_ask_sign(struct filelist *l);
/* Remembers those of a row. False: *ret says why they cannot be signed here. */
bool filelist_to_sign(struct filelist *l, struct filerow row, struct diag *ret);
/* What a task has planned waits to be confirmed then. */
void filelist_take_signs(struct filelist *l, struct filework_result *r);

void filelist_plain(struct filelist *l, struct plain *p);
/* A plan that was made elsewhere (filework_offer()): shown, asked about, begun. */
void filelist_plain_offer(struct filelist *l, struct plain *p);
