/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/modsig.h"

enum { PKEY_ID_PKCS7 = 2 };

/* Of struct module_signature only kind and length count; the rest must be zero. */
static bool header(struct bytes *b, uint32_t *ret_len)
{
	struct span before, after;
	uint8_t kind;

	return bytes_take(b, 2, &before) && bytes_u8(b, &kind) &&
	       bytes_take(b, 5, &after) && bytes_u32(b, ret_len) &&
	       kind == PKEY_ID_PKCS7 && span_all(before, 0) && span_all(after, 0);
}

uint32_t modsig_decode(struct span end, uint64_t size)
{
	struct bytes b = bytes_of(end.ptr, end.len);
	struct span marker;
	uint32_t len;

	b.big_endian = true;
	if (end.len != MODSIG_TRAILER || size < MODSIG_TRAILER || !header(&b, &len) ||
	    !bytes_take(&b, bytes_left(&b), &marker) || !span_is(marker, MODSIG_MARKER))
		return 0;
	return len < size - MODSIG_TRAILER ? len : 0;
}
