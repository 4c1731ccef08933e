/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of recovery tell each other within one boot: names in /run/imactl, which is
 * in memory and moves from the initramfs to the root. As on the disk these are symbolic links,
 * which can be read where a policy denies opening files.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/diag.h"
#include "core/base/root.h"

enum bootnote_name {
#define BOOTNOTE_NAME(id, name) BOOTNOTE_##id,
#include "core/base/bootnote-names.inc"
#undef BOOTNOTE_NAME
	_BOOTNOTE_NAME_MAX,
};

enum bootnote_verdict {
	BOOTNOTE_VERDICT_NOT_RUN, /* no gate ran in this boot */
#define BOOTNOTE_VERDICT(id, word, text) BOOTNOTE_VERDICT_##id,
#include "core/base/bootnote-verdicts.inc"
#undef BOOTNOTE_VERDICT
	_BOOTNOTE_VERDICT_MAX,
};

enum {
	BOOTNOTE_NONCE_SIZE = 33,  /* 32 digits and the NUL */
	BOOTNOTE_POLICY_SIZE = 65, /* SHA-256, 64 digits and the NUL */
	BOOTNOTE_HOLD_MAX = 120,   /* seconds for which a keystroke counts */
};

struct bootnote {
	char nonce[BOOTNOTE_NONCE_SIZE]; /* "": no gate ran */
	enum bootnote_verdict verdict;
	unsigned generation; /* bound over /etc/ima; 0: what is on the disk */
	char policy[BOOTNOTE_POLICY_SIZE];  /* that PID 1 will load; "": none */
	bool healthy, unhealthy, confirmed; /* in this boot: their nonce is this one */
	uint64_t hold;			    /* seconds since the boot; 0: none */
	pid_t guard;			    /* 0: none was started */
	/* Of a trial: when the guard restarts the machine, seconds since the boot; 0: it is
	 * none. */
	uint64_t deadline;
};

/* What is there; what is missing or not ours is left zero. Never fails. */
void bootnote_load(const struct root *root, struct bootnote *ret);

/* Makes /run/imactl where it is missing. IMA-H00x: it cannot be written. */
int bootnote_set(struct root *root, enum bootnote_name name, const char *text,
		 struct diag *reterr);
int bootnote_set_number(struct root *root, enum bootnote_name name, uint64_t value,
			struct diag *reterr);
int bootnote_set_verdict(struct root *root, enum bootnote_verdict verdict,
			 struct diag *reterr);
int bootnote_clear(struct root *root, enum bootnote_name name, struct diag *reterr);

/* "why": one sentence for people, in a file of its own. Appends; nothing where there is
 * none. */
void bootnote_why(const struct root *root, struct strbuf *out);
int bootnote_set_why(struct root *root, const char *text, struct diag *reterr);

const char *bootnote_verdict_word(enum bootnote_verdict verdict);
const char *bootnote_verdict_text(enum bootnote_verdict verdict);

/* 32 random digits. */
void bootnote_new_nonce(char ret[BOOTNOTE_NONCE_SIZE]);
