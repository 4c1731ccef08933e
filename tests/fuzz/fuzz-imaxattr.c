/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/imaxattr.h"

#include <stdlib.h>

#include "core/appraise/appraise.h"
#include "tests/fuzz/fuzz.h"

static bool inside(struct span s, struct span value)
{
	return !s.len || (s.ptr >= value.ptr && s.ptr + s.len <= value.ptr + value.len);
}

/* What is made of a whole value says the same; a signature to the byte. (A digest of a
 * low algorithm has two forms, and a sha1 may end like a filled md5.) */
static void check_again(enum imaxattr_attr attr, struct span value,
			const struct imaxattr *x)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct imaxattr y;
	int r;

	if (x->verdict != IMAXATTR_V_OK || x->type == IMAXATTR_HMAC || x->version == 1 ||
	    x->hash == HASH_MD4 || (!imaxattr_is_sig(x) && x->hash == HASH_SHA1))
		return;
	r = imaxattr_is_sig(x) ? imaxattr_put_sig(&b, (enum imaxattr_type)x->type,
						  x->version, x->hash, x->keyid, x->sig)
			       : imaxattr_put_digest(&b, x->hash, x->digest);
	if (b.failed)
		return;
	imaxattr_decode(attr, strbuf_span(&b), &y);
	if (r < 0 || y.verdict != IMAXATTR_V_OK || y.hash != x->hash ||
	    !span_equal(y.digest, x->digest) ||
	    (imaxattr_is_sig(x) && !span_equal(strbuf_span(&b), value)))
		abort();
}

static void check(enum imaxattr_attr attr, struct span value)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct imaxattr x;

	imaxattr_decode(attr, value, &x);
	if (!inside(x.digest, value) || !inside(x.keyid, value) ||
	    !inside(x.header, value) || !inside(x.sig, value) || x.trailing > value.len)
		abort();
	if (imaxattr_usable(&x) && !x.digest.len && !x.sig.len)
		abort();
	imaxattr_text(&text, &x);
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7e)
			abort();
	check_again(attr, value, &x);
}

/* The kernel's decisions about it: a failure has a cause, a damaged value never passes as
 * a signature. */
static void judge(struct span value)
{
	struct appraise_kernel kernel = {.ima_hash = HASH_SHA256};
	struct appraise_rule rule = {.sig = true};
	struct appraise_access access = {0};
	struct appraise_file file = {.xattr = value};
	struct evm_case evm = {.bits = EVM_BIT_SIGNATURES, .value = value};
	struct appraise_verdict v;
	struct imaxattr x;

	imaxattr_decode(IMAXATTR_IMA, value, &x);
	file.digest.alg = appraise_hash_alg(&kernel, value);
	file.digest.size = (uint8_t)hash_alg_size(file.digest.alg);
	appraise_decide(&kernel, &rule, &access, &file, &v);
	if (!file.digest.size || v.fails != (v.why != APPRAISE_NONE) ||
	    (!v.fails && !(imaxattr_is_sig(&x) && imaxattr_usable(&x))) ||
	    evm_judge(&evm) >= _EVM_STATUS_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(IMAXATTR_IMA, (struct span){data, size});
	check(IMAXATTR_EVM, (struct span){data, size});
	judge((struct span){data, size});
	return 0;
}
