/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One error type for every layer. A failure a user can see has a row in diags.inc: a
 * stable id that can be searched for, one hint; the sentence is written where the failure
 * happens, since only that place knows the facts. No allocation, so an error can be
 * reported when memory is gone. The front ends print; nothing in core does.
 */
#pragma once

#include <stdarg.h>
#include <stdint.h>

struct strbuf;

enum diag_id {
	DIAG_NONE,
#define DIAG(id, code, hint) DIAG_##id,
#include "core/base/diags.inc"
#undef DIAG
	_DIAG_MAX,
};

struct diag {
	enum diag_id id;
	int err;	 /* positive errno, 0 where none applies */
	unsigned line;	 /* 1-based, 0 where there is none */
	unsigned column; /* 1-based, 0 where there is none */
	char text[240];	 /* one sentence; foreign bytes in it are escaped already */
};

/* Fills @reterr (may be NULL) and returns -err, or -EINVAL when @err is 0. Foreign bytes
 * among the arguments must come through str_quote() or be known text. */
int diag_set(struct diag *reterr, enum diag_id id, int err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
int diag_setv(struct diag *reterr, enum diag_id id, int err, const char *fmt, va_list ap)
	__attribute__((format(printf, 4, 0)));

/* Adds a position to an error that was set below; returns -err of @reterr or -EINVAL. */
int diag_at(struct diag *reterr, unsigned line, unsigned column);

/* "IMA-L001"; never NULL. */
const char *diag_code(enum diag_id id);

/* What to do about it, one sentence; "" where there is nothing to say. */
const char *diag_hint(enum diag_id id);

/* An errno in our words ("no permission", "no such file"); never a bare strerror. */
const char *diag_errno(int err);

/* Appends "CODE: sentence\n  hint\n", the form every front end shows. */
void diag_format(struct strbuf *out, const struct diag *d);
