/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/ber.h"

#include <errno.h>

enum {
	LONG_TAG = 0x1f,
	CONSTRUCTED = 0x20,
	INDEFINITE = 0x80,
	LENGTH_BYTES = 2,
};

/* The length behind the tag. A primitive element has one. */
static int length(struct bytes *in, uint8_t tag, size_t *ret)
{
	uint8_t first, byte;
	size_t len = 0;

	if (!bytes_u8(in, &first))
		return -EBADMSG;
	if (first < INDEFINITE) {
		*ret = first;
		return 0;
	}
	if (first == INDEFINITE)
		return tag & CONSTRUCTED ? -ENOTSUP : -EBADMSG;
	if (first - INDEFINITE > LENGTH_BYTES)
		return -EBADMSG;
	for (int i = first - INDEFINITE; i > 0; i--) {
		if (!bytes_u8(in, &byte))
			return -EBADMSG;
		len = len << 8 | byte;
	}
	*ret = len;
	return 0;
}

int ber_any(struct bytes *in, struct ber *ret)
{
	struct bytes at = *in, whole = *in;
	size_t len = 0;
	int r;

	if (!bytes_u8(&at, &ret->tag) || (ret->tag & LONG_TAG) == LONG_TAG)
		return -EBADMSG;
	r = length(&at, ret->tag, &len);
	if (r < 0)
		return r;
	if (!bytes_take(&at, len, &ret->content) ||
	    !bytes_take(&whole, at.pos - in->pos, &ret->whole))
		return -EBADMSG;
	*in = at;
	return 1;
}

/* "tmp = optag ^ tag; tmp &= ~(optag & ASN1_CONS_BIT)": where a constructed element is
 * wanted, that bit is not looked at. */
static bool fits(uint8_t wanted, uint8_t tag)
{
	return ((wanted ^ tag) & ~(wanted & CONSTRUCTED)) == 0;
}

int ber_maybe(struct bytes *in, uint8_t tag, struct ber *ret)
{
	struct bytes at = *in;
	int r;

	if (!bytes_left(in))
		return 0;
	if (!fits(tag, at.ptr[at.pos]))
		return 0;
	r = ber_any(&at, ret);
	if (r > 0)
		*in = at;
	return r;
}

int ber_need(struct bytes *in, uint8_t tag, struct ber *ret)
{
	int r = ber_maybe(in, tag, ret);

	return r ? r : -EBADMSG;
}
