/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bounded cursor: the only place with pointer arithmetic on foreign bytes.
 *
 * A cursor never reads outside [ptr, ptr + len). Every read either succeeds whole and
 * advances, or returns false and leaves the cursor where it was, so a caller can ask for
 * more input and try again. Spans are borrowed views; they live as long as the bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *ptr;
	size_t len;
};

struct bytes {
	const uint8_t *ptr;
	size_t len;
	size_t pos;
	bool big_endian; /* byte order of bytes_u16/u32/u64 */
};

static inline struct bytes bytes_of(const void *ptr, size_t len)
{
	return (struct bytes){.ptr = ptr, .len = len};
}

static inline size_t bytes_left(const struct bytes *b)
{
	return b->len - b->pos;
}

static inline bool bytes_take(struct bytes *b, size_t n, struct span *ret)
{
	if (bytes_left(b) < n)
		return false;
	*ret = (struct span){b->ptr + b->pos, n};
	b->pos += n;
	return true;
}

static inline bool bytes_skip(struct bytes *b, size_t n)
{
	struct span s;

	return bytes_take(b, n, &s);
}

static inline uint64_t bytes_load(const uint8_t *p, size_t n, bool big_endian)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << (8 * (big_endian ? n - 1 - i : i));
	return v;
}

static inline uint32_t bytes_load32(const uint8_t *p, bool big_endian)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return big_endian == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		       ? v
		       : __builtin_bswap32(v);
}

static inline bool bytes_u8(struct bytes *b, uint8_t *ret)
{
	struct span s;

	if (!bytes_take(b, 1, &s))
		return false;
	*ret = s.ptr[0];
	return true;
}

static inline bool bytes_u16(struct bytes *b, uint16_t *ret)
{
	struct span s;

	if (!bytes_take(b, 2, &s))
		return false;
	*ret = (uint16_t)bytes_load(s.ptr, 2, b->big_endian);
	return true;
}

static inline bool bytes_u32(struct bytes *b, uint32_t *ret)
{
	struct span s;

	if (!bytes_take(b, 4, &s))
		return false;
	*ret = bytes_load32(s.ptr, b->big_endian);
	return true;
}

static inline bool bytes_u64(struct bytes *b, uint64_t *ret)
{
	struct span s;

	if (!bytes_take(b, 8, &s))
		return false;
	*ret = bytes_load(s.ptr, 8, b->big_endian);
	return true;
}

/* Everything up to (not including) @stop, which is consumed too. False: no @stop ahead. */
static inline bool bytes_until(struct bytes *b, uint8_t stop, struct span *ret)
{
	const uint8_t *at = b->ptr + b->pos;
	const uint8_t *hit = bytes_left(b) ? memchr(at, stop, bytes_left(b)) : NULL;

	if (!hit)
		return false;
	*ret = (struct span){at, (size_t)(hit - at)};
	b->pos += ret->len + 1;
	return true;
}

/* The next of words that have any of @between (text) between them. False: none is left. */
static inline bool bytes_word(struct bytes *b, const char *between, struct span *ret)
{
	size_t n = strlen(between);

	while (bytes_left(b) && memchr(between, b->ptr[b->pos], n))
		b->pos++;
	*ret = (struct span){b->ptr + b->pos, 0};
	while (bytes_left(b) && !memchr(between, b->ptr[b->pos], n)) {
		b->pos++;
		ret->len++;
	}
	return ret->len > 0;
}

static inline struct span span_of(const char *text)
{
	return (struct span){(const uint8_t *)text, strlen(text)};
}

static inline bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool span_is(struct span a, const char *text)
{
	return span_equal(a, span_of(text));
}

/* Cuts @s at the last @sep, which belongs to neither part. False: there is none. */
static inline bool span_cut_last(struct span s, const char *sep, struct span *ret_before,
				 struct span *ret_after)
{
	size_t n = strlen(sep);

	for (size_t at = s.len >= n ? s.len - n + 1 : 0; at > 0; at--) {
		if (memcmp(s.ptr + at - 1, sep, n) != 0)
			continue;
		*ret_before = (struct span){s.ptr, at - 1};
		*ret_after = (struct span){s.ptr + at - 1 + n, s.len - n - (at - 1)};
		return true;
	}
	return false;
}

static inline bool span_all(struct span a, uint8_t value)
{
	for (size_t i = 0; i < a.len; i++)
		if (a.ptr[i] != value)
			return false;
	return true;
}
