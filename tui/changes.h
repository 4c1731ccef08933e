/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What imactl has changed on this machine, whoever asked for it: a box that opens over every
 * screen, the newest change first. The chosen one is taken back, its steps shown before.
 */
#pragma once

#include "core/base/diag.h"

struct app;
struct plain;
struct changes;

/* Owned by the caller, who frees it; *a must outlive it. -ENOMEM. */
int changes_new(struct app *a, struct changes **ret, struct diag *reterr);
struct changes *changes_free(struct changes *c);

/* Opens the box; a note says why where there is nothing in it. */
void changes_choose(struct changes *c);

/* The same in line mode. */
void changes_in_lines(struct changes *c, struct plain *p);
