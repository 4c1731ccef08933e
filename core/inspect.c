/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/inspect-internal.h"
#include "core/labelstep.h"
#include "core/mounts.h"
#include "core/probe.h"
#include "core/verity.h"

enum { FUSE_MAGIC = 0x65735546, CIFS_MAGIC = 0xff534d42 };

void inspect_done(struct inspect *i)
{
	i->sig = sig_ctx_free(i->sig);
	hash_set_done(&i->hash);
	label_done(&i->label);
	if (i->meta)
		evmfile_done(i->meta);
	free(i->meta);
	i->meta = NULL;
}

const char *inspect_requirement(const struct appraise_rule *rule)
{
	if (!rule->sig)
		return "hash";
	if (rule->modsig)
		return "modsig";
	return rule->verity ? "verity" : rule->sigv3 ? "sigv3" : "imasig";
}

static int out_of_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
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
		.sigv3 = probe_is(p, PROBE_TRIM,
				  PROBE_YES), /* 7.1; lists trim since 7.2 */
		.platform_keyring = true,
		.blacklist_sigs = module,
	};
	return 0;
}

/* FILE.sig in the label's place. */
static int read_detached(struct inspect *i, int fd, struct diag *reterr)
{
	struct strbuf *value = &i->label.value[IMAXATTR_IMA];
	_cleanup_strbuf_ struct strbuf path = {0};
	int r = fspath_of(i->root->dir[ROOT_TARGET], fd, &path);

	strbuf_clear(value);
	if (r < 0)
		return diag_set(reterr, DIAG_OPEN, r, "Cannot name the file: %s.",
				diag_errno(-r));
	r = labelstep_read_detached(i->root, strbuf_str(&path), value, reterr);
	if (r < 0 && r != -ENOENT)
		return r;
	i->label.err[IMAXATTR_IMA] = r < 0 ? ENODATA : 0;
	imaxattr_decode(IMAXATTR_IMA, strbuf_span(value), &i->label.x[IMAXATTR_IMA]);
	return 0;
}

static int read_label(struct inspect *i, int fd, struct diag *reterr)
{
	if (!i->sig)
		i->sig = sig_ctx_new();
	if (!i->meta)
		i->meta = calloc(1, sizeof(*i->meta));
	if (!i->sig || !i->meta || label_read(fd, i->space, &i->label) < 0)
		return out_of_memory(reterr);
	return i->detached ? read_detached(i, fd, reterr) : 0;
}

static struct span value_of(const struct inspect *i, enum imaxattr_attr a)
{
	return i->label.err[a] ? (struct span){0} : strbuf_span(&i->label.value[a]);
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

/* -errno only where nothing more can be done. */
static int read_digest(struct inspect *i, int data, const char *path,
		       struct inspect_result *ret, struct diag *reterr)
{
	enum hash_alg alg = appraise_hash_alg(&i->kernel, value_of(i, IMAXATTR_IMA));
	int r;

	if (!ret->rule.verity) {
		ret->digest.alg = alg;
		return hash_set_get(&i->hash, alg, NULL)
			       ? label_hash(data, path, &i->hash, alg, &ret->digest,
					    reterr)
			       : 0;
	}
	r = verity_measure(data, &ret->digest);
	if (r == -ENOMEM)
		return out_of_memory(reterr);
	ret->digest_err = -r;
	return 0;
}

static int read_contents(struct inspect *i, int fd, const char *path,
			 struct inspect_result *ret, struct diag *reterr)
{
	_cleanup_close_ int data = label_open_contents(fd, path, reterr);
	int r = data < 0 ? data : read_digest(i, data, path, ret, reterr);

	return r == 0 && ret->rule.modsig ? inspect_modsig(i, data, path, ret, reterr)
					  : r;
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

static void check(struct inspect *i, const struct keyset *keys, enum imaxattr_attr a,
		  const struct digest *digest, struct inspect_sig *ret)
{
	struct imaxattr x = i->label.x[a];

	if (i->label.err[a] || !imaxattr_is_sig(&x))
		return;
	/* digsig.c integrity_digsig_verify() takes 3 for 2: before 7.1 it was left to
	 * ima_appraise.c to hash what is signed, and EVM never did */
	if (a == IMAXATTR_EVM && x.version == 3 && !i->kernel.sigv3)
		x.version = 2;
	ret->is = true;
	ret->verdict = keyset_check(keys, i->sig, &x, digest, &ret->key);
}

bool inspect_asks_platform(const struct inspect *i, enum sig_verdict v)
{
	return sig_verdict_errno(v) && i->access.kexec_kernel && i->platform;
}

/* xattr_verify(): a kernel to start may be signed by a key of the firmware. Where it is, that
 * is what there is to say. Returns the verdict by the keys of IMA. */
static enum sig_verdict check_ima(struct inspect *i, const struct digest *digest,
				  struct inspect_sig *ret)
{
	struct inspect_sig second = {0};
	enum sig_verdict first;

