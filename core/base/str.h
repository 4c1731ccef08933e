/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Growing text buffer, and the one place that makes foreign bytes printable.
 *
 * A strbuf never fails loudly: when memory ends it remembers (failed) and ignores what
 * follows, so that formatting code stays free of error paths and the caller checks once.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"

struct strbuf {
	char *ptr; /* NUL-terminated once anything was added; NULL when empty */
	size_t len;
	size_t cap;
	bool failed;
};

void strbuf_done(struct strbuf *b);
void strbuf_clear(struct strbuf *b); /* keeps the memory */
void strbuf_add(struct strbuf *b, const void *data, size_t len);
void strbuf_adds(struct strbuf *b, const char *text);
void strbuf_addc(struct strbuf *b, char c);
void strbuf_addf(struct strbuf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void strbuf_addv(struct strbuf *b, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
void strbuf_addhex(struct strbuf *b, struct span bytes);

/* "" when empty; never NULL. Valid until the next change. */
const char *strbuf_str(const struct strbuf *b);

/* The same with its length, for text that may hold NULs. */
static inline struct span strbuf_span(const struct strbuf *b)
{
	return (struct span){(const uint8_t *)strbuf_str(b), b->len};
}

/* The text, NUL-terminated; the caller frees it. NULL when memory ran out. */
char *strbuf_take(struct strbuf *b);

#define _cleanup_strbuf_ __attribute__((cleanup(strbuf_done)))

/*
 * Makes foreign bytes safe for a terminal: C0, DEL, C1, bidirectional controls, other
 * invisible format characters and every byte of invalid UTF-8 become \xNN; a backslash
 * becomes \\, so that the text can be read back. With @ascii every non-ASCII byte is
 * escaped as well. What comes out is printable, valid UTF-8.
 */
void str_escape(struct strbuf *out, struct span bytes, bool ascii);

/* The same into a fixed buffer, cut with ".." when it does not fit; returns @buf. For the
 * arguments of diag_set(). */
const char *str_quote(char *buf, size_t size, struct span bytes);

/* A word of a command as somebody types it to a shell: in single quotes where those are
 * needed. The bytes stay what they are. */
void str_shell_word(struct strbuf *out, struct span word);

/* Length in bytes of the valid UTF-8 character at @bytes, 0 when there is none there.
 * ret_cp may be NULL. Follows RFC 3629: no surrogates, no overlong forms. */
size_t str_utf8(struct span bytes, uint32_t *ret_cp);

/* A paragraph that begins in column @indent, where @out is now: broken at blanks (never
 * within a word) to fewer than @width columns, or not at all when that is 0; the newline
 * at its end included. */
void str_wrap(struct strbuf *out, size_t width, size_t indent, const char *text);

/* Parses a whole decimal number; -EINVAL when there is anything else, -ERANGE. */
int str_to_u64(struct span text, uint64_t *ret);

/* "469 B", "11.4 MiB": three significant digits, binary units. Returns @buf. */
const char *str_bytes(char *buf, size_t size, uint64_t n);

/* 48213 -> "48 213": groups of three, as the screens show counts. Returns @buf. */
const char *str_count(char *buf, size_t size, uint64_t n);

/* "0:51", "2:03:07". Returns @buf. */
const char *str_duration(char *buf, size_t size, uint64_t ms);

/* "1 entry", "48 213 entries". Returns @buf. */
const char *str_counted(char *buf, size_t size, uint64_t n, const char *one,
			const char *many);
