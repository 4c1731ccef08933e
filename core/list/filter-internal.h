/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The compiled filter, shared by filter-parse.c and filter.c, nobody else's business. */
#pragma once

#include <regex.h>

#include "core/list/filter.h"

enum {
	FILTER_TESTS_MAX = 64, /* a set of tests fits one word */
	FILTER_TOKENS_MAX = 512,
	FILTER_REGEX_MAX = 200000, /* characters of an expression with its repeats */
	FILTER_ACCEPT = 254,
	FILTER_REJECT = 255,
};

enum filter_kind {
	FILTER_KIND_NUMBER,
	FILTER_KIND_SIZE,
	FILTER_KIND_TEXT,
	FILTER_KIND_HEX,
	FILTER_KIND_FLAG,
	FILTER_KIND_AGE,
};

enum filter_op {
#define FILTER_OP(id, text) FILTER_OP_##id,
#include "core/list/filter-ops.inc"
#undef FILTER_OP
	_FILTER_OP_MAX,
};

struct filter_test {
	enum filter_field field;
	enum filter_op op;
	bool none;		   /* the value is "-": has none */
	bool regex;		   /* re is compiled */
	bool hex_word;		   /* a word that may be part of a digest as well */
	uint8_t on_true, on_false; /* index of the next test, ACCEPT or REJECT */
	uint64_t number;
	char *text; /* owned; NUL-terminated, may hold NULs */
	size_t len;
	char *source; /* the value as it is printed; owned */
	regex_t re;
};

struct filter {
	struct filter_test test[FILTER_TESTS_MAX];
	size_t n;
	uint8_t start;
	int needle; /* the test every entry that passes has to pass, found by memmem; -1 */
	char *text; /* normal form; owned */
};

enum filter_kind filter_kind_of(enum filter_field field);
