/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From no appraisal to one that is enforced, in steps, each of which is looked at anew from
 * the machine whenever it is asked about: nothing is believed because it was done once. What
 * has to be remembered over boots are a few names (rolloutmemo.h); everything else is the
 * candidate (gen.h), the trial (trialnow.h) and what the kernel says.
 *
 * Looking changes nothing, but that what it found of files may be remembered. What the steps
 * change are plans: trialplan.h, rolloutobserve.h and jobs of core/label.
 */
#pragma once

#include "core/base/cleanup.h"
#include "core/boot/bootmode.h"
#include "core/rollout/rolloutmemo.h"
#include "core/rollout/trialnow.h"

enum rollout_state {
	ROLLOUT_DONE,
	ROLLOUT_SKIPPED, /* somebody said why */
	ROLLOUT_READY,	 /* what it needs is there: it can be done */
	ROLLOUT_RUNNING, /* it goes on by itself, or needs time */
	ROLLOUT_BLOCKED, /* a finding is in the way */
	ROLLOUT_WAITING, /* for a step before it */
	_ROLLOUT_STATE_MAX,
};

enum rollout_mark {
	ROLLOUT_PASS,
	ROLLOUT_NOTE, /* worth knowing */
	ROLLOUT_WARN,
	ROLLOUT_FAIL, /* it is in the way */
	_ROLLOUT_MARK_MAX,
};

struct rollout_finding {
	enum rollout_mark mark;
	char text[256]; /* a sentence; escaped */
	char fix[240];	/* the command that mends it, escaped; "" */
	char key[80];	/* where the console does; "" */
};

struct rollout_step {
	enum rollout_state state;
	char summary[120]; /* one line, escaped */
	/* No file was looked at: it is as it was found then, or is taken to be from what was
	 * done since; 0: nobody has looked. */
	bool recalled;
	uint64_t found;
	struct rollout_finding *of;
	size_t n, cap;
	size_t count[_ROLLOUT_MARK_MAX];
};

struct rollout {
	unsigned number;    /* the generation that is rolled out; 0: none is chosen */
	unsigned good;	    /* the newest that can be gone back to; 0: none */
	enum bootmode wish; /* that it is rolled out with; _BOOTMODE_MAX: as it is */
	bool finished;	    /* it is in force, from the disk, and called good */
	bool goes_back;	    /* PREFLIGHT wants the policy of before on the disk first */
	struct rolloutmemo memo;
	struct trialnow now;
	struct rollout_step step[_ROLLOUT_MAX];
	enum rollout_id next; /* _ROLLOUT_MAX: all are done */
};

struct rollout_ask {
	/* Contents are read, and files that packages brought count though nobody was seen to
	 * use them: minutes, on a machine whose files were never read. */
	bool whole;
	/* No file is looked at: what was found last counts, and it is said that it does. */
	bool brief;
	bool notes;		  /* what is found is remembered for that */
	unsigned threads;	  /* 0: as many as there are processors */
	time_t now;		  /* since 1970 */
	bool (*stop)(void *user); /* may be NULL */
	void *user;
};

/* Looks at all steps. What cannot be found out is a finding. -ECANCELED: stop() said so;
 * -ENOMEM. */
int rollout_load(const struct root *root, const struct rollout_ask *ask,
		 struct rollout **ret, struct diag *reterr);
struct rollout *rollout_free(struct rollout *r);
DEFINE_CLEANUP(struct rollout *, rollout_free)

const char *rollout_word(enum rollout_id id);	     /* "preflight": never renamed */
enum rollout_id rollout_from_word(const char *word); /* _ROLLOUT_MAX: none of them */
bool rollout_may_skip(enum rollout_id id);
const char *rollout_title(enum rollout_id id); /* "Trial boot" */
const char *rollout_about(enum rollout_id id);
const char *rollout_changes(enum rollout_id id); /* what it changes */
const char *rollout_undo(enum rollout_id id);	 /* how that is undone */
const char *rollout_command(enum rollout_id id);
const char *rollout_key(enum rollout_id id);		  /* "a plans it" */
const char *rollout_state_word(enum rollout_state state); /* "done": never renamed */
const char *rollout_mark_word(enum rollout_mark mark);	  /* "fail": never renamed */
const char *rollout_mark_label(enum rollout_mark mark);	  /* "FAIL" */
/* "[x]" */
const char *rollout_state_mark(enum rollout_state state);

/* What to type next: the first thing in the way of the next step, or the step; "" where all
 * is done. */
const char *rollout_next_command(const struct rollout *r);
/* The key for that on the console's screen of the rollout, or which screen; "". */
const char *rollout_next_key(const struct rollout *r);
/* The same as a sentence; of what is only remembered, with how long ago that was at @now. */
void rollout_next_words(const struct rollout *r, time_t now, struct strbuf *out);
