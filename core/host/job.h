/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work that goes on when the terminal is gone: a numbered folder jobs/ID in imactl's
 * state, with what it works by and how far it is, for whoever asks. The process that works
 * holds a lock on the folder, which ends with it, however it ends.
 *
 * What a job does to the machine is a change like any other (core/base/change.h); this is
 * about being found, watched and stopped, and nothing that is lost with it matters.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/bytes.h"
#include "core/base/diag.h"
#include "core/base/root.h"
#include "core/base/str.h"

/* Makes a folder with the next number; returns a descriptor of it. */
int job_create(struct root *root, unsigned *ret_id, struct diag *reterr);
/* A descriptor. -ENOENT (IMA-C020): there is no such job. */
int job_open(const struct root *root, unsigned id, struct diag *reterr);
/* The numbers there are, oldest first; the caller frees *ret. Returns how many; without a
 * state folder 0. */
int job_list(const struct root *root, unsigned **ret, struct diag *reterr);
/* Removes the folder and what is in it; nothing when it is not there or at work. */
void job_remove(const struct root *root, unsigned id);

/* The lock of the process that works; held until closed. -EBUSY (IMA-C003): another one
 * works on it. */
int job_lock(int dir, struct diag *reterr);
bool job_is_running(int dir);

/* A file of a job, replaced whole, checksummed and synced. */
int job_put(int dir, const char *name, struct span bytes, struct diag *reterr);
/* -ENOENT, without a diag: there is none. IMA-C005: damaged. */
int job_get(int dir, const char *name, struct strbuf *ret, struct diag *reterr);

/* The same for what changes all the time: overwritten in place, not synced; a reader may
 * find it half written, and reads it again then. */
int job_note(int dir, const char *name, struct span bytes, struct diag *reterr);

/* Asks whoever works to stop, which he does at the next step. */
int job_ask_stop(int dir, struct diag *reterr);
bool job_is_asked_to_stop(int dir);
/* What was asked of somebody who has ended is forgotten. */
void job_forget_stop(int dir);
