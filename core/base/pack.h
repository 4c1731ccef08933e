/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Little-endian writer for what imactl stores itself (plans, journals); bytes.h reads it
 * back. A piece that is too long marks the buffer as failed, as a lack of memory does.
 */
#pragma once

#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/str.h"

static inline void pack_uint(struct strbuf *b, uint64_t v, size_t size)
{
	uint8_t le[8];

	for (size_t i = 0; i < size; i++)
		le[i] = (uint8_t)(v >> (8 * i));
	strbuf_add(b, le, size);
}

static inline void pack_u8(struct strbuf *b, uint8_t v)
{
	pack_uint(b, v, 1);
}

static inline void pack_u32(struct strbuf *b, uint32_t v)
{
	pack_uint(b, v, 4);
}

static inline void pack_u64(struct strbuf *b, uint64_t v)
{
	pack_uint(b, v, 8);
}

static inline void pack_span(struct strbuf *b, struct span s)
{
	if (s.len > UINT32_MAX)
		b->failed = true;
	pack_u32(b, (uint32_t)s.len);
	strbuf_add(b, s.ptr, s.len);
}

static inline void pack_str(struct strbuf *b, const char *text)
{
	pack_span(b, span_of(text));
}

static inline bool unpack_span(struct bytes *b, struct span *ret)
{
	size_t at = b->pos;
	uint32_t len;

	if (bytes_u32(b, &len) && bytes_take(b, len, ret))
		return true;
	b->pos = at;
	return false;
}