	check(i, i->keys[IMAXATTR_IMA], IMAXATTR_IMA, digest, ret);
	first = ret->verdict;
	if (!ret->is || !inspect_asks_platform(i, first))
		return first;
	check(i, i->platform, IMAXATTR_IMA, digest, &second);
	if (!sig_verdict_errno(second.verdict))
		*ret = second;
	return first;
}

/* A signature of one inode needs what is not in its attributes. */
static bool know_inode(struct inspect *i, const struct evm_kernel *kernel, int fd)
{
	_cleanup_close_ int data = -1;

	if (i->label.x[IMAXATTR_EVM].type != IMAXATTR_SIG)
		return true;
	if (!i->given || !i->given->generation || !(i->given->uuid || i->given->no_uuid))
		data = label_open_contents(fd, "the file", NULL);
	return i->root &&
	       evmfile_inode(i->root, kernel, data, i->given, i->meta, NULL) == 0;
}

/* The signature in security.evm, or how far its digest could be made. */
static int check_evm(struct inspect *i, struct evm_kernel kernel, int fd,
		     struct inspect_result *ret, struct diag *reterr)
{
	const struct imaxattr *x = &i->label.x[IMAXATTR_EVM];
	_cleanup_strbuf_ struct strbuf data = {0};
	struct digest digest = {.alg = _HASH_ALG_INVALID};
	struct hash_ctx *h;

	if (i->given)
		kernel.fsuuid = !i->given->no_uuid && (kernel.fsuuid || i->given->uuid);
	ret->no_inode = !know_inode(i, &kernel, fd);
	ret->evm_data = evm_data(&kernel, &i->meta->file, (enum imaxattr_type)x->type,
				 &data, NULL);
	if (ret->evm_data == -ENOMEM)
		return out_of_memory(reterr);
	if (!imaxattr_is_sig(x))
		return 0;
	h = x->hash < 0 ? NULL : hash_set_get(&i->hash, x->hash, NULL);
	if (h) {
		digest.alg = x->hash;
		digest.size = (uint8_t)hash_alg_size(x->hash);
		hash_once(h, strbuf_span(&data), (struct span){0}, digest.value);
	}
	check(i, i->keys[IMAXATTR_EVM], IMAXATTR_EVM, &digest, &ret->evm);
	return 0;
}

static enum evm_status judge(const struct inspect *i, const struct inspect_result *r)
{
	const struct evmstate *s = i->evm;
	struct evm_case c = {
		.bits = s->bits,
		.ima_unprotected = s->source != EVMSTATE_UNKNOWN &&
				   !(s->kernel.enabled & 1u << EVM_NAME_IMA),
		.err = i->label.err[IMAXATTR_EVM],
		.value = value_of(i, IMAXATTR_EVM),
		/* enabled or not: evm_main.c evm_find_protected_xattrs() */
		.n_protected = (int)i->meta->file.n_attrs,
		.data = r->evm_data,
	};

	if (r->evm.is)
		c.check = sig_verdict_errno(r->evm.verdict);
	else if (!(c.bits & EVM_BIT_HMAC)) /* init_desc(): the key is not set */
		c.check = -ENOKEY;
	return evm_judge(&c);
}

static int look_at_evm(struct inspect *i, int fd, struct inspect_result *ret,
		       struct diag *reterr)
{
	static const struct evm_kernel none = {.big_endian = __BYTE_ORDER__ ==
							     __ORDER_BIG_ENDIAN__};
	const struct evm_kernel *kernel = i->evm ? &i->evm->kernel : &none;
	bool judged = i->evm && i->evm->bits;
	int r = 0;

