/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of the Keys screen, shared by its parts: rings.c (what is known, rows),
 * rings-work.c (in the background), rings-draw.c, rings-text.c (texts of both modes),
 * rings-actions.c (questions and answers on the screen), rings-rotate.c (a key takes another's
 * place), rings-plain.c (line mode), screen-keys.c (requests). */
#pragma once

#include "core/label/keyplan.h"
#include "core/label/keyseen.h"
#include "tui/app.h"
#include "tui/list.h"
#include "tui/planned.h"

struct rings_job;

/* A keyring, a key in it, or (ring _KEYRING_MAX) the keyrings that are not there. */
struct rings_row {
	enum keyring_id ring;
	const struct keyring_key *key; /* NULL: the keyring itself */
};

/* The keys of a rotation, as somebody named them. */
struct rings_names {
	char old[PROMPT_MAX];  /* an id, or the file of a certificate */
	char cert[PROMPT_MAX]; /* of the new key */
	char key[PROMPT_MAX];  /* the new one, private; "": not named */
	bool ascii;
};

/* What came of a look at it: one of them, or how far it is alone. */
struct rings_rotated {
	struct strbuf said;
	bool planned; /* .plan is the next phase's */
	struct plan plan;
	struct filework_result labels; /* .job: files are signed by it; 0: none is kept */
	bool needs_key;		       /* the private key must be named */
};

struct rings {
	struct app *app;
	bool loaded;	    /* host is what was found last */
	struct diag failed; /* why it could not be looked at */
	struct keyhost host;
	struct rings_row *row;
	size_t n;
	struct list list;
	enum keyring_id sel_ring; /* what is selected, whatever row it is in */
	int32_t sel_serial;
	bool wants; /* the key that signatures name so, once it is known */
	uint8_t wanted[CERT_KEYID];
	struct rect rows_at; /* of the last drawing, for the mouse */

	struct keyseen seen; /* of the console's measurement list */
	bool seen_on;
	bool counted; /* use is there */
	struct keyuse use;

	struct rings_job *job; /* in the background; NULL: none */
	struct planned ready;
	unsigned done; /* the change that was made here last; 0: none, or taken back */
	struct rings_names names;
	struct rings_rotated rotated;
	bool rotates; /* it is looked at when the keyrings are read */

	struct history files; /* certificates that were named */
	struct history olds, keys;
	char file[PROMPT_MAX];
	bool to_load; /* the question is for a certificate to load, not to check */
	char target[_KEYRING_MAX][80]; /* keyrings to choose from, in words */
};

/* rings.c */
void rings_take(struct rings *r, struct keyhost *host);	 /* host is taken over */
const struct rings_row *rings_selected(struct rings *r); /* NULL: no rows */
void rings_moved(struct rings *r); /* the list's selection is what counts */
/* Selects the key that a signature in security.ima names so, when the keyrings are read; a
 * note says where none of them has it. */
void rings_want(struct rings *r, struct span keyid);
/* A slice of looking at the measurement list. 1: more. */
int rings_step(struct rings *r);
/* "2027-03-01 expired", "-"; @buf of 40 */
const char *rings_until(const struct rings *r, const struct keyring_key *k, char *buf,
			enum style *ret_style);
/* Files that name the key in the attribute that its keyring is for; false: not known. */
bool rings_files(const struct rings *r, const struct rings_row *row, uint64_t *ret);
bool rings_measured(const struct rings *r, const struct rings_row *row, uint64_t *ret);
/* Keyrings that a person may load keys into here, the selected one or else the usual one
 * first; their number. */
size_t rings_targets(struct rings *r, enum keyring_id ret[_KEYRING_MAX]);
void rings_done(struct rings *r);

/* rings-work.c: one thing at a time. False: something is on its way. */
bool rings_load(struct rings *r);
bool rings_count(struct rings *r);
bool rings_retire(struct rings *r, const struct rings_row *row);
/* By .names; rings_take_rotated() then, but in line mode. */
bool rings_rotate(struct rings *r);
/* "counting", "looking for its files", with how far it is; "" */
void rings_progress(const struct rings *r, struct strbuf *out);
bool rings_counting(const struct rings *r); /* it may be stopped: */
void rings_stop(struct rings *r);

/* May something be changed here? False with the reason in plain words. */
bool rings_may_change(const struct rings *r, struct strbuf *why);
/* A plan that loads @file into @ring waits then. -errno. */
int rings_plan_load(struct rings *r, const char *file, enum keyring_id ring,
		    struct diag *reterr);

/* rings-rotate.c */
/* In the background. As 'key rotate' looks and plans; -ECANCELED, -errno. */
int rings_rotate_make(const struct root *root, struct pool *pool,
		      const struct rings_names *names, const struct keyuse_watch *watch,
		      struct rings_rotated *ret, struct diag *reterr);
void rings_rotated_done(struct rings_rotated *r);
void rings_ask_rotate(struct rings *r);
/* What the question for the old key begins with: the one of before, or the selected one. */
void rings_guess_old(struct rings *r);
void rings_take_rotated(struct rings *r);
/* The plan of .rotated waits to be confirmed then: here, or (labels) on the Files screen. */
void rings_ready_rotate(struct rings *r);
bool rings_offer_labels(struct rings *r);

/* rings-text.c */
void rings_detail(const struct rings *r, const struct rings_row *row, struct doc *d,
		  bool whole);
int rings_check(const struct rings *r, const char *file, enum keyring_id ring,
		struct doc *d, struct diag *reterr);
/* What is to be known of a plan beside its steps. */
void rings_load_text(const struct keycheck *check, struct doc *d);
void rings_retire_text(const struct rings *r, const struct keyloss *loss, struct doc *d);
/* Where there are no rows to show. */
void rings_nothing(const struct rings *r, struct doc *d);
/* "file signatures: 2 keys" */
void rings_ring_text(const struct rings *r, enum keyring_id ring, struct strbuf *out);
/* "Not there: .machine, .platform" */
void rings_missing_text(const struct rings *r, struct strbuf *out);
/* The first row: what this kernel verifies with. */
void rings_title(const struct rings *r, struct strbuf *out);

void rings_draw(struct rings *r, struct canvas *c, struct rect body);
bool rings_action(struct rings *r, enum request q);
void rings_plain(struct rings *r, struct plain *p);
