/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A filter while it is made: shared by filter-parse.c and filter-build.c alone. */
#pragma once

#include "core/list/filter-internal.h"

enum token { TEST, AND, OR, NOT, OPEN, CLOSE };

struct compiler {
	struct filter *f;
	const char *text;
	size_t at, len;
	enum token token[FILTER_TOKENS_MAX];
	unsigned column[FILTER_TOKENS_MAX];
	size_t n;
	struct diag *reterr;
};

/* What is wrong at that byte of the text. Returns -EINVAL. */
int filter_wrong(struct compiler *c, size_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Fills in the tokens and the tests; -errno. */
int filter_tokenize(struct compiler *c);
enum filter_field filter_field_named(const char *name, size_t len);
const char *filter_op_text(enum filter_op op);
