/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates of every kind, good and bad, made by OpenSSL when a test runs: for unit
 * tests, and for the lab, where real kernels judge them. tests/certs/variants.inc lists
 * them; `make-certs FOLDER [CA.der CA.key]` writes them.
 *
 * Whatever OpenSSL fails at ends the program: these are tests.
 */
#pragma once

#include <openssl/evp.h>

#include "core/base/str.h"

enum certgen_signer {
	BY_CA,
	BY_STRANGER, /* a CA that nobody trusts */
	BY_IMPOSTOR, /* the CA's name and ids, and another key */
	BY_LEAF,     /* a good certificate of the CA's, which is no CA */
	BY_ITSELF,
};

/* What a certificate is made of; NULL or 0: as `imactl key new` makes it. */
struct certgen_recipe {
	const char *name;
	enum certgen_signer by;
	const char *key;  /* "rsa:2048", "ec:P-256", "ed25519", ... */
	const char *md;	  /* "SHA256"; "" for keys that have none */
	const char *skid; /* extension in OpenSSL's words; "" leaves it out, */
	const char *akid; /* "raw:HEX" is its contents byte for byte */
	const char *usage;
	const char *constraints;
	const char *more;    /* one more: "OID;critical;HEX" */
	const char *subject; /* "O=..;CN=..;emailAddress=.."; "" is empty */
	const char *issuer;  /* another name than the signer's */
	/* Seen before it is signed, and after; may change the bytes. */
	void (*tbs)(struct strbuf *tbs);
	void (*whole)(struct strbuf *der);
};

struct certgen {
	struct {
		EVP_PKEY *key;
		struct strbuf der;
	} signer[BY_ITSELF]; /* by enum certgen_signer */
	/* One key of each kind serves all variants: making them takes the time. */
	struct {
		const char *kind;
		EVP_PKEY *key;
	} pool[24];
};

/* Everybody's keys; with @ca_der and @ca_key the CA is that one. */
void certgen_init(struct certgen *g, const char *ca_der, const char *ca_key);
void certgen_done(struct certgen *g);

void certgen_make(struct certgen *g, const struct certgen_recipe *r,
		  struct strbuf *ret_der);

/* All variants, the last without a name. */
extern const struct certgen_recipe certgen_variants[];
const struct certgen_recipe *certgen_find(const char *name);
