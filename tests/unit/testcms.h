/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PKCS#7 messages as scripts/sign-file makes them for modules, and others. */
#pragma once

#include <openssl/cms.h>

#include "core/base/str.h"
#include "tests/unit/testkeys.h"

enum { CMS_AS_KERNEL = CMS_NOCERTS | CMS_BINARY | CMS_DETACHED | CMS_NOATTR };

/* A signature of @text by @cert, with @more certificates in it unless @flags say
 * otherwise. */
static inline CMS_ContentInfo *cms_of(X509 *cert, EVP_PKEY *key, STACK_OF(X509) * more,
				      const EVP_MD *md, const char *text,
				      unsigned int flags)
{
	BIO *in = BIO_new_mem_buf(text, (int)strlen(text));
	CMS_ContentInfo *c =
		CMS_sign(NULL, NULL, more, in, flags | CMS_PARTIAL | CMS_STREAM);

	assert_non_null(c);
	assert_non_null(CMS_add1_signer(c, cert, key, md, flags));
	assert_int_equal(CMS_final(c, in, NULL, flags), 1);
	BIO_free(in);
	return c;
}

/* Appends its DER; frees it. */
static inline void cms_put(CMS_ContentInfo *c, struct strbuf *out)
{
	unsigned char *der = NULL;
	int len = i2d_CMS_ContentInfo(c, &der);

	assert_true(len > 0);
	strbuf_add(out, der, (size_t)len);
	OPENSSL_free(der);
	CMS_ContentInfo_free(c);
}
