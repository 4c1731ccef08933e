/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys and certificates that tests make. */
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/cert/sig.h"

/* A memory file with what @write puts there; at its beginning. */
static inline int file_of(const void *bytes, size_t len)
{
	int fd = memfd_create("key", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* PEM of a private key, encrypted when there is a passphrase, and of a certificate. */
static inline int pem_of(EVP_PKEY *pkey, const char *pass, X509 *cert)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *text;
	long len;
	int fd;

	if (pkey)
		assert_int_equal(PEM_write_bio_PrivateKey(b, pkey,
							  pass ? EVP_aes_256_cbc() : NULL,
							  (const unsigned char *)pass,
							  pass ? (int)strlen(pass) : 0,
							  NULL, NULL),
				 1);
	if (cert)
		assert_int_equal(PEM_write_bio_X509(b, cert), 1);
	len = BIO_get_mem_data(b, &text);
	fd = file_of(text, (size_t)len);
	BIO_free(b);
	return fd;
}

static inline X509 *cert_of(EVP_PKEY *pkey, const char *skid)
{
	X509 *c = X509_new();
	X509_NAME *name = X509_NAME_new();
	X509_EXTENSION *e;
	X509V3_CTX about;

	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
						    (const unsigned char *)"issuer", -1,
						    -1, 0),
			 1);
	assert_int_equal(X509_set_version(c, 2), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(c), 1), 1);
	assert_int_equal(X509_set_issuer_name(c, name), 1);
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
						    (const unsigned char *)"subject", -1,
						    -1, 0),
			 1);
	assert_int_equal(X509_set_subject_name(c, name), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(c), 0));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(c), 86400));
	assert_int_equal(X509_set_pubkey(c, pkey), 1);
	if (skid) {
		X509V3_set_ctx(&about, c, c, NULL, NULL, 0);
		e = X509V3_EXT_conf_nid(NULL, &about, NID_subject_key_identifier, skid);
		assert_int_equal(X509_add_ext(c, e, -1), 1);
		X509_EXTENSION_free(e);
	}
	assert_true(X509_sign(c, pkey, EVP_sha256()) > 0);
	X509_NAME_free(name);
	return c;
}

static inline struct sig_key *private_of(EVP_PKEY *pkey)
{
	_cleanup_close_ int fd = pem_of(pkey, NULL, NULL);
	struct sig_key *k = NULL;

	assert_int_equal(sig_key_private(fd, "key", NULL, &k, NULL), 0);
	return k;
}

static inline struct sig_key *public_of(X509 *cert)
{
	unsigned char *der = NULL;
	int len = i2d_X509(cert, &der);
	struct sig_key *k = NULL;

	assert_int_equal(sig_key_public((struct span){der, (size_t)len}, &k, NULL), 0);
	OPENSSL_free(der);
	return k;
}
