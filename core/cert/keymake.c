/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/cert/keymake.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/cert/cert.h"

enum { SERIAL_SIZE = 20 }; /* RFC 5280 4.1.2.2: at most */

DEFINE_CLEANUP(BIO *, BIO_free_all)
DEFINE_CLEANUP(X509 *, X509_free)
DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free)
DEFINE_CLEANUP(BIGNUM *, BN_free)
DEFINE_CLEANUP(struct cert *, cert_free)

static const struct {
	const char *name, *type, *size;
} kinds[_KEYMAKE_KIND_MAX] = {
#define KEYMAKE_KIND(id, name, type, size) [KEYMAKE_##id] = {name, type, size},
#include "core/cert/keymake-kinds.inc"
#undef KEYMAKE_KIND
};

const char *keymake_kind_name(enum keymake_kind k)
{
	return kinds[k].name;
}

enum keymake_kind keymake_kind_from(const char *name)
{
	for (int i = 0; i < _KEYMAKE_KIND_MAX; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return (enum keymake_kind)i;
	return _KEYMAKE_KIND_MAX;
}

static int openssl_fails(const char *what, struct diag *reterr)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return diag_set(reterr, DIAG_KEY_MAKE, EIO, "OpenSSL cannot %s%s%s.", what,
			why ? ": " : "", why ? why : "");
}

/* A passphrase, on its way into OpenSSL. */
struct pass {
	const struct sig_pass *from;
	bool asked;
	int err;
};

static int give_pass(char *buf, int size, int writing, void *user)
{
	struct pass *p = user;
	int n;

	p->asked = true;
	n = p->from->ask ? p->from->ask(buf, (size_t)size, p->from->data) : -EACCES;
	if (n < 0)
		p->err = n;
	return n < 0 ? -1 : n;
}

static int no_pass(const struct pass *p, const char *path, struct diag *reterr)
{
	char q[120];

	ERR_clear_error();
	(void)str_quote(q, sizeof(q), span_of(path));
	return p->err ? diag_set(reterr, DIAG_KEY_PASS, EACCES,
				 "There is no passphrase for %s.", q)
		      : diag_set(reterr, DIAG_KEY_PASS, EACCES,
				 "The passphrase of %s is another one.", q);
}

static int load_key(const struct keymake_spec *spec, EVP_PKEY **ret, struct diag *reterr)
{
	_cleanup_close_ int fd =
		open(spec->ca_key, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	_cleanup_(BIO_free_allp) BIO *bio = fd < 0 ? NULL : BIO_new_fd(fd, BIO_NOCLOSE);
	struct pass pass = {.from = &spec->ca_pass};
	char q[120];

	(void)str_quote(q, sizeof(q), span_of(spec->ca_key));
	if (fd < 0)
		return diag_set(reterr, errno == EACCES ? DIAG_PERMISSION : DIAG_OPEN,
				errno, "Cannot open %s: %s.", q, diag_errno(errno));
	*ret = bio ? PEM_read_bio_PrivateKey(bio, NULL, give_pass, &pass) : NULL;
	if (*ret)
		return 0;
	if (pass.asked)
		return no_pass(&pass, spec->ca_key, reterr);
	ERR_clear_error();
	return diag_set(reterr, DIAG_CA, EBADMSG, "%s holds no private key in PEM.", q);
}

/* Is it a CA whose certificates kernels take? */
static int fit_for_ca(const struct cert *c, const char *path, struct diag *reterr)
{
	const char *lacks = c->flaw < _KEY_CLAUSE_MAX ? "is damaged"
			    : !c->ca		      ? "is not a CA's"
			    : !c->key_cert_sign	      ? "lacks keyCertSign"
			    : !c->skid.len	      ? "lacks subjectKeyIdentifier"
						      : NULL;
	char q[120];

	return lacks ? diag_set(reterr, DIAG_CA, EINVAL, "The certificate %s %s.",
				str_quote(q, sizeof(q), span_of(path)), lacks)
		     : 0;
}

static int load_cert(const struct keymake_spec *spec, X509 **ret, struct diag *reterr)
{
	_cleanup_(cert_freep) struct cert *c = NULL;
	const unsigned char *at;
	int r = cert_read_at(AT_FDCWD, spec->ca_cert, &c, reterr);

	if (r == 0)
		r = fit_for_ca(c, spec->ca_cert, reterr);
	if (r < 0)
		return r;
	at = (const unsigned char *)c->der.ptr;
	*ret = d2i_X509(NULL, &at, (long)c->der.len);
	return *ret ? 0 : openssl_fails("read the CA's certificate", reterr);
}

static int load_ca(const struct keymake_spec *spec, X509 **cert, EVP_PKEY **key,
		   struct diag *reterr)
{
	int r = load_cert(spec, cert, reterr);

	if (r == 0)
		r = load_key(spec, key, reterr);
	if (r == 0 && X509_check_private_key(*cert, *key) != 1) {
		ERR_clear_error();
		return diag_set(reterr, DIAG_CA, EINVAL,
				"The CA's key is not that of its certificate.");
	}
	return r;
}

static EVP_PKEY *make_key(enum keymake_kind kind)
{
	return strcmp(kinds[kind].type, "RSA") == 0
		       ? EVP_RSA_gen((unsigned)strtoul(kinds[kind].size, NULL, 10))
		       : EVP_EC_gen(kinds[kind].size);
}

static bool add_part(X509_NAME *name, int nid, const char *value)
{
	return !value || !*value ||
	       X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8,
					  (const unsigned char *)value, -1, -1, 0) == 1;
}

