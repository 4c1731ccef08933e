/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/spki.h"

#include "core/base/ber.h"
#include "core/base/cleanup.h"
#include "core/base/hex.h"
#include "core/base/sha256.h"

/* TBSCertificate: [0] version, serial, signature, issuer, validity, subject, the key.
 * RFC 5280 section 4.1. */
int spki_find(struct span der, struct span *ret)
{
	static const uint8_t before[] = {BER_INT, BER_SEQ, BER_SEQ, BER_SEQ, BER_SEQ};
	struct bytes in = bytes_of(der.ptr, der.len);
	struct ber b;
	int r = ber_need(&in, BER_SEQ, &b);

	if (r > 0) {
		in = ber_inside(&b);
		r = ber_need(&in, BER_SEQ, &b);
	}
	if (r < 0)
		return r;
	in = ber_inside(&b);
	r = ber_maybe(&in, BER_EXPLICIT, &b);
	for (size_t i = 0; i < array_size(before) && r >= 0; i++)
		r = ber_need(&in, before[i], &b);
	if (r >= 0)
		r = ber_need(&in, BER_SEQ, &b);
	if (r < 0)
		return r;
	*ret = b.whole;
	return 0;
}

int spki_hash(struct span der, char ret[GEN_KEY_HASH + 1])
{
	uint8_t hash[SHA256_SIZE];
	struct span spki;
	int r = spki_find(der, &spki);

	if (r < 0)
		return r;
	sha256_of(spki, hash);
	hex_encode(ret, (struct span){hash, sizeof(hash)});
	ret[GEN_KEY_HASH] = '\0';
	return 0;
}
