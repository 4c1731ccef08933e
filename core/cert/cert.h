/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An X.509 certificate as the kernel sees it: which parts it keeps, under which name and
 * ids a keyring holds the key, and what its parser would refuse. Read by a bounded parser
 * of our own after linux 6.1 and 6.12 crypto/asymmetric_keys/x509_cert_parser.c; OpenSSL
 * only computes (signatures, digests) and unpacks PEM.
 *
 * Validity is parsed and then ignored by every kernel (cert->valid_from and valid_to are
 * read by nobody but a pr_devel); it is for people.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/diag.h"
#include "core/base/str.h"
#include "core/host/hashalg.h"
#include "core/cert/keyclause.h"

enum {
	CERT_SIZE_MAX = 1 << 20, /* of a file that is looked at */
	CERT_DER_MAX = 65535,	 /* asn1_ber_decoder() */
	CERT_KEYID = 4,		 /* bytes that a signature in security.ima names */
};

/* Which kernels know an algorithm, where not all do. */
enum cert_known {
	CERT_KNOWN_ALL,
	CERT_KNOWN_ECDSA, /* with CONFIG_CRYPTO_ECDSA */
	CERT_KNOWN_P521,  /* not in 6.1 */
	CERT_KNOWN_SHA3,  /* not in 6.1 */
	CERT_KNOWN_SM2,	  /* gone again, not in 6.12 */
	CERT_KNOWN_MD5,	  /* gone again, not in 6.12 */
	CERT_KNOWN_NONE,
	_CERT_KNOWN_MAX,
};

enum cert_family {
	CERT_FAMILY_RSA,
	CERT_FAMILY_ECDSA,
	CERT_FAMILY_SM2,
	CERT_FAMILY_ECRDSA,
	CERT_FAMILY_DSA,
	CERT_FAMILY_EDDSA,
	_CERT_FAMILY_MAX,
};

enum cert_sig {
#define CERT_SIG(id, oid, words, hash, family, known) CERT_SIG_##id,
#include "core/cert/cert-sigs.inc"
#undef CERT_SIG
	_CERT_SIG_MAX, /* one that no row has */
};

enum cert_alg {
#define CERT_ALG(id, oid, curve, kernel, words, family, known) CERT_ALG_##id,
#include "core/cert/cert-algs.inc"
#undef CERT_ALG
	_CERT_ALG_MAX,
};

/* An extension that newer kernels read and 6.1 passes over. */
enum cert_ext {
	CERT_EXT_NONE,
	CERT_EXT_GOOD,
	CERT_EXT_ODD, /* read by some kernels, -EBADMSG to others */
	CERT_EXT_BAD, /* -EBADMSG to every kernel that reads it */
};

struct cert_time {
	bool known;
	int64_t seconds; /* since 1970 */
};

/* Spans lie in .der. What stands behind a flaw was not read and is empty. */
struct cert {
	struct strbuf der; /* what would be handed to the kernel */
	bool pem;	   /* it came as PEM, which the kernel does not take */
	size_t behind;	   /* bytes behind the certificate: the kernel ignores them */

	/* The first condition its encoding does not meet; _KEY_CLAUSE_MAX: none. With
	 * .unsure kernels may differ: it uses BER that is not followed here. */
	enum key_clause flaw;
	bool unsure;
	char flaw_text[120];

	struct span tbs, serial, issuer, subject; /* names: contents of the SEQUENCE */
	enum cert_sig sig;
	struct span sig_oid;
	struct span outer_oid;
	struct span signature;
	enum cert_alg alg;
	struct span alg_oid, alg_curve;
	struct span spki; /* SubjectPublicKeyInfo whole */
	struct span key;  /* its bits */
	struct cert_time not_before, not_after;

	struct span skid;
	bool has_akid, odd_akid; /* odd: holds names that kernels read differently */
	struct span akid, akid_issuer,
		akid_serial; /* serial counts with an issuer only */

	enum cert_ext usage, constraints;
	bool digital_signature, key_cert_sign, ca;
	bool ca_odd; /* .constraints is ODD, and kernels that read it take it for a CA */

	struct strbuf name;   /* of the subject, as the kernel fabricates it */
	struct strbuf signer; /* of the issuer */
	void *pkey;	      /* EVP_PKEY; NULL: OpenSSL cannot use the key */
};

/* A certificate in DER or PEM (the first one). What the kernel would refuse is a flaw,
 * not an error. IMA-K001: empty, too large for any certificate, or PEM without one. */
int cert_read(struct span bytes, struct cert **ret, struct diag *reterr);

/* A file below @dirfd; @path is as the user gave it. */
int cert_read_at(int dirfd, const char *path, struct cert **ret, struct diag *reterr);

struct cert *cert_free(struct cert *c);

/* Only the parser, over c->der; for cert_read() and tests. */
void cert_parse(struct cert *c);

/* "Lab IMA key: 9a691eda..": what a keyring calls the key (x509_key_preparse()). The
 * name ends at its first NUL there. */
void cert_description(const struct cert *c, struct strbuf *out);

/* The last 4 bytes of an id of the key in the kernel, which is how a signature finds it:
 * of the SKID, or else of serial and issuer (digsig_asymmetric.c request_asymmetric_key(),
 * asymmetric_type.c asymmetric_key_id_partial()). False: there are none. */
bool cert_keyid(const struct cert *c, uint8_t ret[CERT_KEYID]);

/* The last 4 bytes of the SHA-1 of the key's bits: the id that tools give to signatures
 * when all they have is the key. False: no key, no SHA-1. */
bool cert_keyid_of_key(const struct cert *c, uint8_t ret[CERT_KEYID]);

/* Does it name itself as issuer? With an AKID the kernel compares the ids too, and takes
 * it for another's when none fits (x509_check_for_self_signed()). @ret_half: one of the
 * two ids fits and the other does not. */
bool cert_names_itself(const struct cert *c, bool *ret_half);

/* Was it signed by @signer's key? Limits of the kernel's RSA and ECDSA count, those of
 * its configuration do not. 1; 0 with what the kernel would return in @ret_err (positive, 0:
 * not certain); -EOPNOTSUPP: OpenSSL cannot tell. */
int cert_signed_by(const struct cert *c, const struct cert *signer, bool fips,
		   int *ret_err);

/* Would the kernel's code for this kind of key take it? A key that it does not take can
 * be in a keyring and verifies nothing. False with a reason. */
bool cert_key_usable(const struct cert *c, bool fips, char *why, size_t size);

/* The digest that the blacklist names: of tbsCertificate, by the signature's hash.
 * -EOPNOTSUPP: this OpenSSL lacks it. */
int cert_tbs_digest(const struct cert *c, struct digest *ret);

/* "2027-11-26"; "" when it is not known. */
const char *cert_date(const struct cert_time *t, char buf[24]);

const char *cert_sig_words(enum cert_sig sig); /* "an unknown algorithm" */
enum hash_alg cert_sig_hash(enum cert_sig sig);
enum cert_known cert_sig_known(enum cert_sig sig);
enum cert_family cert_sig_family(enum cert_sig sig);
const char *cert_alg_words(enum cert_alg alg);
const char *cert_alg_kernel(enum cert_alg alg); /* "ecdsa-nist-p256"; NULL: none */
enum cert_known cert_alg_known(enum cert_alg alg);
enum cert_family cert_alg_family(enum cert_alg alg);

/* An OID's contents as 1.2.3, for people. */
void cert_oid_text(struct strbuf *out, struct span oid);
