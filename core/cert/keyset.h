/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys a person verifies with: certificates and public keys, each with where it comes
 * from; or those a kernel verifies with, as far as their certificates are at hand. A
 * signature names 4 bytes of its key's id; several keys may share them.
 */
#pragma once

#include "core/cert/sig-cms.h"

struct keyset_key {
	char *from; /* the file, as it was named; foreign bytes; owned; or NULL */
	struct sig_key *key; /* NULL: only the kernel has it, and is asked */
	const char *ring;    /* the keyring it is in, ".ima"; NULL: that is not known */
	bool useless;	     /* that kernel takes it and cannot verify with its kind */
	/* Of keys in a keyring, where .key is NULL: */
	int32_t serial;
	uint8_t id[IMAXATTR_KEYID];
	char *name;	/* foreign bytes; owned */
	char words[32]; /* "rsa", "ecdsa-nist-p256": as the kernel calls it */
};

/* All zero before the first use. */
struct keyset {
	struct keyset_key *keys;
	size_t n;
};

void keyset_done(struct keyset *set);
#define _cleanup_keyset_ __attribute__((cleanup(keyset_done)))

/* A file below the folder @at, or on this machine with AT_FDCWD. IMA-H001, IMA-H006,
 * IMA-H003 too large; IMA-A010: neither a certificate nor a public key. */
int keyset_add_file(struct keyset *set, int at, const char *path, struct diag *reterr);

/* Every certificate and public key in a folder, by name; other files are passed over.
 * Returns how many there were. IMA-H001, IMA-H006. */
int keyset_add_folder(struct keyset *set, int at, const char *path, struct diag *reterr);

/* The same for bytes that are at hand; @ring as in the struct. */
int keyset_add(struct keyset *set, const char *from, const char *ring, struct span bytes,
	       struct diag *reterr);

/* A key of which there is no certificate; @k says which, its name is copied. */
int keyset_add_kernel(struct keyset *set, const struct keyset_key *k, struct span name,
		      struct diag *reterr);

/* Of the certificate or as the kernel calls it, foreign bytes; "" for a bare key. */
const char *keyset_name(const struct keyset_key *k);
/* "RSA 2048", "rsa" */
const char *keyset_words(const struct keyset_key *k);

/* Appends "the key of FILE (NAME, RSA 2048)", "... in .ima". */
void keyset_describe(struct strbuf *out, const struct keyset_key *k, bool ascii);

/* What follows "security.ima is signed: it ...", of a signature with that key (or NULL):
 * the verdict's words, or that only the kernel has its key. */
const char *keyset_verdict(enum sig_verdict v, const struct keyset_key *k);

/* Gives a private key the id of the first that is its certificate. -EINVAL (IMA-A013): none
 * is; of an empty set it keeps its own. */
int keyset_certify(const struct keyset *set, struct sig_key *key, struct diag *reterr);

/* The first key a signature names; NULL. */
const struct keyset_key *keyset_find(const struct keyset *set, const struct imaxattr *x);

/* sig_check(), or what the kernel says, with each key the signature names, until one fits.
 * *ret_key (may be NULL): the key the verdict is about, or NULL. */
enum sig_verdict keyset_check(const struct keyset *set, struct sig_ctx *ctx,
			      const struct imaxattr *x, const struct digest *digest,
			      const struct keyset_key **ret_key);

/* sig_cms_check() with each key. IMPOSSIBLE: none of those at hand is the signer's, and of
 * others only the kernel could tell. */
enum sig_verdict keyset_check_cms(const struct keyset *set, struct sig_ctx *ctx,
				  const struct sig_cms *cms, size_t signer,
				  const struct digest *digest,
				  const struct keyset_key **ret_key);
