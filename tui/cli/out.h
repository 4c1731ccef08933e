/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Standard output of a command: one buffer, colours only where they are seen, a pager
 * where the text is longer than the screen, and write errors that are never lost.
 *
 * What is added as text must be our own; bytes from outside go through out_foreign(),
 * which makes them printable, on a terminal and in a pipe alike: what a person copies
 * from either can be read back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/bytes.h"
#include "core/base/diag.h"
#include "core/base/json.h"
#include "core/base/str.h"

enum out_color {
	OUT_COLOR_AUTO,
	OUT_COLOR_ALWAYS,
	OUT_COLOR_NEVER,
};

/* State is always also a word: a style only helps to find it. */
enum out_style {
	OUT_PLAIN,
	OUT_BOLD,
	OUT_DIM,
	OUT_GOOD,
	OUT_WARN,
	OUT_BAD,
	_OUT_STYLE_MAX,
};

struct out {
	int fd;
	struct strbuf buf;
	bool tty;
	bool colors;
	bool ascii;
	bool page;	/* a pager may be started */
	unsigned width; /* columns; 0: not a terminal, nothing is cut */
	unsigned height;
	pid_t pager; /* 0 when none runs */
	int err;     /* first write error, negative errno; EPIPE among them */
};

/* Looks at the terminal and the environment (NO_COLOR, TERM, LANG). @page: allow a pager.
 */
void out_init(struct out *out, int fd, enum out_color color, bool ascii, bool page);

void out_add(struct out *out, const char *text);
void out_addf(struct out *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void out_foreign(struct out *out, struct span bytes);
/* The same in a column of @width, all of it ASCII: cut with '>' and filled up, and a blank
 * behind it. */
void out_column(struct out *out, struct span bytes, size_t width);
void out_style(struct out *out, enum out_style style, const char *text);

/* The buffer, for json_to() and for formatters of core. Whole lines only. */
static inline struct strbuf *out_buf(struct out *out)
{
	return &out->buf;
}

/* Writes when enough has gathered; call it after each line or object of long output.
 * Negative: nobody reads any more (-EPIPE) or the write failed: stop producing. */
int out_check(struct out *out);

/* Writes now: for streams that somebody watches. No pager is started from here on. */
int out_flush(struct out *out);

/* Writes the rest, waits for the pager, frees. 0 also when the reader left early (a pager
 * that was quit, `| head`); IMA-H004 for any other write error. */
int out_finish(struct out *out, struct diag *reterr);
