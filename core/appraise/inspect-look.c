/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a file is: each thing is read when a question first needs it, and once. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/appraise/inspect-internal.h"
#include "core/appraise/labelstep.h"
#include "core/host/mounts.h"
#include "core/appraise/verity.h"

enum { FUSE_MAGIC = 0x65735546, CIFS_MAGIC = 0xff534d42 };

static int out_of_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

void inspect_end(struct inspect *i)
{
	struct inspect_seen *s = i->seen;

	if (!s)
		return;
	cleanup_closep(&s->own_fd);
	cleanup_closep(&s->data);
	s->own_fd = s->data = s->of.fd = -1;
}

void inspect_done(struct inspect *i)
{
	inspect_end(i);
	free(i->seen);
	i->seen = NULL;
	i->sig = sig_ctx_free(i->sig);
	hash_set_done(&i->hash);
	label_done(&i->label);
	if (i->meta)
		evmfile_done(i->meta);
	free(i->meta);
	i->meta = NULL;
}

int inspect_begin(struct inspect *i, const struct inspect_subject *subject,
		  struct diag *reterr)
{
	if (!i->sig)
		i->sig = sig_ctx_new();
	if (!i->meta)
		i->meta = calloc(1, sizeof(*i->meta));
	inspect_end(i);
	if (!i->seen)
		i->seen = malloc(sizeof(*i->seen));
	if (i->seen)
		*i->seen =
			(struct inspect_seen){.of = *subject, .own_fd = -1, .data = -1};
	return i->sig && i->meta && i->seen ? 0 : out_of_memory(reterr);
}

/* -errno, or what names the file. */
static int subject_fd(struct inspect *i, struct diag *reterr)
{
	struct inspect_seen *s = i->seen;

	if (s->of.fd >= 0)
		return s->of.fd;
	if (s->own_fd < 0)
		s->own_fd = label_open(i->root->dir[ROOT_TARGET], s->of.path, reterr);
	return s->own_fd;
}

static int contents_fd(struct inspect *i, struct diag *reterr)
{
	int fd = i->seen->data < 0 ? subject_fd(i, reterr) : i->seen->data;

	if (fd >= 0 && i->seen->data < 0)
		i->seen->data = label_open_contents(fd, i->seen->of.path, reterr);
	return fd < 0 ? fd : i->seen->data;
}

struct span inspect_value(const struct inspect *i, enum imaxattr_attr a)
{
	return i->label.err[a] ? (struct span){0} : strbuf_span(&i->label.value[a]);
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

/* Was read by somebody before. */
static int take_label(struct inspect *i, struct diag *reterr)
{
	const struct inspect_subject *of = &i->seen->of;
	struct strbuf *value = &i->label.value[IMAXATTR_IMA];

	strbuf_clear(value);
	strbuf_add(value, of->ima.ptr, of->ima.len);
	if (value->failed)
		return out_of_memory(reterr);
	i->label.err[IMAXATTR_IMA] = of->ima_err;
	imaxattr_decode(IMAXATTR_IMA, strbuf_span(value), &i->label.x[IMAXATTR_IMA]);
	return 0;
}

static int read_label(struct inspect *i, struct diag *reterr)
{
	int fd = subject_fd(i, reterr);

	if (fd < 0)
		return fd;
	if (label_read(fd, i->space, &i->label) < 0)
		return out_of_memory(reterr);
	i->seen->evm_label = true;
	return 0;
}

int inspect_see_label(struct inspect *i, struct diag *reterr)
{
	int r = 0;

	if (i->seen->label)
		return 0;
	r = i->seen->of.has_ima ? take_label(i, reterr) : read_label(i, reterr);
	if (r == 0 && i->detached)
		r = read_detached(i, subject_fd(i, reterr), reterr);
	i->seen->label = r == 0;
	return r;
}

int inspect_fixed(struct inspect *i, const struct inspect_result *result,
		  struct diag *reterr)
{
	enum hash_alg alg = appraise_hash_alg(&i->kernel, inspect_value(i, IMAXATTR_IMA));
	struct strbuf *value = &i->label.value[IMAXATTR_IMA];
	struct inspect_seen *s = i->seen;
	struct digest d = result->digest;
	int r = d.size ? 0 : inspect_see_contents(i, alg, reterr);

