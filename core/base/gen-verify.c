/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"
#include "core/base/fstate.h"
#include "core/base/gen-internal.h"
#include "core/base/hex.h"
#include "core/base/imaxattr.h"
#include "core/base/sha256.h"

static const char *const state_names[_GEN_STATE_MAX] = {
	[GEN_GOOD] = "good",
	[GEN_UNKNOWN] = "unknown",
	[GEN_INCOMPLETE] = "incomplete",
	[GEN_DAMAGED] = "damaged",
};

const char *gen_state_name(enum gen_state state)
{
	return (unsigned)state < _GEN_STATE_MAX ? state_names[state] : "unknown";
}

/* Only what is surely not there, or surely something else, is damage: under a policy that
 * appraises, any file may be denied. */
static enum gen_state state_of(int err)
{
	return err == -ENOENT || err == -ENOTDIR || err == -ELOOP || err == -EBADMSG
		       ? GEN_DAMAGED
		       : GEN_UNKNOWN;
}

static int set_why(struct diag *why, enum gen_state state, unsigned number,
		   struct span name, const char *what)
{
	char q[GEN_NAME_SIZE + 16];

	return diag_set(why, state == GEN_UNKNOWN ? DIAG_GEN_UNKNOWN : DIAG_GEN_DAMAGED,
			state == GEN_UNKNOWN ? EACCES : EBADMSG, "Generation %u: %s %s.",
			number, str_quote(q, sizeof(q), name), what);
}

static int unhex(struct span hex, struct strbuf *out)
{
	for (size_t i = 0; i + 1 < hex.len; i += 2) {
		uint8_t byte;

		if (hex_decode(&byte, (struct span){hex.ptr + i, 2}) < 0)
			return -EBADMSG;
		strbuf_addc(out, (char)byte);
	}
	return out->failed ? -ENOMEM : hex.len % 2 ? -EBADMSG : 0;
}

/* A hash is the kernel's to keep (fstate.h): that there is one is all that is asked. */
static bool same_value(struct span name, struct span now, struct span hex)
{
	_cleanup_strbuf_ struct strbuf wanted = {0};
	struct imaxattr a, b;

	if (unhex(hex, &wanted) < 0)
		return false;
	imaxattr_decode(IMAXATTR_IMA, strbuf_span(&wanted), &a);
	imaxattr_decode(IMAXATTR_IMA, now, &b);
	if (span_is(name, "security.ima") && !imaxattr_is_sig(&a))
		return !imaxattr_is_sig(&b);
	return span_equal(now, strbuf_span(&wanted));
}

static int check_xattrs(int fd, const struct gen_claim *c)
{
	struct bytes in = bytes_of(c->xattrs.ptr, c->xattrs.len);
	struct span name, hex;

	while (bytes_left(&in)) {
		_cleanup_strbuf_ struct strbuf now = {0};
		char text[256];
		int r;

		if (!gen_claim_xattr(&in, &name, &hex) || name.len >= sizeof(text))
			return -EBADMSG;
		(void)snprintf(text, sizeof(text), "%.*s", (int)name.len,
			       (const char *)name.ptr);
		r = fs_get_xattr(fd, text, &now);
		if (r < 0)
			return r == -ENODATA ? -EBADMSG : r;
		if (!same_value(name, strbuf_span(&now), hex))
			return -EBADMSG;
	}
	return 0;
}

static int check_file(int fd, const struct gen_claim *c, struct strbuf *text)
{
	uint8_t hash[SHA256_SIZE];
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (st.st_mode & 07777) != c->mode ||
	    (uint64_t)st.st_size != c->size)
		return -EBADMSG;
	r = fs_read_fd(fd, GEN_FILE_MAX, "a file of a generation", text, NULL);
	if (r < 0)
		return r == -EFBIG ? -EBADMSG : r;
	sha256_of(strbuf_span(text), hash);
	if (memcmp(hash, c->sha256, sizeof(hash)) != 0)
		return -EBADMSG;
	return check_xattrs(fd, c);
}

