/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/appraise/inspect.h"

#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/appraise/inspect-internal.h"
#include "core/probe/probe.h"

const char *inspect_requirement(const struct appraise_rule *rule)
{
	if (!rule->sig)
		return "hash";
	if (rule->modsig)
		return "modsig";
	return rule->verity ? "verity" : rule->sigv3 ? "sigv3" : "imasig";
}

static enum appraise_mode mode_of(const struct probe_fact *f)
{
	static const char *const names[] = {
		[APPRAISE_MODE_ENFORCE] = "enforce",
		[APPRAISE_MODE_LOG] = "log",
		[APPRAISE_MODE_FIX] = "fix",
		[APPRAISE_MODE_OFF] = "off",
	};

	for (size_t m = 0; m < array_size(names); m++)
		if (f->answer == PROBE_YES && strcmp(f->value, names[m]) == 0)
			return (enum appraise_mode)m;
	return APPRAISE_MODE_ENFORCE;
}

/* Since 6.9 IMA is a security module like others, and listed as one: what changed before
 * is told by that. Not by version numbers, which distributions keep. */
static bool is_module(const struct root *root)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct span name;
	struct bytes in;

	if (root_read(root, ROOT_LSM, &text, NULL) < 0 || !text.len)
		return true;
	strbuf_addc(&text, ',');
	in = bytes_of(strbuf_str(&text), text.len);
	while (bytes_until(&in, ',', &name))
		if (span_is(name, "ima"))
			return true;
	return false;
}

int inspect_kernel(struct inspect *i, const struct root *root, struct diag *reterr)
{
	_cleanup_(probe_freep) struct probe *p = NULL;
	enum hash_alg alg;
	bool module;

	if (probe_run(root, (struct span){0}, &p, reterr) < 0)
		return -ENOMEM;
	alg = hash_alg_from_name(span_of(p->fact[PROBE_HASH].value));
	module = is_module(root);
	i->kernel = (struct appraise_kernel){
		.mode = mode_of(&p->fact[PROBE_APPRAISE_MODE]),
		.ima_hash = alg < 0 ? HASH_SHA256 : alg,
		.hash_algs = module ? 0 : HASH_SHA3_256, /* that one came with 6.7 */
		.verity_errors = !module,		 /* gone with 6.5 */
		.overlay_changes = !module,		 /* STATX_CHANGE_COOKIE: 6.3 */
		.sigv3 = probe_is(p, PROBE_TRIM,
				  PROBE_YES), /* 7.1; lists trim since 7.2 */
		.platform_keyring = true,
		.blacklist_sigs = module,
	};
	return 0;
}

/* What a label can satisfy: type 06 is for rules with digest_type=verity, a signature for
 * appraise_type=imasig. */
static struct appraise_rule rule_of(const struct inspect *i)
{
	const struct imaxattr *x = &i->label.x[IMAXATTR_IMA];
	struct appraise_rule rule = i->rule;

	if (i->rule_of_label && !i->label.err[IMAXATTR_IMA]) {
		rule.verity = x->type == IMAXATTR_VERITY;
		rule.sig = rule.verity || x->type == IMAXATTR_SIG;
	}
	rule.blacklist |= i->kernel.blacklist_sigs && rule.sig;
	return rule;
}

/* ima_modsig.c, ima_appraise.c ima_check_blacklist(): what is appended is asked about
 * before the whole. 1, 0; -1: it is not known. */
static int blacklisted(const struct inspect *i, const struct inspect_result *r)
{
	const struct digest *d = r->modsig.is ? &r->modsig_digest : &r->digest;

	if (!r->rule.blacklist || (!r->modsig.is && !i->kernel.blacklist_sigs))
		return 0;
	return i->rings ? keyring_blacklists(i->rings, "bin", digest_span(d)) : -1;
}

/* The key it names, as far as the kernel would look for it. */
static const struct keyset_key *signer(const struct inspect *i, const struct imaxattr *x)
{
	const struct keyset_key *k = keyset_find(i->keys[IMAXATTR_IMA], x);

	return k || !i->access.kexec_kernel || !i->platform ? k
							    : keyset_find(i->platform, x);
}

/* Does the answer hang on the contents? */
static bool contents_decide(const struct inspect *i, const struct inspect_result *r)
{
	const struct imaxattr *x = &i->label.x[IMAXATTR_IMA];
	bool portable = i->evm && i->evm->bits & EVM_BIT_SIGNATURES &&
			r->evm_status == EVM_PASS_IMMUTABLE;

	if (i->reading == INSPECT_ALL || r->rule.modsig ||
	    (r->rule.blacklist && i->kernel.blacklist_sigs && i->rings))
		return true;
	if (i->label.err[IMAXATTR_IMA])
		return false;
	switch (x->type) {
	case IMAXATTR_DIGEST:
	case IMAXATTR_DIGEST_NG:
		return !r->rule.sig || portable;
	case IMAXATTR_SIG:
		return !(r->rule.sig && r->rule.verity) && signer(i, x);
	case IMAXATTR_VERITY:
		return !(r->rule.sig && !r->rule.verity) && signer(i, x);
	default:
		return false;
	}
}