static bool set_serial(X509 *cert)
{
	_cleanup_(BN_freep) BIGNUM *n = NULL;
	uint8_t bytes[SERIAL_SIZE];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] = (bytes[0] & 0x3f) | 0x40; /* positive, and never shorter */
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	return n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;
	bool good;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	good = e && X509_add_ext(cert, e, -1) == 1;
	X509_EXTENSION_free(e);
	return good;
}

/* The order matters: the AKID of a CA is its own SKID. */
static bool add_extensions(X509 *cert, X509 *issuer, bool ca)
{
	return add_extension(cert, issuer, NID_basic_constraints,
			     ca ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
	       add_extension(cert, issuer, NID_key_usage,
			     ca ? "critical,keyCertSign,cRLSign" : "digitalSignature") &&
	       add_extension(cert, issuer, NID_subject_key_identifier, "hash") &&
	       add_extension(cert, issuer, NID_authority_key_identifier,
			     "keyid:always,issuer");
}

static bool fill(X509 *cert, const struct keymake_spec *spec, EVP_PKEY *key, X509 *issuer)
{
	X509_NAME *name = X509_get_subject_name(cert);

	return X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
	       add_part(name, NID_organizationName, spec->organisation) &&
	       add_part(name, NID_commonName, spec->name) &&
	       add_part(name, NID_pkcs9_emailAddress, spec->email) &&
	       X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1 &&
	       X509_gmtime_adj(X509_getm_notBefore(cert), 0) &&
	       X509_time_adj_ex(X509_getm_notAfter(cert), (int)spec->days, 0, NULL) &&
	       X509_set_pubkey(cert, key) == 1 && add_extensions(cert, issuer, spec->ca);
}

/* What goes out must be what every kernel takes: looked at as one would. */
static int look_at(const struct strbuf *der, bool ca, struct diag *reterr)
{
	_cleanup_(cert_freep) struct cert *c = NULL;
	int r = cert_read(strbuf_span(der), &c, reterr);
	char why[100];

	if (r == 0 &&
	    (c->flaw < _KEY_CLAUSE_MAX || c->ca != ca || c->key_cert_sign != ca ||
	     c->digital_signature == ca || !c->skid.len || !c->akid.len ||
	     !cert_key_usable(c, true, why, sizeof(why))))
		return diag_set(reterr, DIAG_INTERNAL, EINVAL,
				"The certificate that was made is not as it should be.");
	return r;
}

static int make_cert(const struct keymake_spec *spec, EVP_PKEY *key, X509 *ca_cert,
		     EVP_PKEY *ca_key, struct strbuf *ret, struct diag *reterr)
{
	_cleanup_(X509_freep) X509 *cert = X509_new();
	unsigned char *der = NULL;
	int len;

	if (!cert || !fill(cert, spec, key, ca_cert ? ca_cert : cert) ||
	    X509_sign(cert, ca_key ? ca_key : key, EVP_sha256()) <= 0)
		return openssl_fails("make the certificate", reterr);
	len = i2d_X509(cert, &der);
	if (len <= 0)
		return openssl_fails("write the certificate", reterr);
	strbuf_add(ret, der, (size_t)len);
	OPENSSL_free(der);
	return look_at(ret, spec->ca, reterr);
}

static int write_key(const struct keymake_spec *spec, EVP_PKEY *key, const char *path,
		     struct diag *reterr)
{
	_cleanup_(BIO_free_allp) BIO *bio = BIO_new(BIO_s_secmem()); /* wiped */
	struct pass pass = {.from = &spec->pass};
	const EVP_CIPHER *cipher = spec->pass.ask ? EVP_aes_256_cbc() : NULL;
	char *text;
	long len;

	if (!bio || PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, NULL, 0, give_pass,
						  &pass) != 1)
		return pass.err ? no_pass(&pass, path, reterr)
				: openssl_fails("write the key", reterr);
	len = BIO_get_mem_data(bio, &text);
	return fs_create_at(AT_FDCWD, path, text, (size_t)len, 0600, reterr);
}

static int must_be_new(const char *path, struct diag *reterr)
{
	char q[160];

	if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return diag_set(reterr, DIAG_EXISTS, EEXIST, "%s is there already.",
				str_quote(q, sizeof(q), span_of(path)));
	return 0;
}

int keymake_write(const struct keymake_spec *spec, const char *cert_path,
		  const char *key_path, struct diag *reterr)
{
	_cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL, *ca_key = NULL;
	_cleanup_(X509_freep) X509 *ca_cert = NULL;
	_cleanup_strbuf_ struct strbuf der = {0};
	int r = must_be_new(cert_path, reterr);

	if (r == 0)
		r = must_be_new(key_path, reterr);
	if (r == 0 && !spec->ca)
		r = load_ca(spec, &ca_cert, &ca_key, reterr);
	if (r < 0)
		return r;
	key = make_key(spec->kind);
	if (!key)
		return openssl_fails("make the key", reterr);
	r = make_cert(spec, key, ca_cert, ca_key, &der, reterr);
	if (r == 0)
		r = write_key(spec, key, key_path, reterr);
	if (r < 0)
		return r;
	r = fs_create_at(AT_FDCWD, cert_path, der.ptr, der.len, 0644, reterr);
	if (r < 0)
		(void)unlinkat(AT_FDCWD, key_path, 0); /* ours, made just now */
	return r;
}