	ret->evm_status = EVM_UNKNOWN;
	if (!judged && i->label.err[IMAXATTR_EVM])
		return 0;
	r = evmfile_read(kernel, fd, i->space, i->given, i->meta, reterr);
	if (r == 0 && !i->label.err[IMAXATTR_EVM])
		r = check_evm(i, *kernel, fd, ret, reterr);
	if (r == 0 && judged)
		ret->evm_status = judge(i, ret);
	return r;
}

/* EOPNOTSUPP is the answer of these themselves; elsewhere it means that the file system
 * has no extended attributes, and the inode no IOP_XATTR. */
static bool has_handlers(long magic)
{
	switch (magic) {
	case FUSE_MAGIC:
	case NFS_SUPER_MAGIC:
	case V9FS_MAGIC:
	case OVERLAYFS_SUPER_MAGIC:
	case CIFS_MAGIC:
	case SMB2_SUPER_MAGIC:
		return true;
	default:
		return false;
	}
}

static bool is_immutable(int fd)
{
	struct statx x;

	return statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &x) == 0 &&
	       x.stx_attributes & STATX_ATTR_IMMUTABLE;
}

/* Fix mode writes through a read-only mount of a writable file system: ima_fix_xattr()
 * asks for no mount, IS_RDONLY() looks at the super block. */
static bool is_read_only(const struct root *root, int fd)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct mounts_line line;
	struct statx x;
	struct bytes in;

	if (!root || root_read(root, ROOT_MOUNTS, &text, NULL) < 0 ||
	    statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &x) < 0 ||
	    !(x.stx_mask & STATX_MNT_ID))
		return true;
	in = bytes_of(strbuf_str(&text), text.len);
	while (mounts_next(&in, &line))
		if (line.id == x.stx_mnt_id)
			return line.options.len >= 2 &&
			       memcmp(line.options.ptr, "ro", 2) == 0;
	return true;
}

static void look_at_place(const struct inspect *i, int fd, struct appraise_file *f)
{
	struct statfs fs;
	struct stat st;

	f->xattr_err = i->label.err[IMAXATTR_IMA];
	f->xattr = value_of(i, IMAXATTR_IMA);
	f->empty = fstat(fd, &st) == 0 && st.st_size == 0;
	f->immutable = is_immutable(fd);
	if (fstatfs(fd, &fs) < 0)
		return;
	f->read_only = fs.f_flags & ST_RDONLY && is_read_only(i->root, fd);
	f->unverifiable = fs.f_type == FUSE_MAGIC;
	f->no_xattrs = f->xattr_err == EOPNOTSUPP && !has_handlers(fs.f_type);
}

/* Only those keys could still say yes, and they cannot be seen. */
static bool platform_hidden(const struct inspect *i, const struct inspect_sig *s)
{
	return s->is && sig_verdict_errno(s->verdict) && i->access.kexec_kernel &&
	       !i->platform;
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

int inspect_file(struct inspect *i, int fd, const char *path, struct inspect_result *ret,
		 struct diag *reterr)
{
	struct appraise_file f = {0};
	enum sig_verdict first;
	bool no_digest;
	int r, listed;

	*ret = (struct inspect_result){0};
	r = read_label(i, fd, reterr);
	if (r == 0) {
		ret->rule = rule_of(i);
		r = read_contents(i, fd, path, ret, reterr);
	}
	if (r == 0)
		r = look_at_evm(i, fd, ret, reterr);
	if (r < 0)
		return r;
	first = check_ima(i, &ret->digest, &ret->ima);
	no_digest = !ret->digest_err && !ret->digest.size;
	if (no_digest && ret->ima.verdict == SIG_BAD)
		ret->ima.verdict = SIG_IMPOSSIBLE;
	look_at_place(i, fd, &f);
	f.digest = ret->digest;
	f.digest_err = ret->digest_err;
	f.evm = ret->evm_status;
	f.sig = sig_verdict_errno(first);
	f.sig_platform =
		platform_hidden(i, &ret->ima) ? 0 : sig_verdict_errno(ret->ima.verdict);
	f.has_modsig = ret->modsig.is;
	f.modsig = platform_hidden(i, &ret->modsig)
			   ? 0
			   : sig_verdict_errno(ret->modsig.verdict);
	listed = blacklisted(i, ret);
	f.blacklisted = ret->blacklisted = listed > 0;
	/* a kernel that always asks is not a reason to doubt every answer */
	ret->unsure =
		no_digest || cannot_tell(i, ret) || (listed < 0 && i->rule.blacklist);
	appraise_decide(&i->kernel, &ret->rule, &i->access, &f, &ret->verdict);
	return 0;
}

int inspect_evm(struct inspect *i, int fd, struct inspect_result *ret,
		struct diag *reterr)
{
	int r;

	*ret = (struct inspect_result){0};
	r = read_label(i, fd, reterr);
	if (r == 0)
		r = look_at_evm(i, fd, ret, reterr);
	ret->unsure = r == 0 && cannot_tell(i, ret);
	return r;
}
