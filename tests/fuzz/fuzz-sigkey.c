/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/cert/sig.h"

#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

/* A digest and a signature that are nobody's: no key verifies them. */
static void check_key(const struct sig_key *key)
{
	static const uint8_t sig[] =
		"\x03\x02\x04\0\0\0\0\0\x08\x30\x06\x02\x01\x01\x02\x01\x01";
	struct sig_ctx *ctx = sig_ctx_new();
	struct digest d = {.alg = HASH_SHA256, .size = 32};
	struct imaxattr x;

	imaxattr_decode(IMAXATTR_IMA, (struct span){sig, sizeof(sig) - 1}, &x);
	if (sig_key_id(key).len != IMAXATTR_KEYID || !*sig_key_words(key) ||
	    x.verdict != IMAXATTR_V_OK)
		abort();
	if (ctx && sig_check(ctx, key, &x, &d) == SIG_GOOD)
		abort();
	sig_ctx_free(ctx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sig_key *key = NULL;
	struct diag d = {0};

	if (sig_key_public((struct span){data, size}, &key, &d) == 0)
		check_key(key);
	else if (key || d.id == DIAG_NONE)
		abort(); /* every refusal is explained */
	sig_key_free(key);
	return 0;
}
