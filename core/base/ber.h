/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ASN.1 as the kernel reads it: BER with the limits of its decoder, which takes more than
 * DER allows (lengths that are longer than need be, SEQUENCE without its constructed bit)
 * and less than BER does. linux 6.12 lib/asn1_decoder.c asn1_ber_decoder().
 *
 * One element at a time from a bounded cursor; what it holds is read from a cursor of its
 * own. Contents of indefinite length are not followed: -ENOTSUP, and the caller says that
 * it does not know.
 */
#pragma once

#include "core/base/bytes.h"

/* Tags as they stand in the bytes; constructed ones have bit 0x20. */
enum {
	BER_BOOL = 0x01,
	BER_INT = 0x02,
	BER_BITS = 0x03,
	BER_OCTETS = 0x04,
	BER_OID = 0x06,
	BER_UTCTIME = 0x17,
	BER_GENTIME = 0x18,
	BER_SEQ = 0x30,
	BER_SET = 0x31,
	BER_CONTEXT = 0x80, /* [n], primitive */
	BER_EXPLICIT = 0xa0 /* [n], constructed */
};

struct ber {
	uint8_t tag;
	struct span content;
	struct span whole; /* with its header */
};

/* Any element. 1; -EBADMSG: damaged, or nothing left; -ENOTSUP: of indefinite length. */
int ber_any(struct bytes *in, struct ber *ret);

/* An element with this tag: 1. 0: another one, or nothing is left; @in stays. */
int ber_maybe(struct bytes *in, uint8_t tag, struct ber *ret);

/* The same where it must be there: 1 or -EBADMSG, -ENOTSUP. */
int ber_need(struct bytes *in, uint8_t tag, struct ber *ret);

static inline struct bytes ber_inside(const struct ber *b)
{
	return bytes_of(b->content.ptr, b->content.len);
}
