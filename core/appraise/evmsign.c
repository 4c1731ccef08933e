/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/appraise/evmsign.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/base/pack.h"

void evmsign_done(struct evmsign *s)
{
	filesign_done(&s->file);
	if (s->meta)
		evmfile_done(s->meta);
	free(s->meta);
	s->meta = NULL;
}

void evmsign_made_done(struct evmsign_made *m)
{
	filesign_value_done(&m->ima);
	filesign_value_done(&m->evm);
}

static int out_of_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

/* The value as the kernel's fix mode would write it. */
static int make_hash(struct evmsign *s, int fd, const char *path,
		     struct filesign_value *ret, struct diag *reterr)
{
	const struct label *l = &s->file.label;
	_cleanup_close_ int data = -1;
	struct digest d;
	int r;

	if (!l->err[IMAXATTR_IMA] && imaxattr_is_sig(&l->x[IMAXATTR_IMA]))
		return 0;
	data = label_open_contents(fd, path, reterr);
	r = data < 0 ? data
		     : label_hash_still(data, path, &s->file.hash, s->file.alg, &d,
					&ret->made, reterr);
	if (r < 0)
		return r;
	(void)imaxattr_put_digest(&ret->bytes, d.alg, digest_span(&d)); /* of its size */
	strbuf_addf(&ret->words, "hash of the contents, %s", hash_alg_name(d.alg));
	if (ret->bytes.failed || ret->words.failed)
		return out_of_memory(reterr);
	if (!l->err[IMAXATTR_IMA] &&
	    span_equal(strbuf_span(&l->value[IMAXATTR_IMA]), strbuf_span(&ret->bytes)))
		strbuf_clear(&ret->bytes);
	return 0;
}

static int make_ima(struct evmsign *s, int fd, const char *path,
		    struct filesign_value *ret, struct diag *reterr)
{
	switch (s->ima) {
	case EVMSIGN_HASH:
		return make_hash(s, fd, path, ret, reterr);
	case EVMSIGN_SIGN:
		return filesign_make(&s->file, fd, path, ret, reterr);
	case EVMSIGN_KEEP:
		break;
	}
	return 0;
}

static enum imaxattr_type type_of(const struct evmsign *s)
{
	return s->inode ? IMAXATTR_SIG : IMAXATTR_PORTABLE;
}

/* What only signatures of one inode cover. */
static int read_inode(struct evmsign *s, const struct evm_kernel *kernel, int fd,
		      const struct evmfile_given *given, struct diag *reterr)
{
	_cleanup_close_ int data = -1;

	if (!s->inode)
		return 0;
	data = label_open_contents(fd, "the file", reterr);
	return data < 0 ? data
			: evmfile_inode(s->file.root, kernel, data, given, s->meta,
					reterr);
}

/* The digest of the metadata with @ima as security.ima, where it is not empty. */
static int digest_of(struct evmsign *s, int fd, struct span ima, struct digest *ret,
		     struct diag *reterr)
{
	struct evmfile_given given = s->given ? *s->given : (struct evmfile_given){0};
	_cleanup_strbuf_ struct strbuf data = {0};
	struct hash_ctx *h = hash_set_get(&s->file.hash, s->alg, reterr);
	struct evm_kernel kernel = *s->kernel;
	int r;

	if (!h)
		return -EOPNOTSUPP;
	if (ima.len) {
		given.attr[EVM_NAME_IMA].given = true;
		given.attr[EVM_NAME_IMA].value = ima;
	}
	kernel.fsuuid = !given.no_uuid && (kernel.fsuuid || given.uuid);
	r = evmfile_read(&kernel, fd, s->file.space, &given, s->meta, reterr);
	if (r == 0)
		r = read_inode(s, &kernel, fd, &given, reterr);
	if (r == 0)
		r = evm_data(&kernel, &s->meta->file, type_of(s), &data, reterr);
	if (r < 0)
		return r;
	ret->alg = s->alg;
	ret->size = (uint8_t)hash_alg_size(s->alg);
	hash_once(h, strbuf_span(&data), (struct span){0}, ret->value);
	return 0;
}

static bool fits(struct evmsign *s, const struct digest *d)
{
	const struct label *l = &s->file.label;
	const struct imaxattr *x = &l->x[IMAXATTR_EVM];

	return !l->err[IMAXATTR_EVM] && x->type == type_of(s) &&
	       x->version == s->version && x->hash == d->alg &&
	       span_equal(x->keyid, sig_key_id(s->file.key)) &&
	       sig_check(s->file.ctx, s->file.key, x, d) == SIG_GOOD;
}

/* What is signed, with a new security.ima as what it means: signatures come out with
 * other bytes each time. */
