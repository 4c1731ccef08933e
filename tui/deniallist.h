/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of the Denials screen, shared by its parts: screen-denials.c (requests),
 * deniallist.c (rows), deniallist-stream.c (as it comes), deniallist-words.c (rows in words), deniallist-text.c (texts of both
 * modes), deniallist-draw.c, deniallist-actions.c (search, filter, mute, go to),
 * deniallist-fix.c (explain, fix, undo), deniallist-plain.c (line mode). */
#pragma once

#include "core/triage/mute.h"
#include "tui/app.h"
#include "tui/denialcase.h"
#include "tui/entrytext.h"
#include "tui/list.h"
#include "tui/listfind.h"
#include "tui/planned.h"

enum {
	DENIALLIST_OPEN = 16, /* groups that are open at a time */
	DENIALLIST_FIXES = 64,
};

enum deniallist_is {
	DENIALLIST_GROUP,
	DENIALLIST_ROW,
	DENIALLIST_EVENT,
	DENIALLIST_ENTRY
};

struct deniallist_row {
	enum deniallist_is is;
	uint32_t group; /* GROUP, ROW */
	uint32_t
		at; /* ROW: of the store; EVENT: as the feed counts them, modulo 2^32; ENTRY:
			 * the number of the measurement */
};

/* A group by its name, which lasts as long as the store. */
struct deniallist_name {
	enum denial_kind kind; /* where groups are by cause */
	struct span name;
};

/* What was done about a row. */
struct deniallist_fix {
	uint32_t row;
	enum remedy_id remedy;
	unsigned change;
	enum {
		DENIALLIST_APPLIED, /* and not tried, or not yet */
		DENIALLIST_PASSES,
		DENIALLIST_FAILS,
		DENIALLIST_NEXT_BOOT,
		DENIALLIST_BACK, /* taken back */
	} state;
};

struct deniallist {
	struct app *app;
	struct feed *feed; /* the model's */
	struct list list;
	enum denials_key key;
	struct denials_group *groups;
	size_t n_groups;
	struct deniallist_row *rows;
	size_t n, cap;
	struct deniallist_name open[DENIALLIST_OPEN];
	size_t n_open;
	bool stream; /* not groups: what came, and what was measured, in order */
	uint64_t stream_count; /* entries of the measurement list there were then */
	struct entrytext text; /* of the measurement being drawn */
	bool on_row;	       /* what is selected, whatever line it is in */
	struct deniallist_name sel;
	uint32_t sel_row;
	enum deniallist_is sel_is;
	unsigned generation; /* of the feed when the rows were made */
	uint64_t made_ms, minute;
	uint64_t seen; /* events there were then */
	bool stale;    /* they must be made anew */
	bool follow, paused;
	bool tails; /* long paths: their end */
	int left;   /* columns the text is scrolled by */
	struct rect rows_at;

	struct mute_list mutes;
	bool mutes_read;
	struct diag no_mutes;
	bool muted_shown;
	uint64_t n_muted; /* events that are left out for it */
	struct strbuf mute_reason, scratch;
	char mute_title[64];

	struct listfind find;

	struct denialcase *atwork; /* in the pool; NULL: none */
	struct denialcase *asked;  /* whose remedies are asked about, or being done */
	bool to_fix;		   /* the one at work was asked for that */
	bool answered;		   /* line mode: it is there */
	enum remedy_id wanted;	   /* once its key is known; _REMEDY_INVALID */
	struct strbuf offers[TRIAGE_REMEDIES];
	struct planned ready;
	struct deniallist_fix fixes[DENIALLIST_FIXES]; /* the oldest first */
	size_t n_fixes;
	struct history keys, certs, reasons;
};

/* deniallist.c */
/* Rows for what came, where it is time; not while somebody waits: there may be many. */
void deniallist_sync(struct deniallist *l);
/* Rows for what was asked for; the list has @lines on the screen. */
void deniallist_fit(struct deniallist *l, size_t lines);
/* NULL: no rows. */
const struct deniallist_row *deniallist_selected(struct deniallist *l);
void deniallist_moved(struct deniallist *l); /* the list's selection is what counts */
const struct denials_group *deniallist_group(const struct deniallist *l,
					     const struct deniallist_row *row);
/* The row, or the only one of a group; NULL: there are several, *ret_at is the first. */
const struct denials_row *deniallist_store_row(struct deniallist *l,
					       const struct deniallist_row *row,
					       uint32_t *ret_at);
void deniallist_toggle(struct deniallist *l, const struct deniallist_row *row);
/* The next row that holds .find.text, in groups that are closed, too; or the next denial. */
bool deniallist_find(void *list, bool forward);
bool deniallist_next_bad(struct deniallist *l, bool forward);
bool deniallist_add(struct deniallist *l, struct deniallist_row row);
bool deniallist_shows(struct deniallist *l, const struct denials_row *row);
void deniallist_set_stream(struct deniallist *l, bool stream);
void deniallist_set_key(struct deniallist *l, enum denials_key key);
/* What lies there is read again, where nothing comes by itself. */
void deniallist_restart(struct deniallist *l);
const struct deniallist_fix *deniallist_fix_of(const struct deniallist *l, uint32_t row);
void deniallist_mutes_load(struct deniallist *l);
void deniallist_done(struct deniallist *l);

