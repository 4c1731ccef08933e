/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal of one change: enough on disk, before anything is touched, to finish it or
 * to take it back after a crash at any point.
 *
 * A journal is a folder changes/ID.STATE in imactl's state. The state is carried by the
 * folder's name and changed by renaming, which works even where a policy denies reading
 * files. In it are numbered segments, each a checksummed run of records, written whole,
 * synced, closed (so that the kernel labels it) and only then renamed into place: a power
 * cut never leaves a piece of one, nor, under appraisal, one without a label
 * (recovery.md, rule 17). Segment 0 is the plan; the others hold, for every step, what
 * was there before it (the intent, on disk before the step is taken) and how it went.
 *
 * The journal says what may have happened; what did happen is read from the world.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/action.h"
#include "core/base/diag.h"
#include "core/base/plan.h"
#include "core/base/root.h"

enum journal_state {
	JOURNAL_OPEN,	/* going forward, or interrupted while it did */
	JOURNAL_BACK,	/* being taken back, or interrupted */
	JOURNAL_DONE,	/* all steps taken */
	JOURNAL_PARTLY, /* ended; some steps could not be taken, or not taken back */
	JOURNAL_UNDONE, /* all steps taken back */
	_JOURNAL_STATE_MAX,
	_JOURNAL_STATE_INVALID = -22,
};

/* What is known of one step. */
struct journal_step {
	bool intent; /* it may have been taken */
	bool done;   /* it was taken and read back; without @intent: all was as wanted */
	bool undone; /* it was taken back and read back */
	int failed;  /* last error, positive errno; 0: none */
	struct span before; /* state found; owned by the journal */
	struct span wanted; /* the step's state, where the plan left it open; owned too */
	uint8_t actual[32]; /* fingerprint after it, when done */
};

struct journal_head {
	char *command; /* who made it: "label apply" */
	uint64_t time; /* seconds since 1970 by the clock of then, which may have been
			  wrong */
	char boot_id[40];
	uint32_t uid;
};

struct journal {
	int changes; /* the folder that holds all journals */
	int dir;     /* this one's */
	unsigned id;
	enum journal_state state;
	unsigned next; /* number of the next segment */
	bool torn;     /* the last segment was not whole and is not counted */
	struct journal_head head;
	struct plan plan;
	struct journal_step *steps; /* plan.n of them */
	struct strbuf pending;	    /* records for the next segment */
	struct span *bodies;	    /* segments that steps[].before point into */
	size_t bodies_n;
};

const char *journal_state_name(enum journal_state state);

/* Starts the journal of a change: the whole plan is on disk at return. The plan is
 * copied. Numbers grow by one; @journal is initialised. */
int journal_create(struct journal *journal, struct root *root, enum root_place place,
		   const struct plan *plan, const char *command, struct diag *reterr);

/* Reads a journal. -ENOENT IMA-C009: no such change; IMA-C005: damaged before its last
 * segment; -EACCES is its own case, never taken for damage. */
int journal_load(struct journal *journal, const struct root *root, enum root_place place,
		 unsigned id, const struct action_set *set, struct diag *reterr);

void journal_done(struct journal *journal);
#define _cleanup_journal_ __attribute__((cleanup(journal_done)))

/* Records for the next segment. They count for nothing until journal_sync(). */
void journal_intent(struct journal *journal, size_t step, struct span before);
/* After its intent: what the step will leave, where the plan does not say. */
void journal_wanted(struct journal *journal, size_t step, struct span state);
void journal_note_done(struct journal *journal, size_t step, const uint8_t actual[32]);
void journal_note_undone(struct journal *journal, size_t step);
void journal_note_failed(struct journal *journal, size_t step, int err);

/* Puts what is pending on disk; nothing pending: does nothing. */
int journal_sync(struct journal *journal, struct diag *reterr);

/* Pending records first, then the new name, durably. */
int journal_set_state(struct journal *journal, enum journal_state state,
		      struct diag *reterr);

struct journal_entry {
	unsigned id;
	enum journal_state state;
};

/* All changes, oldest first; the caller frees *ret. Returns how many. No state folder: 0.
 * Reads names only. */
int journal_list(const struct root *root, enum root_place place,
		 struct journal_entry **ret, struct diag *reterr);
