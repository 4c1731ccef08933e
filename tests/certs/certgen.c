/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/certs/certgen.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/hex.h"

#define must(what)                                                                       \
	do {                                                                             \
		if (!(what)) {                                                           \
			ERR_print_errors_fp(stderr);                                     \
			(void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what); \
			abort();                                                         \
		}                                                                        \
	} while (0)

static const char *choose(const char *given, const char *usual)
{
	return given ? given : usual;
}

static EVP_PKEY *make_key(const char *kind)
{
	EVP_PKEY *key = strncmp(kind, "rsa:", 4) == 0
				? EVP_RSA_gen((unsigned)atoi(kind + 4))
			: strncmp(kind, "ec:", 3) == 0 ? EVP_EC_gen(kind + 3)
			: strcmp(kind, "sm2") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "SM2")
						   : EVP_PKEY_Q_keygen(NULL, NULL, kind);

	must(key);
	return key;
}

static EVP_PKEY *pooled(struct certgen *g, const char *kind)
{
	for (size_t i = 0; i < array_size(g->pool); i++) {
		if (!g->pool[i].key) {
			g->pool[i].kind = kind;
			g->pool[i].key = make_key(kind);
		}
		if (strcmp(g->pool[i].kind, kind) == 0)
			return g->pool[i].key;
	}
	abort();
}

static void add_part(X509_NAME *name, char *part)
{
	char *value = strchr(part, '=');
	X509_NAME_ENTRY *entry;

	must(value);
	*value++ = '\0';
	/* a type of its own: OpenSSL's limits on lengths are not the kernel's */
	entry = X509_NAME_ENTRY_create_by_txt(NULL, part, V_ASN1_UTF8STRING,
					      (unsigned char *)value, (int)strlen(value));
	must(entry && X509_NAME_add_entry(name, entry, -1, 0) == 1);
	X509_NAME_ENTRY_free(entry);
}

static X509_NAME *make_name(const char *text)
{
	_cleanup_free_ char *copy = strdup(text);
	X509_NAME *name = X509_NAME_new();

	for (char *part = strtok(copy, ";"); part; part = strtok(NULL, ";"))
		add_part(name, part);
	return name;
}

static X509_EXTENSION *raw_extension(ASN1_OBJECT *oid, bool critical, const char *hex)
{
	size_t n = strlen(hex) / 2;
	uint8_t bytes[256];
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *e;

	must(n <= sizeof(bytes) && hex_decode(bytes, span_of(hex)) == 0);
	must(ASN1_OCTET_STRING_set(value, bytes, (int)n) == 1);
	e = X509_EXTENSION_create_by_OBJ(NULL, oid, critical, value);
	ASN1_OCTET_STRING_free(value);
	must(e);
	return e;
}

static void add_extension(X509 *cert, X509V3_CTX *ctx, int nid, const char *value)
{
	X509_EXTENSION *e;

	if (!*value)
		return;
	e = strncmp(value, "raw:", 4) == 0
		    ? raw_extension(OBJ_nid2obj(nid), false, value + 4)
		    : X509V3_EXT_conf_nid(NULL, ctx, nid, value);
	must(e && X509_add_ext(cert, e, -1) == 1);
	X509_EXTENSION_free(e);
}

static void add_more(X509 *cert, const char *text)
{
	_cleanup_free_ char *copy = strdup(text);
	char *oid = strtok(copy, ";"), *critical = strtok(NULL, ";"),
	     *hex = strtok(NULL, ";");
	ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);
	X509_EXTENSION *e = raw_extension(obj, strcmp(critical, "critical") == 0, hex);

	must(X509_add_ext(cert, e, -1) == 1);
	X509_EXTENSION_free(e);
	ASN1_OBJECT_free(obj);
}

static X509 *parse(const struct strbuf *der)
{
	const unsigned char *at = (const unsigned char *)der->ptr;
	X509 *cert = d2i_X509(NULL, &at, (long)der->len);

	must(cert);
	return cert;
}

static void set_serial(X509 *cert)
{
	uint8_t bytes[8];
	BIGNUM *n;

	must(RAND_bytes(bytes, sizeof(bytes)) == 1);
	bytes[0] = (bytes[0] & 0x3f) | 0x40;
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	must(BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)));
	BN_free(n);
}

static void add_extensions(X509 *cert, X509 *issuer, const struct certgen_recipe *r)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	add_extension(cert, &ctx, NID_basic_constraints,
		      choose(r->constraints, "critical,CA:FALSE"));
	add_extension(cert, &ctx, NID_key_usage, choose(r->usage, "digitalSignature"));
	add_extension(cert, &ctx, NID_subject_key_identifier, choose(r->skid, "hash"));
	add_extension(cert, &ctx, NID_authority_key_identifier,
		      choose(r->akid, "keyid:always"));
	if (r->more)
		add_more(cert, r->more);
}

/* Everything but the signature; the algorithm stands in it already. */
static X509 *draw_up(const struct certgen_recipe *r, X509 *issuer, EVP_PKEY *key,
		     EVP_PKEY *signer, const EVP_MD *md)
{
	_cleanup_free_ char *usual = NULL;
	X509_NAME *subject, *issuer_name;
	X509 *cert = X509_new();

	must(asprintf(&usual, "O=Lab;CN=Lab %s", r->name) > 0);
	subject = make_name(choose(r->subject, usual));
	issuer_name = r->issuer ? make_name(r->issuer)
				: X509_NAME_dup(issuer ? X509_get_subject_name(issuer)
						       : subject);
	must(X509_set_version(cert, 2) && X509_set_pubkey(cert, key) &&
	     X509_set_subject_name(cert, subject) &&
	     X509_set_issuer_name(cert, issuer_name) &&
	     X509_gmtime_adj(X509_getm_notBefore(cert), -3600) &&
	     X509_gmtime_adj(X509_getm_notAfter(cert), 365 * 24 * 3600));
	set_serial(cert);
	add_extensions(cert, issuer ? issuer : cert, r);
	must(X509_sign(cert, signer, md) > 0);
	X509_NAME_free(subject);
	X509_NAME_free(issuer_name);
	return cert;
}

