/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signatures in security.ima and security.evm, made and verified as the kernel does.
 *
 * A key is made once and may be shared by threads; a context belongs to one thread and is
 * reused from file to file. Private keys never leave the struct; passphrases are asked
 * through a callback and wiped.
 *
 * linux 6.12 security/integrity/digsig.c, digsig_asymmetric.c, lib/digsig.c (version 1),
 * ima/ima_appraise.c calc_file_id_hash() (version 3).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/diag.h"
#include "core/base/hashalg.h"
#include "core/base/imaxattr.h"
#include "core/base/str.h"

struct sig_key;
struct sig_ctx;

enum sig_verdict {
#define SIG_VERDICT(id, err, word, words) SIG_##id,
#include "core/cert/sig-verdicts.inc"
#undef SIG_VERDICT
	_SIG_VERDICT_MAX,
};

/* Where a passphrase comes from. ask() writes it to @buf (no NUL needed) and returns its
 * length, or -errno; it is called only when a key is encrypted, or is to be. */
struct sig_pass {
	int (*ask)(char *buf, size_t size, void *data);
	void *data;
};

/* A certificate (DER or PEM) or a bare public key (DER or PEM). A key of a kind that this
 * OpenSSL does not know is made all the same: it has an id, and verifies nothing.
 * -EBADMSG (IMA-A010): neither. */
int sig_key_public(struct span bytes, struct sig_key **ret, struct diag *reterr);

/* The private key in a PEM file that is open at @fd; a certificate behind it in the same
 * file lends its id. @name is for messages. @pass may be NULL. -EBADMSG (IMA-A010): no
 * private key; -EACCES (IMA-A011): wrong passphrase or none; -EOPNOTSUPP (IMA-A012): of a
 * kind that no kernel knows. */
int sig_key_private(int fd, const char *name, const struct sig_pass *pass,
		    struct sig_key **ret, struct diag *reterr);

/* The private key a URI of RFC 7512 names ("pkcs11:token=..;object=.."); @pass gives the
 * token's PIN when it asks. -EOPNOTSUPP (IMA-A016): this OpenSSL cannot; -ENOKEY
 * (IMA-A016): no such key; -EACCES (IMA-A011, IMA-A016): the PIN; -EINVAL (IMA-A011): the
 * URI itself tells the PIN. */
int sig_key_pkcs11(const char *uri, const struct sig_pass *pass, struct sig_key **ret,
		   struct diag *reterr);

struct sig_key *sig_key_free(struct sig_key *key);

/* Gives a private key the id of its certificate. -EINVAL (IMA-A013): not of this key. */
int sig_key_certify(struct sig_key *key, const struct sig_key *cert, struct diag *reterr);

/* Another one than the key has by itself. */
void sig_key_set_id(struct sig_key *key, const uint8_t id[IMAXATTR_KEYID]);

/* The id kernels look for: the last 4 bytes of the certificate's SKID, of its issuer where
 * it has none that long; of a bare key the last 4 bytes of the SHA-1 of its bits (the SKID that
 * openssl makes). Lives as long as the key. */
struct span sig_key_id(const struct sig_key *key);
/* 8 bytes that version 1 signatures name; empty for others than RSA. */
struct span sig_key_id_v1(const struct sig_key *key);
const char *sig_key_words(const struct sig_key *key); /* "RSA 2048", "ECDSA P-256" */
/* "sign files with the key 0badcafe (RSA 2048)": what a plan is called. */
void sig_key_title(const struct sig_key *key, const char *what, struct strbuf *out);
/* Of the certificate's subject, foreign bytes; "" for a bare key. */
const char *sig_key_name(const struct sig_key *key);
/* The kernel's name of the algorithm; NULL: no kernel verifies with such a key. */
const char *sig_key_kernel(const struct sig_key *key);
/* Do kernels take this hash with this key? */
bool sig_key_takes(const struct sig_key *key, enum hash_alg alg);
/* The one that is used where nobody names another. */
enum hash_alg sig_key_hash(const struct sig_key *key);

/* NULL: out of memory. */
struct sig_ctx *sig_ctx_new(void);
struct sig_ctx *sig_ctx_free(struct sig_ctx *ctx);

/* What is signed: the digest itself (version 2), or its hash together with type and
 * algorithm (version 3). IMA-G003 where OpenSSL lacks the algorithm. */
int sig_message(struct sig_ctx *ctx, enum imaxattr_type type, uint8_t version,
		const struct digest *digest, struct digest *ret, struct diag *reterr);

/* Appends a whole value for security.ima (types SIG, VERITY) or security.evm (PORTABLE,
 * SIG) to @out. @digest: of the file, of fs-verity, of evm_data(). -EOPNOTSUPP (IMA-A014):
 * no kernel would take this hash with this key; -EIO (IMA-A015): OpenSSL failed. */
int sig_make(struct sig_ctx *ctx, const struct sig_key *key, enum imaxattr_type type,
	     uint8_t version, const struct digest *digest, struct strbuf *out,
	     struct diag *reterr);

/* Is @x a signature of @digest by @key? Its key id is not looked at. The digest must be
 * made with x->hash: any other is BAD. */
enum sig_verdict sig_check(struct sig_ctx *ctx, const struct sig_key *key,
			   const struct imaxattr *x, const struct digest *digest);

/* The same with the first of @keys whose id the signature names; *ret_key (may be NULL) is
 * that key, or NULL. */
enum sig_verdict sig_check_any(struct sig_ctx *ctx, struct sig_key *const *keys,
			       size_t n_keys, const struct imaxattr *x,
			       const struct digest *digest,
			       const struct sig_key **ret_key);

int sig_verdict_errno(enum sig_verdict v);	   /* 0 or -errno, as the kernel's */
const char *sig_verdict_word(enum sig_verdict v);  /* "no-key", for JSON */
const char *sig_verdict_words(enum sig_verdict v); /* "names a key that is ..." */
