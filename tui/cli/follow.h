/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command that goes on until ^C, or until nobody reads any more: its loop. */
#pragma once

#include "core/host/loop.h"
#include "tui/cli/out.h"

struct follow {
	struct loop *loop;
	struct out *out;
};

/* Takes the signals that end it, and writes what waits in @out. 1: nobody reads: do not
 * begin. -errno. follow_done() in any case. */
int follow_open(struct follow *f, struct out *out, struct diag *reterr);
/* Until it ends: 0, or what a handler returned; -EPIPE of a handler is an end, too. */
int follow_run(struct follow *f);
void follow_done(struct follow *f);
