/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the rescue console. */
#pragma once

#include "core/base/root.h"
#include "tui/pager.h"
#include "tui/rescue.h"

struct rescue_choice {
	unsigned number;
	char word[16];	/* for imactl-recovery menu --do */
	char text[100]; /* for people */
	char why[200];	/* it is not to be had; "": it is */
};

enum { RESCUE_CHOICES_MAX = 16 };

/* What imactl-recovery said; imactl-recovery(8) has the form. */
struct rescue_facts {
	char place[24];	  /* "initramfs" */
	char root[100];	  /* where the root is mounted; "": none was found */
	char forbids[24]; /* the boot argument that forbids a shell; "": none */
	struct doc doc;	  /* what is known; owned */
	struct rescue_choice *choice; /* owned */
	size_t n;
	unsigned fallback; /* the number that Enter alone chooses */
	unsigned go_on;	   /* the number that lets the boot go on as it is */
	unsigned seconds;  /* then that is chosen; 0: it waits */
	unsigned good, other;
};

/* IMA-R025: that is something else. */
int rescue_parse(struct span said, struct rescue_facts *ret, struct diag *reterr);
void rescue_facts_done(struct rescue_facts *f);

/* The console without a terminal: keys in, canvas or lines out. */
struct rescue {
	struct rescue_facts facts;
	char host[65], line[32]; /* "web07", "ttyS0" */
	char typed[3];		 /* of a number */
	unsigned selected;	 /* the number that Enter chooses */
	unsigned left;	/* seconds of the countdown; 0: there is none, or no more */
	char note[240]; /* why a choice is not to be had */
	bool reading;	/* the pager is open */
	struct pager pager;
};

/* Takes @facts over; what was typed is gone. */
void rescue_set(struct rescue *r, const struct rescue_facts *facts);
void rescue_done(struct rescue *r);
/* What a key chooses; NULL: nothing yet. Any key stops the countdown. */
const struct rescue_choice *rescue_key(struct rescue *r, int key);
/* A second went by: what is chosen when it was the last one; NULL. */
const struct rescue_choice *rescue_second(struct rescue *r);
/* Opens the pager on its document, which the caller has filled. */
void rescue_read(struct rescue *r, const char *title);
void rescue_draw(struct rescue *r, struct canvas *c);
/* The same for line mode; appends. Without the question. */
void rescue_lines(const struct rescue *r, struct doc *out);
/* "Choice [1]: " */
void rescue_question(const struct rescue *r, struct strbuf *out);

/* Asking and acting: rescue-act.c */

/* What is known now. -errno: IMA-R025. */
int rescue_load(const struct rescue_config *config, struct rescue_facts *ret,
		struct diag *reterr);
/* Does it on this terminal: 0: the boot is to go on; 1: somebody has to choose again; -errno
 * (IMA-R025). */
int rescue_act(const struct rescue_config *config, const char *word, struct diag *reterr);
/* The same for what only says something, into @out, escaped. */
int rescue_hear(const struct rescue_config *config, const char *word, struct doc *out,
		struct diag *reterr);

/* The policy on the disk, whatever stands in its place for this boot. -ENOENT: there is none
 * to be read. */
int rescue_on_disk(const struct rescue_config *config, struct strbuf *out,
		   struct diag *reterr);

/* What differs between the policy of generation @good and that of @other, or where that is 0
 * @disk (NULL: there is none); and the keys of the two. */
void rescue_diff(const struct root *root, unsigned good, unsigned other,
		 const struct strbuf *disk, struct doc *out);
