/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/appraise/filesign.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/base/pack.h"
#include "core/appraise/verity.h"

/* What of a file is signed: the digest, and which type and version say so. */
struct subject {
	enum imaxattr_type type;
	uint8_t version;
	struct digest digest;
	struct stamp made; /* of the file */
};

void filesign_done(struct filesign *s)
{
	s->ctx = sig_ctx_free(s->ctx);
	hash_set_done(&s->hash);
	label_done(&s->label);
}

static int out_of_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

static int find_subject(struct filesign *s, int fd, const char *path, struct subject *ret,
			struct diag *reterr)
{
	_cleanup_close_ int data = label_open_contents(fd, path, reterr);
	char q[140];
	int r;

	if (data < 0)
		return data;
	*ret = (struct subject){.type = IMAXATTR_VERITY, .version = 3};
	r = s->no_verity ? -ENODATA : verity_measure(data, &ret->digest);
	if (r < 0 && r != -ENODATA)
		return diag_set(reterr, DIAG_READ, r,
				"Cannot read the fs-verity digest of %s: %s.",
				str_quote(q, sizeof(q), span_of(path)), diag_errno(-r));
	if (r == 0) /* such contents never change: another file may come in their place */
		return stamp_read(data, &ret->made);
	ret->type = IMAXATTR_SIG;
	ret->version = s->version;
	return label_hash_still(data, path, &s->hash, s->alg, &ret->digest, &ret->made,
				reterr);
}

/* The value that is there now: of the attribute, or of FILE.sig. */
static int present(struct filesign *s, const char *path, struct strbuf *sigfile,
		   struct imaxattr *ret)
{
	*ret = s->label.x[IMAXATTR_IMA];
	if (!s->detached)
		return s->label.err[IMAXATTR_IMA];
	if (labelstep_read_detached(s->root, path, sigfile, NULL) < 0)
		return ENODATA;
	imaxattr_decode(IMAXATTR_IMA, strbuf_span(sigfile), ret);
	return 0;
}

/* Is it signed so already? */
static bool fits(struct filesign *s, const char *path, const struct subject *what)
{
	_cleanup_strbuf_ struct strbuf sigfile = {0};
	struct imaxattr x;

	return present(s, path, &sigfile, &x) == 0 && x.type == what->type &&
	       x.version == what->version && x.hash == what->digest.alg &&
	       span_equal(x.keyid, sig_key_id(s->key)) &&
	       sig_check(s->ctx, s->key, &x, &what->digest) == SIG_GOOD;
}

/* Names the file as plans do and reads its label. */
static int look(struct filesign *s, int fd, const char *path, struct strbuf *name,
		struct diag *reterr)
{
	char q[140];
	int r = fspath_of(s->root->dir[ROOT_TARGET], fd, name);

	if (!s->ctx)
		s->ctx = sig_ctx_new();
	if (!s->ctx || r == -ENOMEM || label_read(fd, s->space, &s->label) < 0)
		return out_of_memory(reterr);
	return r < 0 ? diag_set(reterr, DIAG_OPEN, r, "Cannot name %s: %s.",
				str_quote(q, sizeof(q), span_of(path)), diag_errno(-r))
		     : 0;
}

/* What a signature says, whatever its bytes are. */
static void meaning_of(const struct filesign *s, const struct subject *what,
		       struct strbuf *out)
{
	pack_str(out, "signature");
	pack_u8(out, (uint8_t)what->type);
	pack_u8(out, what->version);
	pack_u8(out, (uint8_t)what->digest.alg);
	pack_span(out, sig_key_id(s->key));
	pack_span(out, digest_span(&what->digest));
}

static void words_of(const struct subject *what, struct strbuf *out)
{
	strbuf_addf(out, "signature version %u of the %s, %s", what->version,
		    what->type == IMAXATTR_VERITY ? "fs-verity digest" : "contents",
		    hash_alg_name(what->digest.alg));
}

void filesign_value_done(struct filesign_value *v)
{
	strbuf_done(&v->bytes);
	strbuf_done(&v->meaning);
	strbuf_done(&v->words);
}

static int make(struct filesign *s, const struct subject *what,
		struct filesign_value *ret, struct diag *reterr)
{
	int r = sig_make(s->ctx, s->key, what->type, what->version, &what->digest,
			 &ret->bytes, reterr);

	meaning_of(s, what, &ret->meaning);
	words_of(what, &ret->words);
	ret->made = what->made;
	if (r < 0)
		return r;
	return ret->meaning.failed || ret->words.failed ? out_of_memory(reterr) : 1;
}

/* What there is to sign, and whether it is signed already: 1, 0. */
static int survey(struct filesign *s, int fd, const char *path, struct strbuf *name,
		  struct subject *what, struct diag *reterr)
{
	int r = look(s, fd, path, name, reterr);

	if (r == 0)
		r = find_subject(s, fd, path, what, reterr);
	return r < 0 ? r : fits(s, strbuf_str(name), what);
}

static int make_named(struct filesign *s, int fd, const char *path, struct strbuf *name,
		      struct filesign_value *ret, struct diag *reterr)
{
	struct subject what;
	int r = survey(s, fd, path, name, &what, reterr);

	if (r < 0)
		return r;
	return r ? 0 : make(s, &what, ret, reterr);
}

int filesign_make(struct filesign *s, int fd, const char *path,
		  struct filesign_value *ret, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf name = {0};

	return make_named(s, fd, path, &name, ret, reterr);
}

int filesign_add(struct filesign *s, struct plan *plan, int fd, const char *path,
		 struct diag *reterr)
{
	_cleanup_filesign_value_ struct filesign_value v = {0};
	_cleanup_strbuf_ struct strbuf name = {0};
	struct labelstep at = {s->root, s->space, NULL, &s->label, &v.made};
	int r = make_named(s, fd, path, &name, &v, reterr);

	if (r <= 0)
		return r;
	at.path = strbuf_str(&name);
	return s->detached ? labelstep_detached(&at, plan, strbuf_span(&v.bytes),
						strbuf_span(&v.meaning),
						strbuf_str(&v.words), reterr)
			   : labelstep_set(&at, plan, IMAXATTR_IMA, strbuf_span(&v.bytes),
					   strbuf_span(&v.meaning), strbuf_str(&v.words),
					   reterr);
}

int filesign_confirm(struct filesign *s, int fd, const char *path, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf name = {0};
	struct subject what;
	char q[140];
	int r = survey(s, fd, path, &name, &what, reterr);

	if (r < 0)
		return r;
	return r ? 0
		 : diag_set(reterr, DIAG_SIGNED_OTHER, ESTALE,
			    "%s is not what was signed: it was changed meanwhile.",
			    str_quote(q, sizeof(q), span_of(path)));
}
