/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the gate. */
#pragma once

#include "core/base/bootnote.h"
#include "core/base/gen.h"
#include "core/base/trial.h"
#include "recovery/gate.h"
#include "recovery/forecast.h"
#include "recovery/keyload.h"

#define GATE_BOUND "etc/ima" /* where a generation takes its place */
#define GATE_DISK  GATE_BOUND "/" GEN_POLICY

enum { GATE_SECONDS = 10 };

/* Deciding: gate-decide.c, without looking at anything */

enum gate_disk {
	GATE_DISK_NONE, /* no policy file */
	GATE_DISK_EMPTY,
	GATE_DISK_UNREADABLE,
	GATE_DISK_POLICY,
};

enum gate_act {
	GATE_GO_ON,   /* as it is */
	GATE_REPLACE, /* a good generation for this boot */
	GATE_STRIP,   /* no policy for this boot */
	GATE_ASK,     /* somebody has to say */
	GATE_HALT,
};

struct gate_facts {
	bool off, rollback_off; /* boot arguments */
	enum gate_disk disk;
	enum forecast_verdict judged; /* of what is on the disk */
	bool good;		      /* there is a generation to go back to */
	bool unprotected;	      /* no policy may be gone back to */
	enum trial_fallback fallback;
};

struct gate_decision {
	enum gate_act act;
	enum bootnote_verdict verdict;
};

/* Would the policy on the disk leave the machine stopped, or without the policy it should
 * have? Then something to go back to is looked for. */
bool gate_needs_good(const struct gate_facts *facts);
struct gate_decision gate_decide(const struct gate_facts *facts);

/* Doing */

struct gate {
	struct root here,
		target; /* this system, whose kernel and /run count; the root to be */
	struct gen_list list;
	struct keyload keys;
	char release[GEN_RELEASE_MAX];
	char boot_id[TRIAL_BOOT_SIZE];
	char trial_word[TRIAL_ID_SIZE]; /* imactl.trial= */
	bool off, rollback_off, fix;
	/* What was found; for /run/imactl. */
	enum bootnote_verdict verdict;
	enum gate_act act;
	unsigned generation;		   /* bound */
	char policy[BOOTNOTE_POLICY_SIZE]; /* of what PID 1 will load */
	struct strbuf why;
	pid_t guard;
};

/* The hash of a policy that PID 1 will load; @text empty: none. */
void gate_note_policy(struct gate *g, struct span text);

/* Generation @number over /etc/ima, its keys alone in the keyring. */
int gate_bind(struct gate *g, unsigned number, struct diag *reterr);
/* No policy in this boot. */
int gate_strip(struct gate *g, struct diag *reterr);

/* A policy file, as PID 1 would find it. */
struct gate_file {
	int err; /* 0; -errno: it cannot be read */
	struct strbuf text;
	struct strbuf label; /* its security.ima; empty: none */
};
void gate_read(const struct root *target, const char *path, struct gate_file *ret);
void gate_file_done(struct gate_file *f);
#define _cleanup_gate_file_ __attribute__((cleanup(gate_file_done)))

/* The kernel's word on it at @path, with the keys that are loaded now. */
void gate_ask(const struct gate *g, const struct gate_file *f, const char *path,
	      struct forecast *ret);

/* May that generation be had, and would this kernel load it, as far as can be told, with its
 * keys, which are loaded then? Else why not is in @why. */
bool gate_accepts(struct gate *g, unsigned number, struct diag *why);
/* The newest that is blessed for this kernel, may be gone back to, is whole, and is accepted;
 * its keys are loaded. 0: none. What was passed over is appended to @passed. */
unsigned gate_find_good(struct gate *g, struct strbuf *passed);

/* State of trials: gone on with, ended, counted. True: this boot is one, and bound. */
bool gate_trial(struct gate *g);
/* After the disk's policy was judged: one that was confirmed is to load from there. */
void gate_trial_disk(struct gate *g);

/* Once a boot, unless it is told not to. */
void gate_start_guard(struct gate *g, bool trial);

/* What is on the disk, and what is done about it. */
void gate_disk(struct gate *g);