/* What a claim says holds: 0 with the contents in @text. */
static int look(const struct root *root, unsigned number, const struct gen_claim *c,
		struct strbuf *text)
{
	_cleanup_strbuf_ struct strbuf path = {0};
	_cleanup_close_ int fd = -1;
	char name[GEN_NAME_SIZE];

	(void)snprintf(name, sizeof(name), "%.*s", (int)c->name.len,
		       (const char *)c->name.ptr);
	gen_path(&path, number, name);
	if (path.failed)
		return -ENOMEM;
	fd = fspath_open(root->dir[ROOT_TARGET], strbuf_str(&path),
			 O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? fd : check_file(fd, c, text);
}

static const struct gen_claim *claim_of(const struct gen_manifest *m, struct span name)
{
	for (size_t i = 0; i < m->n; i++)
		if (span_equal(m->file[i].name, name))
			return &m->file[i];
	return NULL;
}

struct stray {
	const struct gen_manifest *m;
	const char *below;
	char name[GEN_NAME_SIZE]; /* what nobody claims; "": none */
};

static int note_stray(void *user, int at, const char *name)
{
	struct stray *s = user;
	char full[FSPATH_LEAF_MAX + 8];
	const char *const *k =
		(const char *const[]){GEN_MANIFEST, GEN_NO_POLICY, GEN_KEYS, NULL};

	(void)snprintf(full, sizeof(full), "%s%s", s->below, name);
	for (; *k; k++)
		if (strcmp(full, *k) == 0)
			return 0;
	if (!claim_of(s->m, span_of(full)))
		(void)snprintf(s->name, sizeof(s->name), "%.*s", GEN_NAME_SIZE - 1, full);
	return 0;
}

static enum gen_state find_strays(const struct root *root, unsigned number,
				  const struct gen_manifest *m, struct diag *why)
{
	static const char *const below[] = {"", GEN_KEYS "/"};

	for (size_t i = 0; i < array_size(below); i++) {
		_cleanup_strbuf_ struct strbuf path = {0};
		struct stray s = {.m = m, .below = below[i]};
		int r;

		strbuf_addf(&path, GEN_FOLDER "/gen/%u%s", number, i ? "/" GEN_KEYS : "");
		r = gen_each(root, strbuf_str(&path), note_stray, &s);
		if (r < 0 || *s.name) {
			enum gen_state state = *s.name ? GEN_DAMAGED : state_of(r);

			set_why(why, state, number, span_of(*s.name ? s.name : below[i]),
				*s.name ? "is not in the manifest" : diag_errno(-r));
			return state;
		}
	}
	return GEN_GOOD;
}

/* The worst of all files: one that is damaged counts for more than one that is denied. */
static int check_files(const struct root *root, unsigned number,
		       const struct gen_manifest *m, enum gen_state *ret,
		       struct diag *why)
{
	for (size_t i = 0; i < m->n; i++) {
		_cleanup_strbuf_ struct strbuf text = {0};
		int r = look(root, number, &m->file[i], &text);

		if (r == -ENOMEM)
			return r;
		if (r == 0 || state_of(r) <= *ret)
			continue;
		*ret = state_of(r);
		set_why(why, *ret, number, m->file[i].name,
			r == -EBADMSG ? "is not what the manifest says" : diag_errno(-r));
	}
	return 0;
}

static bool has_no_policy(const struct root *root, unsigned number)
{
	_cleanup_strbuf_ struct strbuf path = {0};
	char leaf[FSPATH_LEAF_MAX];
	_cleanup_close_ int at = -1;
	struct stat st;

	gen_path(&path, number, GEN_NO_POLICY);
	at = fspath_parent(root->dir[ROOT_TARGET], strbuf_str(&path), leaf);
	return at >= 0 && fstatat(at, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int verify(const struct root *root, unsigned number, struct gen_manifest *m,
		  enum gen_state *ret, struct diag *why)
{
	int r = gen_manifest_read(root, number, m);
	bool policy;

	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		*ret = r == -ENOENT ? GEN_INCOMPLETE : state_of(r);
		set_why(why, *ret, number, span_of(GEN_MANIFEST),
			r == -EBADMSG ? "is damaged" : diag_errno(-r));
		return 0;
	}
	policy = claim_of(m, span_of(GEN_POLICY)) != NULL;
	if (policy == has_no_policy(root, number)) {
		*ret = policy ? GEN_DAMAGED : GEN_INCOMPLETE;
		set_why(why, *ret, number, span_of(GEN_POLICY),
			policy ? "is there, and a name that says there is none"
			       : "is missing");
		return 0;
	}
	*ret = GEN_GOOD;
	r = check_files(root, number, m, ret, why);
	if (r == 0 && *ret == GEN_GOOD)
		*ret = find_strays(root, number, m, why);
	return r;
}

int gen_verify(const struct root *root, unsigned number, enum gen_state *ret,
	       struct diag *ret_why)
{
	struct gen_manifest m = {.text = {0}};
	int r = verify(root, number, &m, ret, ret_why);

	strbuf_done(&m.text);
	return r < 0 ? diag_set(ret_why, DIAG_MEMORY, ENOMEM, "Out of memory.") : 0;
}

/* Turns -errno of reading into what callers are told. */
static int told(int r, unsigned number, struct span name, struct diag *reterr)
{
	enum gen_state state = state_of(r);

	if (r >= 0)
		return r;
	if (r == -ENOMEM)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	return set_why(reterr, state, number, name,
		       r == -EBADMSG ? "is damaged" : diag_errno(-r));
}

static void pack_xattrs(const struct gen_claim *c, struct strbuf *out)
{
	struct bytes in = bytes_of(c->xattrs.ptr, c->xattrs.len);
	struct span name, hex;

	while (gen_claim_xattr(&in, &name, &hex)) {
		_cleanup_strbuf_ struct strbuf value = {0};
		char text[256];

		if (name.len >= sizeof(text) || unhex(hex, &value) < 0)
			continue; /* look() has found it good */
		(void)snprintf(text, sizeof(text), "%.*s", (int)name.len,
			       (const char *)name.ptr);
		fstate_add_xattr(out, text, strbuf_span(&value));
	}
}

static int read_one(const struct root *root, unsigned number, const char *name,
		    struct gen_manifest *m, struct strbuf *ret, struct strbuf *ret_xattrs,
		    struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	const struct gen_claim *c;
	int r = gen_manifest_read(root, number, m);

	if (r < 0)
		return told(r, number, span_of(GEN_MANIFEST), reterr);
	c = claim_of(m, span_of(name));
	if (!c)
		return -ENOENT;
	r = told(look(root, number, c, &text), number, c->name, reterr);
	if (r < 0)
		return r;
	strbuf_add(ret, strbuf_str(&text), text.len);
	if (ret_xattrs)
		pack_xattrs(c, ret_xattrs);
	return told(ret->failed || (ret_xattrs && ret_xattrs->failed) ? -ENOMEM : 0,
		    number, c->name, reterr);
}

int gen_read(const struct root *root, unsigned number, const char *name,
	     struct strbuf *ret, struct strbuf *ret_xattrs, struct diag *reterr)
{
	struct gen_manifest m = {.text = {0}};
	int r = read_one(root, number, name, &m, ret, ret_xattrs, reterr);

	strbuf_done(&m.text);
	return r;
}

int gen_files(const struct root *root, unsigned number, struct strbuf *ret,
	      struct diag *reterr)
{
	struct gen_manifest m = {.text = {0}};
	int r = told(gen_manifest_read(root, number, &m), number, span_of(GEN_MANIFEST),
		     reterr);

	for (size_t i = 0; r == 0 && i < m.n; i++) {
		strbuf_add(ret, m.file[i].name.ptr, m.file[i].name.len);
		strbuf_addc(ret, '\n');
	}
	strbuf_done(&m.text);
	return r;
}

int gen_origin(const struct root *root, unsigned number, struct strbuf *ret,
	       struct diag *reterr)
{
	struct gen_manifest m = {.text = {0}};
	int r = told(gen_manifest_read(root, number, &m), number, span_of(GEN_MANIFEST),
		     reterr);

	if (r == 0)
		strbuf_add(ret, m.origin.ptr, m.origin.len);
	strbuf_done(&m.text);
	return r;
}
