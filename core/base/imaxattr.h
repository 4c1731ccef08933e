/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The values of security.ima and security.evm: taken apart, put into words, made.
 *
 * Decoding never fails: what is wrong with a value is its verdict, and whatever could be
 * read stands in the struct all the same. Nothing is compared or verified here. Spans are
 * borrowed from the value.
 *
 * linux 6.12 security/integrity/integrity.h (struct evm_ima_xattr_data, signature_v2_hdr),
 * include/linux/digsig.h (struct signature_hdr of version 1).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/hashalg.h"
#include "core/base/str.h"

enum imaxattr_attr { IMAXATTR_IMA, IMAXATTR_EVM };

enum imaxattr_type {
	IMAXATTR_NONE, /* no byte there */
#define IMAXATTR_TYPE(id, byte, ima, evm, shape, words) IMAXATTR_##id = (byte),
#include "core/base/imaxattr-types.inc"
#undef IMAXATTR_TYPE
	_IMAXATTR_TYPE_MAX,
};

enum imaxattr_verdict {
#define IMAXATTR_VERDICT(id, usable, word, words) IMAXATTR_V_##id,
#include "core/base/imaxattr-verdicts.inc"
#undef IMAXATTR_VERDICT
	_IMAXATTR_V_MAX,
};

enum { IMAXATTR_KEYID = 4, IMAXATTR_HMAC_SIZE = 20, IMAXATTR_V1_HEADER = 16 };

struct imaxattr {
	enum imaxattr_verdict verdict;
	uint8_t type;	 /* the first byte; an enum imaxattr_type where that is known */
	uint8_t version; /* of signatures, as it stands there: 1, 2, 3 are known */
	enum hash_alg
		hash; /* of the digest or named by the signature; invalid: unknown */
	struct span digest; /* types DIGEST, DIGEST_NG, HMAC */
	struct span
		keyid; /* 4 bytes (version 2, 3), 8 (version 1); the header is whole */
	struct span header; /* version 1: the 16 bytes that were signed with the digest */
	struct span sig;    /* the bytes of the signature that are there */
	uint16_t promised;  /* bytes of signature according to the header */
	size_t trailing;    /* bytes behind the end */
};

void imaxattr_decode(enum imaxattr_attr attr, struct span value, struct imaxattr *ret);

/* Is the kernel able to compare or verify it, whatever comes out? */
bool imaxattr_usable(const struct imaxattr *x);

/* Is its type one of the signatures? */
bool imaxattr_is_sig(const struct imaxattr *x);

/* "signature", "hash of the contents"; "value of unknown type". */
const char *imaxattr_type_text(const struct imaxattr *x);
const char *imaxattr_verdict_word(enum imaxattr_verdict v); /* "sig-short", for JSON */
const char *imaxattr_verdict_text(enum imaxattr_verdict v); /* "holds less of ..." */

/* Appends one line in plain words: "signature version 2, sha256, key id 9fa41c22, 256
 * bytes", and behind a colon what is wrong with it. Printable ASCII. */
void imaxattr_text(struct strbuf *out, const struct imaxattr *x);

/* Appends the value the kernel's fix mode would write: type 01 for md5 and sha1, 04 for
 * the others. -EINVAL: the digest has not the length of @alg. */
int imaxattr_put_digest(struct strbuf *out, enum hash_alg alg, struct span digest);

/* Appends a signature value: SIG and PORTABLE of version 2 or 3, VERITY of version 3.
 * @keyid is IMAXATTR_KEYID bytes. -EINVAL: no such value. */
int imaxattr_put_sig(struct strbuf *out, enum imaxattr_type type, uint8_t version,
		     enum hash_alg alg, struct span keyid, struct span sig);