static int meaning_of(struct evmsign *s, int fd, const struct filesign_value *ima,
		      struct strbuf *out, struct diag *reterr)
{
	struct span instead = strbuf_span(ima->meaning.len ? &ima->meaning : &ima->bytes);
	struct digest d;
	int r = digest_of(s, fd, instead, &d, reterr);

	if (r < 0)
		return r;
	pack_str(out, s->inode ? "signature of an inode" : "portable signature");
	pack_u8(out, s->version);
	pack_u8(out, (uint8_t)s->alg);
	pack_span(out, sig_key_id(s->file.key));
	pack_span(out, digest_span(&d));
	return out->failed ? out_of_memory(reterr) : 0;
}

static int make_evm(struct evmsign *s, int fd, struct evmsign_made *m,
		    struct diag *reterr)
{
	struct digest d;
	int r = stamp_read(fd, &m->evm.made);

	if (r < 0)
		return diag_set(reterr, DIAG_READ, r, "Cannot look at the file: %s.",
				diag_errno(-r));
	r = digest_of(s, fd, strbuf_span(&m->ima.bytes), &d, reterr);
	if (r < 0 || fits(s, &d))
		return r;
	r = meaning_of(s, fd, &m->ima, &m->evm.meaning, reterr);
	if (r == 0)
		r = sig_make(s->file.ctx, s->file.key, type_of(s), s->version, &d,
			     &m->evm.bytes, reterr);
	if (r < 0)
		return r;
	strbuf_addf(&m->evm.words, "%s version %u, %s, owner %u:%u, mode %04o",
		    s->inode ? "signature of the inode" : "portable signature",
		    s->version, hash_alg_name(s->alg), s->meta->file.uid,
		    s->meta->file.gid, s->meta->file.mode & 07777u);
	return m->evm.words.failed ? out_of_memory(reterr) : 0;
}

int evmsign_make(struct evmsign *s, int fd, const char *path, struct evmsign_made *ret,
		 struct diag *reterr)
{
	int r;

	if (!s->meta)
		s->meta = calloc(1, sizeof(*s->meta));
	if (!s->file.ctx)
		s->file.ctx = sig_ctx_new();
	if (!s->meta || !s->file.ctx || label_read(fd, s->file.space, &s->file.label) < 0)
		return out_of_memory(reterr);
	r = make_ima(s, fd, path, &ret->ima, reterr);
	return r < 0 ? r : make_evm(s, fd, ret, reterr);
}

static int step(struct labelstep *at, struct plan *plan, enum imaxattr_attr a,
		const struct filesign_value *v, struct diag *reterr)
{
	if (!v->bytes.len)
		return 0;
	at->made = &v->made;
	return labelstep_set(at, plan, a, strbuf_span(&v->bytes),
			     strbuf_span(&v->meaning), strbuf_str(&v->words), reterr);
}

int evmsign_add(struct evmsign *s, struct plan *plan, int fd, const char *path,
		struct diag *reterr)
{
	_cleanup_evmsign_made_ struct evmsign_made made = {0};
	_cleanup_strbuf_ struct strbuf name = {0};
	struct label label; /* borrows */
	struct labelstep at = {s->file.root, s->file.space, NULL, &label, NULL};
	size_t before = plan->n;
	char q[140];
	int r = fspath_of(s->file.root->dir[ROOT_TARGET], fd, &name);

	if (r < 0)
		return diag_set(reterr, DIAG_OPEN, r, "Cannot name %s: %s.",
				str_quote(q, sizeof(q), span_of(path)), diag_errno(-r));
	at.path = strbuf_str(&name);
	r = evmsign_make(s, fd, path, &made, reterr);
	label = s->file.label;
	if (made.evm.bytes.len) /* a new one comes with it: nothing is spoiled */
		label.err[IMAXATTR_EVM] = ENODATA;
	if (r >= 0)
		r = step(&at, plan, IMAXATTR_IMA, &made.ima, reterr);
	if (r > 0) /* that step changes the time of change */
		made.evm.made.ctime = (struct stamp_time){0};
	if (r >= 0)
		r = step(&at, plan, IMAXATTR_EVM, &made.evm, reterr);
	return r < 0 ? r : plan->n > before;
}

int evmsign_confirm(struct evmsign *s, int fd, const char *path, struct diag *reterr)
{
	_cleanup_evmsign_made_ struct evmsign_made made = {0};
	char q[140];
	int r = evmsign_make(s, fd, path, &made, reterr);

	if (r < 0)
		return r;
	return made.ima.bytes.len || made.evm.bytes.len
		       ? diag_set(reterr, DIAG_SIGNED_OTHER, ESTALE,
				  "%s is not what was signed: it was changed meanwhile.",
				  str_quote(q, sizeof(q), span_of(path)))
		       : 0;
}
