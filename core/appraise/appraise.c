/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/appraise/appraise.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "core/base/imaxattr.h"

enum { SIG_HEADER = 9, XATTR_LAST = 7 }; /* sizeof(signature_v2_hdr), IMA_XATTR_LAST */

static const struct appraise_words words[_APPRAISE_CAUSE_MAX] = {
#define APPRAISE_CAUSE(id, op, cause, means, helps)                                      \
	[APPRAISE_##id] = {op, cause, means, helps},
#include "core/appraise/appraise-causes.inc"
#undef APPRAISE_CAUSE
};

/* The question, and what became of it so far: the kernel's locals of the same names. */
struct look {
	const struct appraise_kernel *kernel;
	const struct appraise_rule *rule;
	const struct appraise_access *access;
	const struct appraise_file *file;
	struct appraise_verdict *v;
	struct imaxattr x;
	bool has_xattr;
	bool try_modsig;
	bool digsig; /* IMA_DIGSIG of the inode */
	enum evm_status status;
	enum appraise_cause cause;
};

static void audit(struct look *l, enum appraise_cause cause)
{
	if (l->v->n_records < (int)array_size(l->v->record))
		l->v->record[l->v->n_records++] = cause;
}

static enum evm_status conclude(struct look *l, enum evm_status status,
				enum appraise_cause cause)
{
	l->cause = cause;
	return status;
}

static bool known(const struct appraise_kernel *k, enum hash_alg alg)
{
	return alg >= 0 && (!k->hash_algs || (int)alg < k->hash_algs);
}

/* ima_get_hash_algo(). (Early 7.1 takes the default for version 3 in type SIG.) */
enum hash_alg appraise_hash_alg(const struct appraise_kernel *kernel, struct span xattr)
{
	struct imaxattr x;
	bool taken = false;

	imaxattr_decode(IMAXATTR_IMA, xattr, &x);
	switch (x.type) {
	case IMAXATTR_DIGEST:
	case IMAXATTR_DIGEST_NG:
		taken = true;
		break;
	case IMAXATTR_SIG:
		taken = xattr.len > SIG_HEADER &&
			(x.version == 2 || (kernel->sigv3 && x.version == 3));
		break;
	case IMAXATTR_VERITY:
		taken = xattr.len > SIG_HEADER && x.version == 3;
		break;
	}
	return taken && known(kernel, x.hash) ? x.hash : kernel->ima_hash;
}

static enum appraise_cause sig_required(const struct look *l)
{
	return l->rule->verity ? APPRAISE_VERITY_REQUIRED : APPRAISE_SIG_REQUIRED;
}

/* Bytes enough of the value are the digest; more may follow. */
static bool digest_equal(const struct look *l)
{
	struct span value = l->file->xattr, digest = digest_span(&l->file->digest), have;
	struct bytes b = bytes_of(value.ptr, value.len);

	return bytes_skip(&b, l->x.type == IMAXATTR_DIGEST_NG ? 2 : 1) &&
	       bytes_take(&b, digest.len, &have) && span_equal(have, digest);
}

/* xattr_verify(): types DIGEST, DIGEST_NG. A portable signature of EVM stands for one of
 * the contents. */
static enum evm_status verify_digest(struct look *l)
{
	l->digsig = l->status == EVM_PASS_IMMUTABLE;
	if (l->rule->sig && !l->digsig)
		return conclude(l, EVM_FAIL, sig_required(l));
	if (!digest_equal(l))
		return conclude(l, EVM_FAIL, APPRAISE_INVALID_HASH);
	return EVM_PASS;
}

/* integrity_digsig_verify(): a version without code for it is not supported; whatever is
 * damaged does not verify. */
static int sig_result(const struct look *l, int verified)
{
	if (l->file->xattr.len >= 2 && (l->x.version < 1 || l->x.version > 3))
		return -EOPNOTSUPP;
	return imaxattr_usable(&l->x) ? verified : -EBADMSG;
}

/* xattr_verify(): type SIG. */
static enum evm_status verify_sig(struct look *l, int *rc)
{
	uint8_t newest = l->kernel->sigv3 ? 3 : 2;

	l->digsig = true;
	*rc = -EINVAL;
	if (l->rule->sig && l->rule->verity)
		return conclude(l, EVM_FAIL, APPRAISE_VERITY_REQUIRED);
	if (l->x.version > newest)
		return conclude(l, EVM_FAIL, APPRAISE_SIG_VERSION);
	if (l->kernel->sigv3 && l->rule->sigv3 && l->x.version != 3)
		return conclude(l, EVM_FAIL, APPRAISE_SIGV3_REQUIRED);
	*rc = sig_result(l, l->file->sig);
	if (*rc == -EOPNOTSUPP)
		return conclude(l, EVM_UNKNOWN, APPRAISE_UNKNOWN);
	if (*rc && l->access->kexec_kernel && l->kernel->platform_keyring)
		*rc = sig_result(l, l->file->sig_platform);
	return *rc ? conclude(l, EVM_FAIL, APPRAISE_INVALID_SIG) : EVM_PASS;
}

/* xattr_verify(): type VERITY. */
static enum evm_status verify_verity(struct look *l, int *rc)
{
	l->digsig = true;
	*rc = -EINVAL;
	if (l->rule->sig && !l->rule->verity)
		return conclude(l, EVM_FAIL, APPRAISE_SIG_REQUIRED);
	if (l->x.version != 3)
		return conclude(l, EVM_FAIL, APPRAISE_SIG_VERSION);
	if (l->file->no_hash && !l->kernel->sigv3)
		return conclude(l, EVM_FAIL, APPRAISE_SIGV3_HASHING);
	*rc = l->file->no_hash ? -EINVAL : sig_result(l, l->file->sig);
	return *rc ? conclude(l, EVM_FAIL, APPRAISE_INVALID_VERITY_SIG) : EVM_PASS;
}

/* Where it fails, *rc says why; only ENOKEY matters. */
static enum evm_status verify_xattr(struct look *l, int *rc)
{
	*rc = 0;
	switch (l->x.type) {
	case IMAXATTR_DIGEST:
	case IMAXATTR_DIGEST_NG:
		return verify_digest(l);
	case IMAXATTR_SIG:
		return verify_sig(l, rc);
	case IMAXATTR_VERITY:
		return verify_verity(l, rc);
	default:
		return conclude(l, EVM_UNKNOWN, APPRAISE_UNKNOWN_DATA);
	}
}

/* The appended signature counts where security.ima has nothing better to say. */
static enum evm_status verify_both(struct look *l)
{
	int rc = 0;

	if (l->has_xattr)
		l->status = verify_xattr(l, &rc);
	if (!l->try_modsig ||
	    (l->has_xattr && l->x.type != IMAXATTR_DIGEST_NG && rc != -ENOKEY))
		return l->status;
	return l->file->modsig ? conclude(l, EVM_FAIL, APPRAISE_INVALID_SIG) : EVM_PASS;
}

static enum evm_status no_label(struct look *l)
{
	int err = l->file->xattr_err;

	/* ima_read_xattr() takes EOPNOTSUPP for nothing there */
	if (err && err != ENODATA && err != EOPNOTSUPP)
		return conclude(l, EVM_UNKNOWN, APPRAISE_UNKNOWN);
	if (l->file->new_file && (!l->rule->sig || l->file->empty))
		return EVM_PASS;
	return conclude(l, EVM_NOLABEL,
			l->rule->sig ? sig_required(l) : APPRAISE_MISSING_HASH);
}

/* What EVM says about the metadata comes before what they hold. */
static enum evm_status with_label(struct look *l)
{
	l->status = l->file->evm;
	switch (l->status) {
	case EVM_NOXATTRS:
		if (l->try_modsig)
			break;
		return conclude(l, l->status, APPRAISE_MISSING_HMAC);
	case EVM_NOLABEL:
		return conclude(l, l->status, APPRAISE_MISSING_HMAC);
	case EVM_FAIL_IMMUTABLE:
		l->digsig = true;
		return conclude(l, l->status, APPRAISE_FAIL_IMMUTABLE);
	case EVM_FAIL:
		return conclude(l, l->status, APPRAISE_INVALID_HMAC);
	default:
		break;
	}
	return verify_both(l);
}

/* ima_fix_xattr(). Signatures of the contents are never replaced; those of fs-verity
 * are. */
static bool fixed(const struct look *l)
{
	return l->kernel->mode == APPRAISE_MODE_FIX && !l->try_modsig &&
	       !(l->has_xattr && l->x.type == IMAXATTR_SIG) && !l->file->read_only &&
	       !l->file->immutable && !l->file->fix_err;
}

/* What the outcome brings with it: record, repair, exceptions for new files. */
static enum evm_status finish(struct look *l)
{
	if (l->file->unverifiable &&
	    (l->file->untrusted_mount || l->rule->fail_securely)) {
		audit(l, APPRAISE_UNVERIFIABLE);
		return conclude(l, EVM_FAIL, APPRAISE_UNVERIFIABLE);
	}
	if (l->status == EVM_PASS)
		return EVM_PASS;
	audit(l, l->cause);
	l->v->writes = fixed(l);
	if (l->v->writes || (l->file->empty && l->file->new_file && l->digsig))
		return EVM_PASS;
	return l->status;
}

/* ima_appraise_measurement(): the cause of a failure, NONE when it passes. */
static enum appraise_cause appraise(struct look *l)
{
	const struct appraise_file *f = l->file;

	l->try_modsig = l->rule->modsig && f->has_modsig;
	if (f->no_xattrs && !l->try_modsig) {
		l->v->status = EVM_UNKNOWN;
		return APPRAISE_NO_XATTRS;
	}
	l->has_xattr = !f->xattr_err;
	imaxattr_decode(IMAXATTR_IMA, l->has_xattr ? f->xattr : (struct span){0}, &l->x);
	l->status = (f->xattr_err || !f->xattr.len) && !l->try_modsig ? no_label(l)
								      : with_label(l);
	l->v->status = finish(l);
	return l->v->status == EVM_PASS ? APPRAISE_NONE : l->cause;
}

/* ima_collect_measurement(). */
static enum appraise_cause not_collected(const struct look *l)
{
	if (l->access->direct_io)
		return APPRAISE_FAILED_DIRECTIO;
	if (!l->rule->verity)
		return APPRAISE_FAILED;
	return l->file->digest_err != ENODATA && l->kernel->verity_errors
		       ? APPRAISE_INVALID_VERITY
		       : APPRAISE_NO_VERITY;
}

/* Without a digest nothing is appraised. Two errors leave the later exceptions open. */
static enum appraise_cause collect(struct look *l, bool *ret_over)
{
	enum appraise_cause why = not_collected(l);
	int err = l->rule->verity && !l->kernel->verity_errors ? ENODATA
							       : l->file->digest_err;

	audit(l, why);
	l->v->status = EVM_UNKNOWN;
	*ret_over = err != EBADF && err != EINVAL;
	return why;
}

static enum appraise_cause with_digest(struct look *l)
{
	enum appraise_cause why;

	if (l->file->blacklisted && l->rule->blacklist) {
		l->v->status = EVM_UNKNOWN;
		return APPRAISE_BLACKLISTED;
	}
	why = appraise(l);
	if (why || !l->access->mmap || !l->access->mapped_writable)
		return why;
	audit(l, APPRAISE_MMAPPED_WRITERS);
	return APPRAISE_MMAPPED_WRITERS;
}

static bool allowed_alg(const struct look *l)
{
	struct span none = {0};
	enum hash_alg alg =
		appraise_hash_alg(l->kernel, l->file->xattr_err ? none : l->file->xattr);

	return !l->rule->algos || l->rule->algos & 1u << alg;
}

/* process_measurement() up to out_locked. */
static enum appraise_cause process(struct look *l)
{
	enum appraise_cause why;
	bool over = false;

	why = l->file->digest_err ? collect(l, &over) : with_digest(l);
	if (over)
		return why;
	if (l->access->direct_io && l->rule->permit_directio)
		why = APPRAISE_NONE;
	if (!why && !allowed_alg(l)) {
		audit(l, APPRAISE_DENIED_HASH);
		why = APPRAISE_DENIED_HASH;
	}
	return why;
}

bool appraise_collect(const struct appraise_kernel *kernel,
		      const struct appraise_rule *rule,
		      const struct appraise_access *access,
		      const struct appraise_file *file, struct appraise_verdict *ret)
{
	struct look l = {kernel, rule, access, file, ret};
	bool over = false;

	*ret = (struct appraise_verdict){.status = EVM_PASS};
	if (file->digest_err)
		(void)collect(&l, &over);
	return !over;
}

void appraise_decide(const struct appraise_kernel *kernel,
		     const struct appraise_rule *rule,
		     const struct appraise_access *access,
		     const struct appraise_file *file, struct appraise_verdict *ret)
{
	struct look l = {kernel, rule, access, file, ret, .cause = APPRAISE_UNKNOWN};

	*ret = (struct appraise_verdict){.status = EVM_PASS};
	if (kernel->mode == APPRAISE_MODE_OFF)
		return;
	ret->why = process(&l);
	if (!ret->why && access->write && l.digsig && !file->new_file)
		ret->why = APPRAISE_SIGNED_FOR_WRITING;
	ret->digsig = l.digsig;
	ret->fails = ret->why != APPRAISE_NONE;
	ret->denied = ret->fails && kernel->mode == APPRAISE_MODE_ENFORCE;
}

/* ima_main.c ima_file_mprotect(). */
void appraise_mprotect(const struct appraise_kernel *kernel, bool measured,
		       bool appraised, struct appraise_verdict *ret)
{
	*ret = (struct appraise_verdict){.status = EVM_PASS};
	if (kernel->mode == APPRAISE_MODE_OFF || !(measured || appraised))
		return;
	ret->record[ret->n_records++] = APPRAISE_FAILED_MPROTECT;
	ret->fails = ret->denied = appraised;
	ret->why = appraised ? APPRAISE_FAILED_MPROTECT : APPRAISE_NONE;
}

/* ima_inode_setxattr(), validate_hash_algo(). */
int appraise_setxattr(const struct appraise_kernel *kernel, struct span value,
		      uint32_t allowed, uint32_t built_in, enum appraise_cause *ret_cause)
{
	enum hash_alg alg = appraise_hash_alg(kernel, value);
	struct imaxattr x;

	*ret_cause = APPRAISE_NONE;
	imaxattr_decode(IMAXATTR_IMA, value, &x);
	if (!value.len || x.type >= XATTR_LAST)
		return -EINVAL;
	if (allowed ? allowed & 1u << alg
		    : alg == kernel->ima_hash || built_in & 1u << alg)
		return 0;
	*ret_cause = allowed ? APPRAISE_SET_DENIED : APPRAISE_SET_UNAVAILABLE;
	return -EACCES;
}

const struct appraise_words *appraise_words(enum appraise_cause cause)
{
	return &words[cause];
}

enum appraise_cause appraise_cause_of(struct span op, struct span cause)
{
	for (int i = APPRAISE_NONE + 1; i < _APPRAISE_CAUSE_MAX; i++)
		if (*words[i].op && span_is(op, words[i].op) &&
		    span_is(cause, words[i].cause))
			return (enum appraise_cause)i;
	return APPRAISE_NONE;
}
