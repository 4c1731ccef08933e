/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What decides over a boot and outlives it: the trial, the automatic restarts that were made,
 * and what is to be done when nothing can be gone back to. Names below /etc/imactl of the
 * root (imactl-generation(5)), so that no file need be opened (recovery.md, rule 17).
 *
 * What is written here is on the disk, and was read back, when the call returns 0. A root that
 * is mounted read-only is made writable for the moment. IMA-R010: what stands there is not
 * ours, or cannot be read; IMA-R011: it cannot be made durable, so nobody may act on it.
 */
#pragma once

#include <stdbool.h>

#include "core/base/diag.h"
#include "core/base/gen.h"
#include "core/base/root.h"

#define TRIAL_LINK	  "trial"
#define TRIAL_ACTED	  "acted"
#define TRIAL_ON_FAILURE  "on-failure"
#define TRIAL_UNPROTECTED "allow-unprotected"

enum {
	TRIAL_ID_SIZE = 65,   /* letters, digits, '-', '_', '.'; with its NUL */
	TRIAL_BOOT_SIZE = 37, /* a boot id, with its NUL */
	TRIAL_BOOTS_MAX = 99,
	/* Seconds since the boot of a trial after which it has failed, unless
	 * imactl.deadline= says otherwise. */
	TRIAL_DEADLINE = 300,
};

enum trial_state {
#define TRIAL_STATE(id, word, text) TRIAL_##id,
#include "core/base/trial-states.inc"
#undef TRIAL_STATE
	_TRIAL_STATE_MAX,
};

enum trial_cause {
#define TRIAL_CAUSE(id, word, text) TRIAL_CAUSE_##id,
#include "core/base/trial-causes.inc"
#undef TRIAL_CAUSE
	_TRIAL_CAUSE_MAX,
	_TRIAL_CAUSE_INVALID = -22,
};

enum trial_fallback { /* where no generation can be gone back to */
		      TRIAL_FALLBACK_ROLLBACK, /* on as it is; the default */
		      TRIAL_FALLBACK_SHELL,
		      TRIAL_FALLBACK_HALT,
		      _TRIAL_FALLBACK_MAX,
};

struct trial {
	enum trial_state state;
	unsigned number;	/* the generation */
	char id[TRIAL_ID_SIZE]; /* as imactl.trial= names it */
	unsigned boots_left; /* armed: others before it expires; next: tries, always 1 */
	char boot_id
		[TRIAL_BOOT_SIZE]; /* running, passed; proving: the one that ends then */
	enum trial_cause cause;	   /* failed */
};

const char *trial_state_word(enum trial_state state);
const char *trial_state_text(enum trial_state state); /* "the trial ..." */
const char *trial_cause_word(enum trial_cause cause);
const char *trial_cause_text(enum trial_cause cause); /* a sentence without its end */
enum trial_cause trial_cause_from(struct span word);  /* _TRIAL_CAUSE_INVALID */
const char *trial_fallback_word(enum trial_fallback f);

/* The text of the link: "armed:7:ID:3". Plans that set it write this text. Appends. */
void trial_format(struct strbuf *out, const struct trial *t);
/* -EBADMSG: not one of ours. */
int trial_parse(struct span text, struct trial *ret);

/* 1; 0: there is none. IMA-R010. */
int trial_read(const struct root *root, struct trial *ret, struct diag *reterr);
/* IMA-R011. */
int trial_write(const struct root *root, const struct trial *t, struct diag *reterr);
int trial_remove(const struct root *root, struct diag *reterr);

/* 1: a restart was made for that cause, in the boot @ret (may be NULL); 0: none.
 * IMA-R010: not to be told, so none may be made. */
int trial_acted(const struct root *root, enum trial_cause cause,
		char ret[TRIAL_BOOT_SIZE], struct diag *reterr);
/* Before the restart; IMA-R011: then there must be none. */
int trial_act(const struct root *root, enum trial_cause cause, const char *boot_id,
	      struct diag *reterr);
/* After a boot that was found healthy. */
int trial_acted_clear(const struct root *root, struct diag *reterr);

/* What is configured; the default where that cannot be told. */
enum trial_fallback trial_fallback(const struct root *root);
bool trial_unprotected(const struct root *root); /* may "no policy" be gone back to? */

/* This boot's id, without a newline. IMA-H001. */
int trial_boot_id(const struct root *root, char ret[TRIAL_BOOT_SIZE],
		  struct diag *reterr);
