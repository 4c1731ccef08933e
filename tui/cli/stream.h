/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The measurement list as a stream, for the commands that print it: from a file, a
 * recorded host or the running kernel; filtered; and followed until ^C or until nobody
 * reads any more.
 */
#pragma once

#include <stdbool.h>

#include "core/list/filter.h"
#include "core/list/live.h"
#include "core/list/mstore.h"
#include "core/host/pkgdb.h"
#include "tui/cli/cmd.h"

struct loop;

struct stream {
	struct cli *cli;
	int fd;		      /* of a file, -1 */
	struct live *live;    /* NULL for files and recorded hosts */
	struct mstore *store; /* owned by live when there is one */
	struct filter *filter;
	struct filter_context ctx;
	struct pkgdb *pkgs; /* may be NULL */
	mref at;	    /* the next entry to look at */
	/* Prints one entry; -EPIPE or another -errno ends the stream. */
	int (*emit)(struct stream *s, mref ref);
	/* Hands what was printed to whoever reads; NULL: out_flush(). */
	int (*flush)(struct stream *s);
	/* Adds what else is followed to the loop; may be NULL. */
	int (*began)(struct stream *s, struct loop *loop);
	void *user;
};

/* Opens @file, else the root's list (live: with @flags of enum live_flags) and compiles
 * @filter (NULL: none). stream_done() also after a failure. */
int stream_open(struct stream *s, struct cli *cli, const char *file, unsigned flags,
		const char *filter, struct diag *reterr);
void stream_done(struct stream *s);

/* Package names for the entries; that there are none is no error. */
void stream_load_packages(struct stream *s);

/* Prints all there is, or only the last @tail (UINT64_MAX: all) of those that pass. */
int stream_print(struct stream *s, uint64_t tail, struct diag *reterr);

/* Reads and prints what was added meanwhile. */
int stream_look(struct stream *s, struct diag *reterr);

/* Prints what comes. 0: ended by a signal or because nobody reads any more. */
int stream_follow(struct stream *s, struct diag *reterr);

/* What the list's state says after it was printed: CMD_OK, or fails with its damage. */
int stream_verdict(const struct stream *s);
