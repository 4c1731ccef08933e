/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON writer (RFC 8259) into a strbuf. Keeps track of commas and nesting; the result is
 * one line. Writer only: nothing here parses JSON.
 *
 * Numbers above 2^53 are written as strings, since readers hold numbers as doubles.
 * Foreign bytes become a string that is always valid UTF-8: see json_bytes().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/str.h"

struct json {
	struct strbuf *out;
	unsigned depth;
	uint64_t filled; /* bit d: something stands at depth d already; at most 64 deep */
	bool after_key;
};

static inline struct json json_to(struct strbuf *out)
{
	return (struct json){.out = out};
}

void json_open(struct json *j, char bracket);  /* '{' or '[' */
void json_close(struct json *j, char bracket); /* '}' or ']' */
void json_key(struct json *j, const char *key);

void json_str(struct json *j, const char *text); /* our own text; NULL is null */
void json_span(struct json *j, struct span text);
void json_u64(struct json *j, uint64_t v);
void json_i64(struct json *j, int64_t v);
void json_double(struct json *j, double v, int decimals);
void json_bool(struct json *j, bool v);
void json_null(struct json *j);
void json_hex(struct json *j, struct span bytes);

/* "key": value in one call. */
void json_kstr(struct json *j, const char *key, const char *text);
void json_ku64(struct json *j, const char *key, uint64_t v);
void json_kbool(struct json *j, const char *key, bool v);
void json_khex(struct json *j, const char *key, struct span bytes);

/* Foreign bytes (a path): "key" holds them escaped as str_escape() does; where that
 * changed anything, "key_hex" holds the bytes as they are. */
void json_kbytes(struct json *j, const char *key, struct span bytes);