/* The digest that a label vouches for, or one that no label has. */
static void take_for_right(const struct inspect *i, struct inspect_result *ret)
{
	const struct imaxattr *x = &i->label.x[IMAXATTR_IMA];
	struct digest *d = &ret->digest;

	ret->unread = true;
	d->size = (uint8_t)hash_alg_size(d->alg);
	if (x->hash == d->alg && x->digest.len >= d->size)
		memcpy(d->value, x->digest.ptr, d->size);
}

/* The digest of what the kernel looks at; or collected before. */
static int see_digest(struct inspect *i, struct inspect_result *ret, struct diag *reterr)
{
	bool verity = i->collected.is ? i->collected.verity : ret->rule.verity;
	int r;

	if (i->access.direct_io && !verity && !i->collected.is) {
		ret->digest_err = EINVAL; /* ima_crypto.c ima_calc_file_hash() */
		return 0;
	}
	if (i->reading == INSPECT_LABELS) {
		take_for_right(i, ret);
		return 0;
	}
	r = verity ? inspect_see_verity(i, reterr)
		   : inspect_see_contents(i, ret->digest.alg, reterr);
	if (r < 0)
		return r;
	ret->digest = verity ? i->seen->verity : i->seen->digest;
	ret->digest_err = verity ? i->seen->verity_err : 0;
	ret->no_digest = !ret->digest_err && !ret->digest.size;
	return 0;
}

bool inspect_asks_platform(const struct inspect *i, enum sig_verdict v)
{
	return sig_verdict_errno(v) && i->access.kexec_kernel && i->platform;
}

/* Only those keys could still say yes, and they cannot be seen. */
static bool platform_hidden(const struct inspect *i, const struct inspect_sig *s)
{
	return s->is && sig_verdict_errno(s->verdict) && i->access.kexec_kernel &&
	       !i->platform;
}

/* xattr_verify(), modsig_verify(): a kernel to start may be signed by a key of the
 * firmware. Where it is, that is what there is to say. */
static struct inspect_sig last_word(const struct inspect *i,
				    const struct inspect_sig *first,
				    const struct inspect_sig *platform)
{
	bool asks = first->is && inspect_asks_platform(i, first->verdict);

	return asks && !sig_verdict_errno(platform->verdict) ? *platform : *first;
}

static void check_label(struct inspect *i, struct inspect_result *ret)
{
	const struct imaxattr *x = &i->label.x[IMAXATTR_IMA];
	bool verity = i->collected.is ? i->collected.verity : ret->rule.verity;
	struct inspect_sig *sig = &i->seen->sig[verity];

	if (ret->unread && !i->label.err[IMAXATTR_IMA] && imaxattr_is_sig(x)) {
		ret->ima.is = true;
		ret->ima.key = signer(i, x);
		ret->ima.verdict = !imaxattr_usable(x)	   ? SIG_DAMAGED
				   : !ret->ima.key	   ? SIG_NO_KEY
				   : ret->ima.key->useless ? SIG_USELESS
							   : SIG_GOOD;
		ret->by_ima = ret->ima.verdict;
		return;
	}
	if (!i->seen->checked[verity]) {
		*sig = i->seen->platform[verity] = (struct inspect_sig){0};
		inspect_check(i, i->keys[IMAXATTR_IMA], IMAXATTR_IMA, &ret->digest, sig);
		if (i->platform)
			inspect_check(i, i->platform, IMAXATTR_IMA, &ret->digest,
				      &i->seen->platform[verity]);
		i->seen->checked[verity] = ret->digest.size > 0;
	}
	ret->by_ima =
		ret->no_digest && sig->verdict == SIG_BAD ? SIG_IMPOSSIBLE : sig->verdict;
	ret->ima = last_word(i, sig, &i->seen->platform[verity]);
	if (ret->no_digest && ret->ima.verdict == SIG_BAD)
		ret->ima.verdict = SIG_IMPOSSIBLE;
}

static int see_modsig(struct inspect *i, struct inspect_result *ret, struct diag *reterr)
{
	int r = inspect_see_modsig(i, reterr);

	if (r < 0)
		return r;
	ret->modsig = last_word(i, &i->seen->appended.ima, &i->seen->appended.platform);
	ret->modsig_digest = i->seen->appended.digest;
	return 0;
}