/* deniallist-stream.c */
/* Its rows; false: no memory. */
bool deniallist_stream_rows(struct deniallist *l);
/* Something was measured since. */
bool deniallist_stream_grew(const struct deniallist *l);
const struct feed_event *deniallist_event(const struct deniallist *l, uint32_t at);
/* "03:40:58 DENIED   missing-hash  bash: /opt/app/bin/worker"; escaped. */
void deniallist_stream_text(struct deniallist *l, const struct deniallist_row *row,
			    struct strbuf *out, enum style *ret_style);
/* The whole measurement, as the Log screen has it. */
void deniallist_entry(struct deniallist *l, uint32_t number, struct doc *d);

/* deniallist-words.c */
/* "DENIED", "passed", "violat": what came of it, in a column; never by colour alone. */
const char *deniallist_result(enum denial_kind kind, uint64_t count, uint64_t denied,
			      uint64_t allowed, enum style *ret_style);
/* "03:40:58", of another day "11-23"; @buf of 24. */
const char *deniallist_time(const struct deniallist *l, uint64_t ms, char *buf);
/* How often over the last hour, @w columns. */
void deniallist_spark(const uint32_t *per_minute, int w, char *buf);
void deniallist_minutes(const struct denials_row *row, uint64_t minute,
			uint32_t ret[DENIALS_MINUTES]);
/* "missing-hash  12 paths, 3 programs"; escaped. */
void deniallist_group_text(const struct deniallist *l, const struct denials_group *g,
			   struct strbuf *out);
/* "bash: /opt/app/bin/worker", with what was done about it first; escaped. */
void deniallist_row_text(const struct deniallist *l, uint32_t at, struct strbuf *out);
/* "missing-hash  bash: /opt/app/bin/worker"; escaped. */
void deniallist_event_text(const struct deniallist *l, const struct denial *d,
			   struct strbuf *out);
/* What words are looked for in; escaped. */
void deniallist_search_text(const struct deniallist *l, const struct denials_row *row,
			    struct strbuf *out);
void deniallist_title(const struct deniallist *l, struct strbuf *out);
void deniallist_sum(const struct deniallist *l, struct strbuf *out);
/* "audit: live, 0 lost | 3 muted | " */
void deniallist_source(const struct deniallist *l, struct strbuf *out);
/* "fixed by label, re-test: passes" */
void deniallist_fix_text(const struct deniallist_fix *f, struct strbuf *out);

/* deniallist-text.c */
/* Why, risk, what helps, from the table of causes: nothing is looked at. */
void deniallist_pane(const struct deniallist *l, uint32_t at, struct doc *d, bool tall);
/* @first: one of its rows. */
void deniallist_group_pane(const struct deniallist *l, const struct denials_group *g,
			   uint32_t first, struct doc *d, bool tall);
/* All that a look has found. */
void deniallist_case(const struct denialcase *c, bool ascii, struct doc *d);
/* "label: Label it with ..", or why not; escaped. */
void deniallist_offer(const struct triage_remedy *r, bool ascii, struct strbuf *out);
void deniallist_nothing(const struct deniallist *l, struct doc *d);

void deniallist_draw(struct deniallist *l, struct canvas *c, struct rect body);

/* deniallist-actions.c */
bool deniallist_action(struct deniallist *l, enum request r);
/* May something be muted here? False: *why says why not. */
bool deniallist_may_mute(const struct deniallist *l, struct strbuf *why);
enum { DENIALLIST_TIMES = 5 };
const char *deniallist_mute_time(size_t i, uint64_t *ret_s);
/* Mutes what is selected, or ends that. */
int deniallist_mute(struct deniallist *l, const char *reason, uint64_t for_s,
		    struct diag *reterr);
/* The muted group that holds what is selected; NULL. */
const struct mute *deniallist_muted(struct deniallist *l);
int deniallist_unmute(struct deniallist *l, struct diag *reterr);
/* "cause missing-hash": what would be muted; escaped. False: nothing is selected. */
bool deniallist_mute_what(struct deniallist *l, struct strbuf *out);

/* deniallist-fix.c */
/* Looks at what is selected, to say it or to offer remedies. False: *ret says why not. */
bool deniallist_look(struct deniallist *l, bool to_fix, struct diag *ret);
/* The same case again, with a private key or a certificate that somebody named (NULL), to
 * do @id then. */
bool deniallist_look_again(struct deniallist *l, const char *key, const char *cert,
			   enum remedy_id id, struct diag *ret);
/* What the remedy lacks that somebody may name: a question; NULL: nothing. */
const char *deniallist_lacks(const struct deniallist *l, const struct triage_remedy *r);
bool deniallist_may_fix(const struct deniallist *l, struct strbuf *why);
/* Plans it for what is asked about; then the plan waits. */
bool deniallist_plan(struct deniallist *l, enum remedy_id id, struct diag *ret);
/* The change to be taken back, of the selected row or else the last one, waits then. */
bool deniallist_undo(struct deniallist *l, struct diag *ret);
/* The remedy that was asked for, with what it needs. */
void deniallist_chosen(void *user, int i);
void deniallist_changed(void *user); /* the change that waited was made */
void deniallist_end(struct deniallist *l);

void deniallist_plain(struct deniallist *l, struct plain *p);
