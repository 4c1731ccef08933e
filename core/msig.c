/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/msig.h"

enum {
	IMA_DIGSIG = 3,
	EVM_PORTABLE = 5,
	VERITY_DIGSIG = 6,
};

/* struct signature_hdr (include/linux/digsig.h): version, timestamp, algo, hash, keyid[8],
 * nmpi; then a length of two bytes per number. hash 0 is sha1, 1 sha256. */
static bool parse_v1(struct bytes *b, struct msig *ret)
{
	uint8_t hash;

	if (!bytes_skip(b, 5) || !bytes_u8(b, &hash) || !bytes_take(b, 8, &ret->keyid) ||
	    !bytes_skip(b, 1))
		return false;
	ret->hash = hash == 0 ? HASH_SHA1 : hash == 1 ? HASH_SHA256 : _HASH_ALG_INVALID;
	ret->size = (uint32_t)bytes_left(b);
	return true;
}

/* struct signature_v2_hdr: type, version, hash_algo, keyid be32, sig_size be16. */
static bool parse_v2(struct bytes *b, struct msig *ret)
{
	uint8_t hash;
	uint16_t size;

	b->big_endian = true;
	if (!bytes_u8(b, &hash) || !bytes_take(b, 4, &ret->keyid) || !bytes_u16(b, &size))
		return false;
	ret->hash = hash < _HASH_ALG_MAX ? (enum hash_alg)hash : _HASH_ALG_INVALID;
	ret->size = size;
	return true;
}

bool msig_parse(struct span value, struct msig *ret)
{
	struct bytes b = bytes_of(value.ptr, value.len);
	struct msig s = {0};
	bool known;

	if (!bytes_u8(&b, &s.type) || !bytes_u8(&b, &s.version))
		return false;
	if (s.type != IMA_DIGSIG && s.type != EVM_PORTABLE && s.type != VERITY_DIGSIG)
		return false;
	known = s.version == 1			   ? parse_v1(&b, &s)
		: s.version == 2 || s.version == 3 ? parse_v2(&b, &s)
						   : false;
	if (known)
		*ret = s;
	return known;
}

bool msig_of(const struct mlog_dialect *dialect, const struct mlog_entry *entry,
	     struct msig *ret)
{
	struct span v;

	if (mlog_field(dialect, entry, MLOG_SIG, &v) && v.len)
		return msig_parse(v, ret);
	return mlog_field(dialect, entry, MLOG_EVMSIG, &v) && v.len && msig_parse(v, ret);
}

bool msig_any(const struct mlog_dialect *dialect, const struct mlog_entry *entry)
{
	static const enum mlog_field_id ids[] = {MLOG_SIG, MLOG_EVMSIG, MLOG_MODSIG};
	struct span v;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (mlog_field(dialect, entry, ids[i], &v) && v.len)
			return true;
	return false;
}
