/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PKCS#7 signatures as the kernel takes them for modules: OpenSSL reads the message, keys
 * are found and signatures verified as the kernel does it, which asks for less than
 * OpenSSL (no dates, no purposes) and for more (no signed attributes).
 *
 * linux 6.12 crypto/asymmetric_keys/pkcs7_parser.c, pkcs7_verify.c, pkcs7_trust.c.
 */
#pragma once

#include "core/cert/sig.h"

struct sig_cms;

/* -EBADMSG: no kernel reads it; -ENOMEM. */
int sig_cms_parse(struct span der, struct sig_cms **ret);
struct sig_cms *sig_cms_free(struct sig_cms *cms);

size_t sig_cms_signers(const struct sig_cms *cms); /* at least one */
/* What a signer hashed the contents with. */
enum hash_alg sig_cms_hash(const struct sig_cms *cms, size_t signer);

/* GOOD, or what makes kernels refuse it whoever signed; OWN_DATA. */
enum sig_verdict sig_cms_flaw(const struct sig_cms *cms);

/* Appends the @i-th certificate in the message from a signer's own upwards, in DER; false:
 * there are no more. pkcs7_verify.c pkcs7_verify_sig_chain(). */
bool sig_cms_chain(const struct sig_cms *cms, size_t signer, size_t i,
		   struct strbuf *ret);

/* What the signature of a signer is worth where @key is trusted: the signer's own, or one
 * that vouches for the signer through certificates in the message. NO_KEY: it is neither.
 * @digest: of the contents, by that signer's hash. */
enum sig_verdict sig_cms_check(const struct sig_cms *cms, size_t signer,
			       struct sig_ctx *ctx, const struct sig_key *key,
			       const struct digest *digest);
