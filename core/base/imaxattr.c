/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/imaxattr.h"

enum shape { SHAPE_UNKNOWN, SHAPE_OLD_DIGEST, SHAPE_DIGEST, SHAPE_MAC, SHAPE_SIGNATURE };

static const struct {
	const char *words;
	enum shape shape;
	bool in[2]; /* by enum imaxattr_attr */
} types[_IMAXATTR_TYPE_MAX] = {
#define IMAXATTR_TYPE(id, byte, ima, evm, shape, words)                                  \
	[IMAXATTR_##id] = {words, SHAPE_##shape, {ima, evm}},
#include "core/base/imaxattr-types.inc"
#undef IMAXATTR_TYPE
};

static const struct {
	bool usable;
	const char *word;
	const char *words;
} verdicts[_IMAXATTR_V_MAX] = {
#define IMAXATTR_VERDICT(id, usable, word, words)                                        \
	[IMAXATTR_V_##id] = {usable, word, words},
#include "core/base/imaxattr-verdicts.inc"
#undef IMAXATTR_VERDICT
};

static enum shape shape_of(uint8_t type)
{
	return type < _IMAXATTR_TYPE_MAX ? types[type].shape : SHAPE_UNKNOWN;
}

static void take_rest(struct bytes *b, struct span *ret)
{
	(void)bytes_take(b, bytes_left(b), ret); /* what is left is there */
}

/* No algorithm byte: the length says it. md5 once filled the room of a sha1 with zeros:
 * ima_appraise.c ima_get_hash_algo(). */
static enum imaxattr_verdict decode_old_digest(struct bytes *b, struct imaxattr *x)
{
	size_t sha1 = hash_alg_size(HASH_SHA1), md5 = hash_alg_size(HASH_MD5);

	take_rest(b, &x->digest);
	if (x->digest.len != sha1 && x->digest.len != md5)
		return IMAXATTR_V_LENGTH;
	x->hash = HASH_SHA1;
	if (x->digest.len == md5 ||
	    span_all((struct span){x->digest.ptr + md5, sha1 - md5}, 0)) {
		x->hash = HASH_MD5;
		x->digest.len = md5;
	}
	return IMAXATTR_V_OK;
}

/* ima_appraise.c xattr_verify() compares as many bytes as the digest has; the value may
 * be longer. */
static enum imaxattr_verdict decode_digest(struct bytes *b, struct imaxattr *x)
{
	uint8_t id;

	if (!bytes_u8(b, &id))
		return IMAXATTR_V_HEADER;
	x->hash = hash_alg_from_id(id);
	if (x->hash < 0) {
		take_rest(b, &x->digest);
		return IMAXATTR_V_HASH;
	}
	if (!bytes_take(b, hash_alg_size(x->hash), &x->digest)) {
		take_rest(b, &x->digest);
		return IMAXATTR_V_SHORT;
	}
	x->trailing = bytes_left(b);
	return x->trailing ? IMAXATTR_V_TRAILING : IMAXATTR_V_OK;
}

/* evm_main.c evm_verify_hmac(): a struct evm_xattr exactly. */
static enum imaxattr_verdict decode_mac(struct bytes *b, struct imaxattr *x)
{
	x->hash = HASH_SHA1;
	take_rest(b, &x->digest);
	return x->digest.len == IMAXATTR_HMAC_SIZE ? IMAXATTR_V_OK : IMAXATTR_V_LENGTH;
}

/* Version 1: u8 version, u32 time, u8 key algorithm, u8 hash, u8 keyid[8], u8 numbers, then
 * the signature as a number: be16 bits, bytes. Hash 0 is sha1, 1 sha256. lib/digsig.c
 * takes the first number and does not look at what follows. */
static enum imaxattr_verdict decode_v1(struct bytes *b, struct imaxattr *x)
{
	struct bytes h;
	uint8_t kind = 0, hash = 0;
	uint16_t bits;

	if (!bytes_take(b, IMAXATTR_V1_HEADER, &x->header))
		return IMAXATTR_V_HEADER;
	h = bytes_of(x->header.ptr, x->header.len);
	(void)(bytes_skip(&h, 5) && bytes_u8(&h, &kind) && bytes_u8(&h, &hash) &&
	       bytes_take(&h, 8, &x->keyid)); /* 16 bytes are there */
	x->hash = hash == 0 ? HASH_SHA1 : hash == 1 ? HASH_SHA256 : _HASH_ALG_INVALID;
	if (kind != 0)
		return IMAXATTR_V_KEY_KIND;
	if (x->hash < 0)
		return IMAXATTR_V_HASH;
	if (!bytes_u16(b, &bits))
		return IMAXATTR_V_SIG_NONE;
	x->promised = (uint16_t)((bits + 7u) / 8);
	if (!bytes_take(b, x->promised, &x->sig)) {
		take_rest(b, &x->sig);
		return IMAXATTR_V_SIG_SHORT;
	}
	x->trailing = bytes_left(b);
	return !x->promised  ? IMAXATTR_V_SIG_NONE
	       : x->trailing ? IMAXATTR_V_TRAILING
			     : IMAXATTR_V_OK;
}

/* Version 2, 3: u8 version, u8 hash, be32 keyid, be16 size; the size must be right to the byte and
 * not 0: digsig_asymmetric.c asymmetric_verify(). */
static enum imaxattr_verdict decode_v2(struct bytes *b, struct imaxattr *x)
{
	struct span keyid;
	uint8_t id;

	if (!bytes_skip(b, 1) || !bytes_u8(b, &id) ||
	    !bytes_take(b, IMAXATTR_KEYID, &keyid) || !bytes_u16(b, &x->promised))
		return IMAXATTR_V_HEADER;
	x->hash = hash_alg_from_id(id);
	x->keyid = keyid;
	take_rest(b, &x->sig);
	if (!x->sig.len)
		return IMAXATTR_V_SIG_NONE;
	if (x->sig.len < x->promised)
		return IMAXATTR_V_SIG_SHORT;
	if (x->sig.len > x->promised) {
		x->trailing = x->sig.len - x->promised;
		x->sig.len = x->promised;
		return IMAXATTR_V_SIG_LONG;
	}
	return x->hash < 0 ? IMAXATTR_V_HASH : IMAXATTR_V_OK;
}

/* Which versions a type has: ima_appraise.c xattr_verify() wants 3 of VERITY; PORTABLE
 * came after version 1. */
static bool version_fits(uint8_t type, uint8_t version)
{
	switch (version) {
	case 1:
		return type == IMAXATTR_SIG;
	case 2:
		return type != IMAXATTR_VERITY;
	default:
		return version == 3;
	}
}

static enum imaxattr_verdict decode_sig(struct bytes *b, struct imaxattr *x)
{
	struct bytes peek = *b; /* the version belongs to what version 1 signs */
	enum imaxattr_verdict v;

	b->big_endian = true;
	if (!bytes_u8(&peek, &x->version))
		return IMAXATTR_V_HEADER;
	if (x->version < 1 || x->version > 3)
		return IMAXATTR_V_VERSION;
	v = x->version == 1 ? decode_v1(b, x) : decode_v2(b, x);
	return version_fits(x->type, x->version) ? v : IMAXATTR_V_VERSION;
}

static enum imaxattr_verdict decode_shape(struct bytes *b, struct imaxattr *x)
{
	switch (shape_of(x->type)) {
	case SHAPE_OLD_DIGEST:
		return decode_old_digest(b, x);
	case SHAPE_DIGEST:
		return decode_digest(b, x);
	case SHAPE_MAC:
		return decode_mac(b, x);
	case SHAPE_SIGNATURE:
		return decode_sig(b, x);
	default:
		return IMAXATTR_V_TYPE;
	}
}

void imaxattr_decode(enum imaxattr_attr attr, struct span value, struct imaxattr *ret)
{
	struct bytes b = bytes_of(value.ptr, value.len);

	*ret = (struct imaxattr){.verdict = IMAXATTR_V_EMPTY, .hash = _HASH_ALG_INVALID};
	if (!bytes_u8(&b, &ret->type))
		return;
	ret->verdict = decode_shape(&b, ret);
	if (shape_of(ret->type) != SHAPE_UNKNOWN && !types[ret->type].in[attr])
		ret->verdict = IMAXATTR_V_ATTRIBUTE;
}

bool imaxattr_usable(const struct imaxattr *x)
{
	return verdicts[x->verdict].usable;
}

bool imaxattr_is_sig(const struct imaxattr *x)
{
	return shape_of(x->type) == SHAPE_SIGNATURE;
}

const char *imaxattr_type_text(const struct imaxattr *x)
{
	return shape_of(x->type) == SHAPE_UNKNOWN ? "value of unknown type"
						  : types[x->type].words;
}

const char *imaxattr_verdict_word(enum imaxattr_verdict v)
{
	return verdicts[v].word;
}

const char *imaxattr_verdict_text(enum imaxattr_verdict v)
{
	return verdicts[v].words;
}

static void sig_text(struct strbuf *out, const struct imaxattr *x)
{
	strbuf_addf(out, " version %u", x->version);
	if (!x->keyid.len)
		return;
	strbuf_addf(out, ", %s, key id ", hash_alg_name(x->hash));
	strbuf_addhex(out, x->keyid);
	strbuf_addf(out, ", %zu bytes", x->sig.len);
}

static void digest_text(struct strbuf *out, const struct imaxattr *x)
{
	strbuf_addf(out, ", %s ", hash_alg_name(x->hash));
	strbuf_addhex(out, x->digest);
}

void imaxattr_text(struct strbuf *out, const struct imaxattr *x)
{
	if (x->verdict == IMAXATTR_V_EMPTY) {
		strbuf_adds(out, "empty value");
	} else {
		strbuf_adds(out, imaxattr_type_text(x));
		if (imaxattr_is_sig(x))
			sig_text(out, x);
		else if (x->digest.len)
			digest_text(out, x);
		else
			strbuf_addf(out, " 0x%02x", x->type);
	}
	if (x->verdict != IMAXATTR_V_OK)
		strbuf_addf(out, ": it %s", verdicts[x->verdict].words);
}

/* ima_appraise.c ima_fix_xattr(): numbers up to sha1 have no algorithm byte. md4 would not
 * be read back as such, nor would a sha1 that ends like a filled md5; no better form of
 * it exists. */
int imaxattr_put_digest(struct strbuf *out, enum hash_alg alg, struct span digest)
{
	if (alg < 0 || alg == HASH_MD4 || digest.len != hash_alg_size(alg))
		return -EINVAL;
	if (alg <= HASH_SHA1) {
		strbuf_addc(out, IMAXATTR_DIGEST);
	} else {
		strbuf_addc(out, IMAXATTR_DIGEST_NG);
		strbuf_addc(out, (char)alg);
	}
	strbuf_add(out, digest.ptr, digest.len);
	return 0;
}

int imaxattr_put_sig(struct strbuf *out, enum imaxattr_type type, uint8_t version,
		     enum hash_alg alg, struct span keyid, struct span sig)
{
	if (shape_of((uint8_t)type) != SHAPE_SIGNATURE || version < 2 ||
	    !version_fits((uint8_t)type, version) || !hash_alg_size(alg) ||
	    keyid.len != IMAXATTR_KEYID || !sig.len || sig.len > UINT16_MAX)
		return -EINVAL;
	strbuf_addc(out, (char)type);
	strbuf_addc(out, (char)version);
	strbuf_addc(out, (char)alg);
	strbuf_add(out, keyid.ptr, keyid.len);
	strbuf_addc(out, (char)(sig.len >> 8));
	strbuf_addc(out, (char)(sig.len & 0xff));
	strbuf_add(out, sig.ptr, sig.len);
	return 0;
}