/* Which hash the kernel makes, or has made before. */
static void choose_alg(const struct inspect *i, struct inspect_result *ret)
{
	ret->label_alg =
		i->label_unread
			? i->kernel.ima_hash
			: appraise_hash_alg(&i->kernel, inspect_value(i, IMAXATTR_IMA));
	ret->digest.alg = i->collected.is && !i->collected.verity ? i->collected.alg
								  : ret->label_alg;
}

/* What the label says of the contents. */
static int see_appraised(struct inspect *i, struct inspect_result *ret,
			 struct diag *reterr)
{
	int r = inspect_see_evm(i, reterr);

	if (r < 0)
		return r;
	*ret = i->seen->of_evm;
	ret->rule = rule_of(i);
	choose_alg(i, ret);
	if (ret->rule.verity || i->access.direct_io || contents_decide(i, ret))
		r = see_digest(i, ret, reterr);
	if (r == 0 && ret->rule.modsig && i->reading != INSPECT_LABELS)
		r = see_modsig(i, ret, reterr);
	if (r == 0)
		check_label(i, ret);
	return r < 0 ? r : inspect_see_place(i, reterr);
}

static int see(struct inspect *i, struct inspect_result *ret, struct diag *reterr)
{
	int r = inspect_see_label(i, reterr);

	if (r < 0 || !i->not_appraised)
		return r < 0 ? r : see_appraised(i, ret, reterr);
	ret->rule = i->rule;
	choose_alg(i, ret);
	return ret->rule.verity || i->access.direct_io ? see_digest(i, ret, reterr) : 0;
}

static bool cannot_tell(const struct inspect *i, const struct inspect_result *r)
{
	const struct imaxattr *evm = &i->label.x[IMAXATTR_EVM];
	bool judged = i->evm && i->evm->bits & (EVM_BIT_HMAC | EVM_BIT_SIGNATURES);

	if (platform_hidden(i, &r->ima) || platform_hidden(i, &r->modsig))
		return true;
	if ((r->ima.is && r->ima.verdict == SIG_IMPOSSIBLE) ||
	    (r->modsig.is &&
	     (r->modsig.verdict == SIG_IMPOSSIBLE || r->modsig.verdict == SIG_OWN_DATA)))
		return true;
	if (!judged || i->label.err[IMAXATTR_EVM])
		return false;
	if (r->evm.is)
		return r->evm.verdict == SIG_IMPOSSIBLE || r->no_inode;
	return evm->type == IMAXATTR_HMAC && i->evm->bits & EVM_BIT_HMAC;
}

int inspect_ask(struct inspect *i, struct inspect_result *ret, struct diag *reterr)
{
	struct appraise_file f;
	int r, listed;

	*ret = (struct inspect_result){0};
	r = see(i, ret, reterr);
	if (r < 0)
		return r;
	f = i->seen->place;
	f.xattr_err = i->label.err[IMAXATTR_IMA];
	f.xattr = inspect_value(i, IMAXATTR_IMA);
	f.digest = ret->digest;
	f.digest_err = ret->digest_err;
	f.evm = ret->evm_status;
	f.sig = sig_verdict_errno(ret->by_ima);
	f.sig_platform =
		platform_hidden(i, &ret->ima) ? 0 : sig_verdict_errno(ret->ima.verdict);
	f.has_modsig = ret->modsig.is;
	f.modsig = platform_hidden(i, &ret->modsig)
			   ? 0
			   : sig_verdict_errno(ret->modsig.verdict);
	listed = blacklisted(i, ret);
	f.blacklisted = ret->blacklisted = listed > 0;
	/* a kernel that always asks is not a reason to doubt every answer */
	ret->unsure = !i->not_appraised && (ret->no_digest || cannot_tell(i, ret) ||
					    (listed < 0 && i->rule.blacklist));
	ret->collected =
		appraise_collect(&i->kernel, &ret->rule, &i->access, &f, &ret->verdict);
	if (!i->not_appraised)
		appraise_decide(&i->kernel, &ret->rule, &i->access, &f, &ret->verdict);
	return 0;
}

int inspect_file(struct inspect *i, int fd, const char *path, struct inspect_result *ret,
		 struct diag *reterr)
{
	struct inspect_subject subject = {.fd = fd, .path = path};
	int r = inspect_begin(i, &subject, reterr);

	if (r == 0)
		r = inspect_ask(i, ret, reterr);
	inspect_end(i);
	return r;
}

int inspect_evm(struct inspect *i, int fd, struct inspect_result *ret,
		struct diag *reterr)
{
	struct inspect_subject subject = {.fd = fd, .path = "the file"};
	int r = inspect_begin(i, &subject, reterr);

	*ret = (struct inspect_result){0};
	if (r == 0)
		r = inspect_see_label(i, reterr);
	if (r == 0)
		r = inspect_see_evm(i, reterr);
	inspect_end(i);
	if (r < 0)
		return r;
	*ret = i->seen->of_evm;
	ret->unsure = cannot_tell(i, ret);
	return 0;
}