static void put_header(struct strbuf *out, uint8_t tag, size_t len)
{
	strbuf_addc(out, (char)tag);
	if (len > 0xff)
		strbuf_addc(out, (char)0x82);
	else if (len > 0x7f)
		strbuf_addc(out, (char)0x81);
	if (len > 0xff)
		strbuf_addc(out, (char)(len >> 8));
	strbuf_addc(out, (char)len);
}

static void put_signature(struct strbuf *out, const struct strbuf *tbs, EVP_PKEY *signer,
			  const EVP_MD *md)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char sig[1024];
	size_t len = sizeof(sig);

	must(EVP_DigestSignInit(ctx, NULL, md, NULL, signer) == 1);
	must(EVP_DigestSign(ctx, sig, &len, (unsigned char *)tbs->ptr, tbs->len) == 1);
	put_header(out, 0x03, len + 1);
	strbuf_addc(out, 0);
	strbuf_add(out, sig, len);
	EVP_MD_CTX_free(ctx);
}

/* The certificate signed by hand, so that what is signed may be anything. */
static void assemble(X509 *cert, const struct certgen_recipe *r, EVP_PKEY *signer,
		     const EVP_MD *md, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf tbs = {0}, body = {0};
	unsigned char *der = NULL, *alg = NULL;
	int len = i2d_re_X509_tbs(cert, &der), alg_len;

	must(len > 0);
	strbuf_add(&tbs, der, (size_t)len);
	if (r->tbs)
		r->tbs(&tbs);
	alg_len = i2d_X509_ALGOR(X509_get0_tbs_sigalg(cert), &alg);
	strbuf_add(&body, tbs.ptr, tbs.len);
	strbuf_add(&body, alg, (size_t)alg_len);
	put_signature(&body, &tbs, signer, md);
	put_header(out, 0x30, body.len);
	strbuf_add(out, body.ptr, body.len);
	OPENSSL_free(der);
	OPENSSL_free(alg);
}

static void make(const struct certgen *g, const struct certgen_recipe *r, EVP_PKEY *key,
		 struct strbuf *ret_der)
{
	const char *md_name = choose(r->md, "SHA256");
	const EVP_MD *md = *md_name ? EVP_get_digestbyname(md_name) : NULL;
	EVP_PKEY *signer = r->by == BY_ITSELF ? key : g->signer[r->by].key;
	X509 *issuer = r->by == BY_ITSELF ? NULL : parse(&g->signer[r->by].der);
	X509 *cert;

	must(md || !*md_name);
	cert = draw_up(r, issuer, key, signer, md);
	assemble(cert, r, signer, md, ret_der);
	if (r->whole)
		r->whole(ret_der);
	X509_free(cert);
	X509_free(issuer);
}

void certgen_make(struct certgen *g, const struct certgen_recipe *r,
		  struct strbuf *ret_der)
{
	make(g, r, pooled(g, choose(r->key, "rsa:2048")), ret_der);
}

static void load_ca(struct certgen *g, const char *der, const char *key)
{
	FILE *f = fopen(key, "re");

	must(f);
	g->signer[BY_CA].key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	must(g->signer[BY_CA].key);
	must(fclose(f) == 0);
	must(fs_read_at(AT_FDCWD, der, 65535, &g->signer[BY_CA].der, NULL) == 0);
}

static void make_ca(struct certgen *g, enum certgen_signer who, const char *subject)
{
	const struct certgen_recipe ca = {
		.name = "CA",
		.by = BY_ITSELF,
		.subject = subject,
		.usage = "critical,keyCertSign,cRLSign",
		.constraints = "critical,CA:TRUE",
	};

	g->signer[who].key = make_key("rsa:2048");
	make(g, &ca, g->signer[who].key, &g->signer[who].der);
}

void certgen_init(struct certgen *g, const char *ca_der, const char *ca_key)
{
	static const struct certgen_recipe leaf = {.name = "leaf"};

	*g = (struct certgen){0};
	if (ca_der)
		load_ca(g, ca_der, ca_key);
	else
		make_ca(g, BY_CA, "O=Lab;CN=Lab IMA CA");
	make_ca(g, BY_STRANGER, "O=Elsewhere;CN=Another CA");
	/* the CA's certificate, and a key that it does not belong to */
	g->signer[BY_IMPOSTOR].key = make_key("rsa:2048");
	strbuf_add(&g->signer[BY_IMPOSTOR].der, g->signer[BY_CA].der.ptr,
		   g->signer[BY_CA].der.len);
	g->signer[BY_LEAF].key = make_key("rsa:2048");
	make(g, &leaf, g->signer[BY_LEAF].key, &g->signer[BY_LEAF].der);
}

void certgen_done(struct certgen *g)
{
	for (size_t i = 0; i < array_size(g->signer); i++) {
		EVP_PKEY_free(g->signer[i].key);
		strbuf_done(&g->signer[i].der);
	}
	for (size_t i = 0; i < array_size(g->pool); i++)
		EVP_PKEY_free(g->pool[i].key);
}