	if (r < 0)
		return r;
	if (!d.size)
		d = s->digest;
	strbuf_clear(value);
	(void)imaxattr_put_digest(value, d.alg, digest_span(&d)); /* its size is right */
	if (value->failed)
		return out_of_memory(reterr);
	i->label.err[IMAXATTR_IMA] = 0;
	imaxattr_decode(IMAXATTR_IMA, strbuf_span(value), &i->label.x[IMAXATTR_IMA]);
	s->checked[0] = s->checked[1] = false;
	s->evm = false;
	return 0;
}

int inspect_see_contents(struct inspect *i, enum hash_alg alg, struct diag *reterr)
{
	struct inspect_seen *s = i->seen;
	int data, r = 0;

	if (s->hashed && s->digest.alg == alg)
		return 0;
	data = contents_fd(i, reterr);
	if (data < 0)
		return data;
	s->digest = (struct digest){.alg = alg};
	if (hash_set_get(&i->hash, alg, NULL))
		r = label_hash(data, s->of.path, &i->hash, alg, &s->digest, reterr);
	s->hashed = r == 0;
	s->checked[false] = false;
	return r;
}

int inspect_see_verity(struct inspect *i, struct diag *reterr)
{
	struct inspect_seen *s = i->seen;
	int data, r;

	if (s->measured)
		return 0;
	data = contents_fd(i, reterr);
	if (data < 0)
		return data;
	r = verity_measure(data, &s->verity);
	if (r == -ENOMEM)
		return out_of_memory(reterr);
	s->verity_err = -r;
	s->measured = true;
	return 0;
}

int inspect_see_modsig(struct inspect *i, struct diag *reterr)
{
	struct inspect_seen *s = i->seen;
	int data, r;

	if (s->modsig)
		return 0;
	data = contents_fd(i, reterr);
	r = data < 0 ? data : inspect_modsig(i, data, s->of.path, &s->appended, reterr);
	s->modsig = r == 0;
	return r;
}

void inspect_check(struct inspect *i, const struct keyset *keys, enum imaxattr_attr a,
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

/* A signature of one inode needs what is not in its attributes. */
static bool know_inode(struct inspect *i, const struct evm_kernel *kernel)
{
	int data = -1;

	if (i->label.x[IMAXATTR_EVM].type != IMAXATTR_SIG)
		return true;
	if (!i->given || !i->given->generation || !(i->given->uuid || i->given->no_uuid))
		data = contents_fd(i, NULL);
	return i->root &&
	       evmfile_inode(i->root, kernel, data, i->given, i->meta, NULL) == 0;
}

/* The signature in security.evm, or how far its digest could be made. */
static int check_evm(struct inspect *i, struct evm_kernel kernel, struct diag *reterr)
{
	const struct imaxattr *x = &i->label.x[IMAXATTR_EVM];
	struct inspect_result *ret = &i->seen->of_evm;
	_cleanup_strbuf_ struct strbuf data = {0};
	struct digest digest = {.alg = _HASH_ALG_INVALID};
	struct hash_ctx *h;

	if (i->given)
		kernel.fsuuid = !i->given->no_uuid && (kernel.fsuuid || i->given->uuid);
	ret->no_inode = !know_inode(i, &kernel);
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
	inspect_check(i, i->keys[IMAXATTR_EVM], IMAXATTR_EVM, &digest, &ret->evm);
	return 0;
}

static enum evm_status judge(const struct inspect *i)
{
	const struct inspect_result *r = &i->seen->of_evm;
	const struct evmstate *s = i->evm;
	struct evm_case c = {
		.bits = s->bits,
		.ima_unprotected = s->source != EVMSTATE_UNKNOWN &&
				   !(s->kernel.enabled & 1u << EVM_NAME_IMA),
		.err = i->label.err[IMAXATTR_EVM],
		.value = inspect_value(i, IMAXATTR_EVM),
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

int inspect_see_evm(struct inspect *i, struct diag *reterr)
{
	static const struct evm_kernel none = {.big_endian = __BYTE_ORDER__ ==
							     __ORDER_BIG_ENDIAN__};
	const struct evm_kernel *kernel = i->evm ? &i->evm->kernel : &none;
	bool judged = i->evm && i->evm->bits;
	int r = 0, fd;

	if (i->seen->evm)
		return 0;
	i->seen->of_evm = (struct inspect_result){.evm_status = EVM_UNKNOWN};
	if (judged && !i->seen->evm_label)
		r = read_label(i, reterr);
	if (!judged && (!i->seen->evm_label || i->label.err[IMAXATTR_EVM]))
		return 0;
	fd = r < 0 ? r : subject_fd(i, reterr);
	r = fd < 0 ? fd : evmfile_read(kernel, fd, i->space, i->given, i->meta, reterr);
	if (r == 0 && !i->label.err[IMAXATTR_EVM])
		r = check_evm(i, *kernel, reterr);
	if (r == 0 && judged)
		i->seen->of_evm.evm_status = judge(i);
	i->seen->evm = r == 0;
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

/* What fix mode writes is asked in fix mode alone. */
static void where(struct inspect *i, int fd, struct appraise_file *f)
{
	struct statfs fs = {.f_type = i->seen->of.fs_magic};
	struct stat st;
	bool fix = i->kernel.mode == APPRAISE_MODE_FIX;

	if ((fix || !i->seen->of.fs_magic) && fstatfs(fd, &fs) < 0)
		return;
	f->unverifiable = fs.f_type == FUSE_MAGIC;
	f->no_xattrs =
		i->label.err[IMAXATTR_IMA] == EOPNOTSUPP && !has_handlers(fs.f_type);
	if (!fix)
		return;
	f->empty = fstat(fd, &st) == 0 && st.st_size == 0;
	f->immutable = is_immutable(fd);
	f->read_only = fs.f_flags & ST_RDONLY && is_read_only(i->root, fd);
}

int inspect_see_place(struct inspect *i, struct diag *reterr)
{
	struct inspect_seen *s = i->seen;
	int fd = -1;

	if (s->placed)
		return 0;
	if (i->kernel.mode == APPRAISE_MODE_FIX || !s->of.fs_magic)
		fd = subject_fd(i, reterr);
	if (fd < 0 && fd != -1)
		return fd;
	where(i, fd, &s->place);
	s->placed = true;
	return 0;
}
