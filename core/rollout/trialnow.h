/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of the trial there is: its state, what this boot has to do with it, how long
 * it waits, and why the last one failed. One source for the command, the screens, the message
 * of the day and the line at the top of the console.
 */
#pragma once

#include "core/base/bootnote.h"
#include "core/base/gen.h"
#include "core/base/trial.h"
#include "core/boot/bootloader.h"

struct trialnow {
	unsigned candidate; /* 0: none */
	bool there;	    /* .trial */
	struct trial trial;
	struct diag unknown; /* .id: what stands for it is not to be read */
	bool here;	     /* running or passed, and in this boot */
	struct bootnote note;
	uint64_t uptime; /* seconds since the boot; 0: not known */
	/* Of a trial that runs here: until the guard restarts the machine; 0: it does not, or
	 * does now. */
	uint64_t left;
	bool guarded;  /* it is watched: .left counts */
	bool entry;    /* the boot loader is to start it next, once */
	bool on_disk;  /* of one that was confirmed: this boot loaded it from the disk */
	bool rebooted; /* and is another than the one that confirmed it */
	/* Of a trial that failed: what was kept of it; 0: nothing. "/etc/imactl/evidence/N" */
	unsigned evidence;
	struct strbuf systemd, kernel,
		gate; /* what they said; foreign, "" where nothing */
};

/* Never fails but for want of memory: what cannot be told is not there. */
int trialnow_load(const struct root *root, struct trialnow *ret, struct diag *reterr);
void trialnow_done(struct trialnow *now);
#define _cleanup_trialnow_ __attribute__((cleanup(trialnow_done)))

/* What is to be said of it in some lines, without bytes of others: what it is, why it is so,
 * what comes next and by whom. */
void trialnow_format(const struct trialnow *now, struct strbuf *out);
/* What to do next, one line; "" where there is nothing. */
const char *trialnow_next(const struct trialnow *now);
/* "TRIAL 7: 4 min 20 s", for the top of a screen; nothing where this boot is none. */
void trialnow_short(const struct trialnow *now, struct strbuf *out);

/* The message of the day of a boot that is a trial, and none in others. IMA-H004. */
int trialnow_motd(const struct root *root, const struct trialnow *now,
		  struct diag *reterr);
