/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/modsig.h"

#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/host/hashalg.h"
#include "core/cert/sig-cms.h"
#include "tests/fuzz/fuzz.h"

DEFINE_CLEANUP(struct sig_cms *, sig_cms_free)
DEFINE_CLEANUP(struct sig_ctx *, sig_ctx_free)
DEFINE_CLEANUP(struct sig_key *, sig_key_free)

/* Of seeds/modsig/signed. */
static const char cert[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBejCCAR+gAwIBAgIUCdalUA+P+Ig2loBuR1Q4x4gvZh0wCgYIKoZIzj0EAwIw\n"
	"ETEPMA0GA1UEAwwGbW9kdWxlMCAXDTI2MTEyNjE2MDA1NloYDzIxMjYxMTAyMTYw\n"
	"MDU2WjARMQ8wDQYDVQQDDAZtb2R1bGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"
	"AATBUBfwaBx2PjTPY1v3oxG4QOh9LGWzX6DNcOFlxk+Fb9jKN4npoWZwS2KfOFl3\n"
	"FMbG00+dGp1hczH3MYUF4gu2o1MwUTAdBgNVHQ4EFgQUVUyEvXdpxRLqPsvnaVML\n"
	"jzvBupkwHwYDVR0jBBgwFoAUVUyEvXdpxRLqPsvnaVMLjzvBupkwDwYDVR0TAQH/\n"
	"BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAnp+FiiaEkMq0d6FOqWbi2z4731xf\n"
	"hpdlvkpwmy2/f3ECIQCrXGTSCp3gd+uqNhNs1wP5aqQlsvAUj4S1IOCWwOIWbw==\n"
	"-----END CERTIFICATE-----\n";

/* With the key it may have been signed by; what is damaged or stands over other contents
 * never passes. */
static void verify(const struct sig_cms *cms, struct span contents, bool whole)
{
	_cleanup_(sig_ctx_freep) struct sig_ctx *ctx = sig_ctx_new();
	_cleanup_(sig_key_freep) struct sig_key *key = NULL;
	struct digest d;

	if (!ctx || sig_key_public(span_of(cert), &key, NULL) < 0)
		return;
	for (size_t i = 0; i < sig_cms_signers(cms); i++) {
		if (sig_cms_hash(cms, i) < 0)
			abort();
		if (hash_of(sig_cms_hash(cms, i), contents, &d, NULL) < 0)
			continue;
		if (sig_cms_check(cms, i, ctx, key, &d) == SIG_GOOD && !whole)
			abort();
	}
}

static void read_message(struct span der, struct span contents, bool whole)
{
	_cleanup_(sig_cms_freep) struct sig_cms *cms = NULL;

	if (sig_cms_parse(der, &cms) == 0 && cms)
		verify(cms, contents, whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = bytes_of(data, size);
	struct span contents, der, end;
	uint32_t len;

	read_message((struct span){data, size}, (struct span){0}, false);
	if (size < MODSIG_TRAILER)
		return 0;
	end = (struct span){data + size - MODSIG_TRAILER, MODSIG_TRAILER};
	len = modsig_decode(end, size);
	if (!len)
		return 0;
	if (!bytes_take(&b, size - MODSIG_TRAILER - len, &contents) ||
	    !bytes_take(&b, len, &der) || !contents.len)
		abort();
	read_message(der, contents, span_is(contents, "contents\n"));
	return 0;
}
