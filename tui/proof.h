/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running check of the list against the TPM (core/verify), in slices: it starts when
 * the list has been read, and on a live machine goes on as entries come.
 */
#pragma once

#include <time.h>

#include "core/list/mstore.h"
#include "core/host/pool.h"
#include "core/verify/tpm.h"
#include "core/verify/verify-list.h"
#include "tui/tui.h"

enum proof_state {
	PROOF_LOADING, /* the list has not been read to its end */
	PROOF_RUNNING,
	PROOF_DONE,   /* verify_result() is final, for the entries it counts */
	PROOF_FAILED, /* error says why there is no result */
};

struct proof {
	enum proof_state state;
	const struct tui_config *config; /* borrowed */
	struct verify_list list;	 /* store borrowed; NULL: nothing to check */
	struct pool *pool;
	struct verify *verify;
	struct tpm *tpm;
	struct pcrs pcrs;   /* read so far */
	struct pcrs now;    /* read last */
	bool opened;	    /* the source of PCR values was looked for */
	struct diag no_tpm; /* why there are none */
	struct diag error;
	uint64_t wait_until, again_at; /* ms; 0: no */
	bool has_result;	       /* shown is what the last finished check said */
	struct verify_result shown;
	struct verify_pcr pcr[PCRS_BANKS_MAX][PCRS_COUNT]; /* of shown */
	time_t checked;
	uint64_t checked_entries;
	uint64_t started_ms, took_ms;
};

/* @live feeds the store, NULL: a saved list. It keeps what is proven for later checks of
 * this boot, and must outlive the proof. */
void proof_init(struct proof *p, const struct tui_config *config,
		const struct mstore *store, struct live *live, struct pool *pool);
void proof_done(struct proof *p);

/* From the beginning, the TPM read anew. */
void proof_restart(struct proof *p);

/* 1: more to do now. 0: nothing, or not before proof_wait_ms(). */
int proof_step(struct proof *p, unsigned budget_us, uint64_t now_ms, time_t wall);

/* Until proof_step() has something to do again; -1: not before something happens. */
int proof_wait_ms(const struct proof *p, uint64_t now_ms);

/* What a verdict means, in one sentence for people. */
const char *proof_sentence(enum verify_verdict verdict);

/* Of the last finished check; NULL before there was one. A check that goes on with what
 * came since does not take it away. */
const struct verify_result *proof_result(const struct proof *p);

/* Entries replayed so far. */
uint64_t proof_entries(const struct proof *p);

/* The search for what was changed, while it runs; NULL. */
const struct verify_search *proof_search(const struct proof *p);
