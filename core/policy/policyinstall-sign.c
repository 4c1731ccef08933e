/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The signature of a policy's file: made, kept, and whether the kernel would believe it. */
#include <errno.h>
#include <fcntl.h>

#include "core/appraise/keyhost.h"
#include "core/appraise/label.h"
#include "core/base/cleanup.h"
#include "core/base/pack.h"
#include "core/cert/keylive.h"
#include "core/policy/policyinstall.h"
#include "core/policy/rulescope.h"

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

int policyinstall_sign(const struct sig_key *key, enum hash_alg alg, struct span text,
		       struct strbuf *ret, struct strbuf *ret_meaning,
		       struct diag *reterr)
{
	struct sig_ctx *ctx = sig_ctx_new();
	struct digest digest;
	int r = ctx ? hash_of(alg, text, &digest, reterr) : no_memory(reterr);

	if (r == 0)
		r = sig_make(ctx, key, IMAXATTR_SIG, 2, &digest, ret, reterr);
	if (ctx)
		sig_ctx_free(ctx);
	if (r < 0)
		return r;
	pack_str(ret_meaning, "signature");
	pack_u8(ret_meaning, (uint8_t)alg);
	pack_span(ret_meaning, sig_key_id(key));
	pack_span(ret_meaning, digest_span(&digest));
	return ret->failed || ret_meaning->failed ? no_memory(reterr) : 0;
}

/* Is that attribute a signature of the digest by that key? */
static bool signs(struct sig_ctx *ctx, const struct sig_key *key, struct span xattrs,
		  const struct digest *digest, struct strbuf *ret)
{
	struct bytes in = bytes_of(xattrs.ptr, xattrs.len);
	struct span name, value;
	struct imaxattr x;
	uint32_t n;

	if (!bytes_u32(&in, &n) || !n || !unpack_span(&in, &name) ||
	    !unpack_span(&in, &value) || !span_is(name, "security.ima"))
		return false;
	imaxattr_decode(IMAXATTR_IMA, value, &x);
	if (!imaxattr_is_sig(&x) || x.version != 2 || x.hash != digest->alg ||
	    !span_equal(x.keyid, sig_key_id(key)) ||
	    sig_check(ctx, key, &x, digest) != SIG_GOOD)
		return false;
	strbuf_add(ret, value.ptr, value.len);
	return true;
}

/* In a generation with that very text. */
static bool signed_before(const struct root *root, struct sig_ctx *ctx,
			  const struct sig_key *key, struct span text,
			  const struct digest *digest, struct strbuf *ret)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	bool found = false;

	if (gen_list_load(root, NULL, &list, NULL) < 0)
		return false;
	for (size_t i = list.n; i > 0 && !found; i--) {
		_cleanup_strbuf_ struct strbuf policy = {0}, xattrs = {0};

		if (gen_read(root, list.of[i - 1].number, GEN_POLICY, &policy, &xattrs,
			     NULL) == 0 &&
		    span_equal(strbuf_span(&policy), text))
			found = signs(ctx, key, strbuf_span(&xattrs), digest, ret);
	}
	return found;
}

/* ECDSA makes another signature each time: one that is there means the same, and a plan
 * with it has nothing to do where all of it is there. */
int policyinstall_sign_once(const struct root *root, const struct sig_key *key,
			    enum hash_alg alg, struct span text, struct strbuf *ret,
			    struct strbuf *ret_meaning, struct diag *reterr)
{
	struct sig_ctx *ctx = sig_ctx_new();
	struct digest digest;
	int r = ctx ? hash_of(alg, text, &digest, reterr) : no_memory(reterr);
	bool found = r == 0 && signed_before(root, ctx, key, text, &digest, ret);

	if (ctx)
		sig_ctx_free(ctx);
	if (r < 0)
		return r;
	if (found)
		return ret->failed ? no_memory(reterr) : 0;
	return policyinstall_sign(key, alg, text, ret, ret_meaning, reterr);
}

/* ima_appraise gets IMA_APPRAISE_POLICY from such a rule, and then the file is asked for
 * (linux 6.12 ima_fs.c ima_write_policy()). */
int policyinstall_must_be_signed(const struct root *root, const struct probe *probe,
				 struct strbuf *ret_rule, struct diag *reterr)
{
	_cleanup_ruleset_ struct ruleset rules = {0};
	int r = ruleset_at_boot(root, probe, &rules, reterr);

	for (size_t i = 0; r == 0 && i < rules.policy.n_rules; i++) {
		const struct policy_rule *rule = &rules.policy.rules[i];

		if (rule->action != POLICY_APPRAISE ||
		    rule->func != POLICY_FUNC_POLICY_CHECK)
			continue;
		policy_print(ret_rule, rule);
		return ret_rule->failed ? no_memory(reterr) : 1;
	}
	return r < 0 ? r : 0;
}

/* With the certificates that were given, of a key that only the kernel has. */
static enum sig_verdict check_given(const struct policyinstall *in, struct sig_ctx *ctx,
				    const struct imaxattr *x, const struct digest *digest)
{
	_cleanup_keyset_ struct keyset given = {0};

	for (size_t i = 0; i < in->n_certs; i++) /* what cannot be added says nothing */
		(void)keyset_add(&given, "a certificate", NULL,
				 strbuf_span(&in->certs[i]->der), NULL);
	return keyset_check(&given, ctx, x, digest, NULL);
}

static enum sig_verdict check_label(const struct policyinstall *in,
				    const struct keyset *keys, struct sig_ctx *ctx,
				    const struct imaxattr *x, const struct digest *digest)
{
	enum sig_verdict v = keyset_check(keys, ctx, x, digest, NULL), given;

	if (v != SIG_IMPOSSIBLE)
		return v;
	given = check_given(in, ctx, x, digest);
	return given == SIG_NO_KEY ? v : given;
}

int policyinstall_verify(const struct policyinstall *in, enum sig_verdict *ret,
			 struct diag *reterr)
{
	_cleanup_keyset_ struct keyset keys = {0};
	struct sig_ctx *ctx = NULL;
	struct digest digest;
	struct imaxattr x;
	int r;

	imaxattr_decode(IMAXATTR_IMA, in->label, &x);
	if (!imaxattr_is_sig(&x) || x.hash < 0) {
		*ret = SIG_DAMAGED;
		return 0;
	}
	r = keylive_keys_for(in->judged->root, IMAXATTR_IMA, &keys, reterr);
	if (r >= 0)
		r = hash_of(x.hash, in->judged->text, &digest, reterr);
	if (r >= 0 && !(ctx = sig_ctx_new()))
		r = no_memory(reterr);
	if (r >= 0)
		*ret = check_label(in, &keys, ctx, &x, &digest);
	if (ctx)
		sig_ctx_free(ctx);
	return r < 0 ? r : 0;
}

int policyinstall_kept(const char *file, struct strbuf *ret, struct diag *reterr)
{
	_cleanup_label_ struct label l = {0};
	_cleanup_close_ int fd = label_open(AT_FDCWD, file, reterr);

	if (fd < 0)
		return fd;
	if (label_read(fd, LABEL_SECURITY, &l) < 0)
		return no_memory(reterr);
	if (l.err[IMAXATTR_IMA] == 0 && imaxattr_is_sig(&l.x[IMAXATTR_IMA]))
		strbuf_add(ret, l.value[IMAXATTR_IMA].ptr, l.value[IMAXATTR_IMA].len);
	return 0;
}
