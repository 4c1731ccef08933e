/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which label a file is to have: a pure function of what is known about it. */
#include <errno.h>
#include <string.h>

#include "core/appraise/label.h"
#include "core/base/cleanup.h"
#include "core/base/gen.h"
#include "core/label/relabel-internal.h"

/* Where files of packages are meant to be changed by those who run the machine. */
static const char *const mutable_places[] = {"etc/",	 "var/",  "run/",  "srv/",
					     "opt/etc/", "home/", "root/", "tmp/"};

static bool is_mutable(const char *path)
{
	for (size_t i = 0; i < array_size(mutable_places); i++)
		if (strncmp(path, mutable_places[i], strlen(mutable_places[i])) == 0)
			return true;
	return false;
}

static bool wants_signature(const struct relabel_opts *opts, const struct pkgdb *pkgs,
			    const char *path)
{
	_cleanup_strbuf_ struct strbuf full = {0};

	if (!opts->key || !pkgs || is_mutable(path))
		return false;
	strbuf_addf(&full, "/%s", path);
	return pkgdb_owner(pkgs, strbuf_span(&full)) != PKGDB_NONE;
}

static struct relabel_verdict is(enum relabel_reason reason)
{
	return (struct relabel_verdict){.reason = reason};
}

static struct relabel_verdict fits_or(enum relabel_reason fits, enum relabel_reason else_)
{
	return (struct relabel_verdict){.reason = else_, .fits = fits, .check = true};
}

static bool of_key(const struct imaxattr *x, const struct sig_key *key)
{
	return key && span_equal(x->keyid,
				 x->version == 1 ? sig_key_id_v1(key) : sig_key_id(key));
}

static struct relabel_verdict judge_signature(const struct relabel_opts *opts,
					      const struct imaxattr *x)
{
	if (!imaxattr_usable(x))
		return is(opts->key && x->type == IMAXATTR_SIG ? RELABEL_SIGNED_ANEW
							       : RELABEL_WRONG_SIGNATURE);
	if (x->type == IMAXATTR_VERITY)
		return is(RELABEL_VERITY);
	if (of_key(x, opts->key))
		return fits_or(RELABEL_RIGHT_SIGNATURE, RELABEL_SIGNED_ANEW);
	if (!opts->keys || !keyset_find(opts->keys, x))
		return is(RELABEL_OTHER_SIGNATURE);
	return fits_or(RELABEL_FOREIGN_SIGNATURE, opts->key && opts->sign_anew
							  ? RELABEL_SIGNED_ANEW
							  : RELABEL_FOREIGN_WRONG);
}

bool relabel_is_own(const char *path)
{
	for (const char *const *own = relabel_own; *own; own++) {
		size_t len = strlen(*own);

		if (strncmp(path, *own, len) == 0 && path[len] == '/')
			return true;
	}
	return false;
}

static struct relabel_verdict judge_error(int err)
{
	return is(err == EOPNOTSUPP ? RELABEL_NO_XATTRS : RELABEL_UNREADABLE);
}

struct relabel_verdict relabel_judge(const struct relabel_opts *opts,
				     const struct pkgdb *pkgs,
				     const struct walk_file *file)
{
	bool sign = wants_signature(opts, pkgs, file->path);
	struct imaxattr x;

	if (relabel_is_own(file->path))
		return is(RELABEL_OWN);
	if (file->err && file->err != ENODATA)
		return judge_error(file->err);
	imaxattr_decode(IMAXATTR_IMA, file->value, &x);
	if (file->err == ENODATA || x.verdict == IMAXATTR_V_EMPTY)
		return is(sign ? RELABEL_NEW_SIGNATURE : RELABEL_NEW_HASH);
	if (imaxattr_is_sig(&x))
		return judge_signature(opts, &x);
	if (sign)
		return is(RELABEL_HASH_SIGNED);
	if (!imaxattr_usable(&x))
		return is(RELABEL_BAD_VALUE);
	if (opts->alg_given && x.hash != opts->alg)
		return is(RELABEL_OTHER_HASH);
	return fits_or(RELABEL_RIGHT_HASH, RELABEL_WRONG_HASH);
}

/* Copies of policies in generations stay as their manifests have them. */
static bool in_generation(const char *path)
{
	return strncmp(path, GEN_FOLDER "/", strlen(GEN_FOLDER "/")) == 0;
}

const char *relabel_also(const struct relabel_opts *opts)
{
	return opts->instead_of.len ? label_name(LABEL_SECURITY, IMAXATTR_EVM) : NULL;
}

/* Only what fits is signed: else a file that somebody has changed would become right. */
bool relabel_judge_instead(const struct relabel_opts *opts, const struct walk_file *file,
			   struct relabel_verdict *ret)
{
	struct imaxattr x, evm;

	if (file->err || relabel_is_own(file->path) || in_generation(file->path))
		return false;
	imaxattr_decode(IMAXATTR_IMA, file->value, &x);
	if (!imaxattr_is_sig(&x) || !span_equal(x.keyid, opts->instead_of))
		return false;
	imaxattr_decode(IMAXATTR_EVM, file->also, &evm);
	if (!file->also_err && evm.type == IMAXATTR_PORTABLE)
		*ret = is(RELABEL_EVM_COVERED);
	else if (!imaxattr_usable(&x))
		*ret = is(RELABEL_WRONG_SIGNATURE);
	else if (x.type == IMAXATTR_VERITY || x.version == 3)
		*ret = is(x.type == IMAXATTR_VERITY ? RELABEL_VERITY : RELABEL_VERSION_3);
	else if (!opts->keys || !keyset_find(opts->keys, &x))
		*ret = is(RELABEL_OTHER_SIGNATURE);
	else
		*ret = fits_or(RELABEL_SIGNED_INSTEAD, RELABEL_FOREIGN_WRONG);
	return true;
}

enum relabel_reason relabel_expect(const struct relabel_opts *opts,
				   const struct pkgdb *pkgs, const char *path)
{
	if (relabel_is_own(path))
		return RELABEL_OWN;
	return wants_signature(opts, pkgs, path) ? RELABEL_RIGHT_SIGNATURE
						 : RELABEL_RIGHT_HASH;
}

/* A hash of any algorithm, or where one was given of that; the key of a signature. */
struct span relabel_kind_bytes(const struct relabel_opts *opts, enum relabel_reason fits,
			       uint8_t buf[RELABEL_KIND_BYTES])
{
	if (fits == RELABEL_RIGHT_SIGNATURE) {
		buf[0] = 's';
		memcpy(buf + 1, sig_key_id(opts->key).ptr, IMAXATTR_KEYID);
		return (struct span){buf, RELABEL_KIND_BYTES};
	}
	buf[0] = (uint8_t)opts->alg;
	return opts->alg_given ? (struct span){buf, 1} : KNOWN_ANY_HASH;
}

enum relabel_reason relabel_permit(enum relabel_reason reason, bool read_only,
				   bool locked)
{
	enum relabel_kind kind = relabel_kind_of(reason);

	if (kind != RELABEL_SIGN && kind != RELABEL_HASH)
		return reason;
	return read_only ? RELABEL_READ_ONLY : locked ? RELABEL_IMMUTABLE : reason;
}
