/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/act-file.h"
#include "core/base/act-folder.h"
#include "core/base/act-rename.h"
#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/base/fstate.h"
#include "core/base/gen-internal.h"
#include "core/base/imaxattr.h"
#include "core/base/pack.h"
#include "core/base/sha256.h"

#define FOR_GOOD "what was revoked must never come back"

static int no_memory(struct diag *reterr)
{
	return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
}

static struct plan_spec at(const char *path, const char *why)
{
	return (struct plan_spec){.place = ROOT_TARGET,
				  .path = path,
				  .danger = PLAN_REVERSIBLE,
				  .why = why};
}

static int folder(struct plan *plan, const struct root *root, const char *path,
		  struct diag *reterr)
{
	struct plan_spec spec = at(path, NULL);
	int r = act_folder_make(plan, root, &spec, 0700, reterr);

	return r < 0 ? r : 0;
}

/* Whoever else can write there decides what the next boot goes back to. */
static int check_alone(const struct root *root, const char *path, struct diag *reterr)
{
	_cleanup_close_ int fd =
		fspath_open(root->dir[ROOT_TARGET], path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))
		return 0; /* the step itself says what is wrong with it */
	if ((st.st_uid == 0 || st.st_uid == geteuid()) &&
	    !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	return diag_set(reterr, DIAG_STATE_SHARED, EPERM,
			"Others can write to /%s (user %u, mode %04o).", path,
			(unsigned)st.st_uid, (unsigned)st.st_mode & 07777);
}

int gen_begin(struct plan *plan, const struct root *root, struct diag *reterr)
{
	static const char *const paths[] = {GEN_FOLDER, GEN_FOLDER "/gen",
					    GEN_FOLDER "/blessed", GEN_FOLDER "/minimum",
					    GEN_FOLDER "/revoked"};
	int r = 0;

	for (size_t i = 0; i < array_size(paths) && r == 0; i++) {
		r = check_alone(root, paths[i], reterr);
		if (r == 0)
			r = folder(plan, root, paths[i], reterr);
	}
	return r;
}

static int wrong(struct diag *reterr, const char *what, const char *name)
{
	char q[100];

	return diag_set(reterr, DIAG_GEN_NAME, EINVAL, "%s: %s.",
			str_quote(q, sizeof(q), span_of(name)), what);
}

static int valid(const struct gen_spec *spec, bool *ret_policy, bool *ret_keys,
		 struct diag *reterr)
{
	*ret_policy = *ret_keys = false;
	if (spec->n > GEN_FILES_MAX || !spec->number || spec->number > GEN_MAX)
		return wrong(reterr, "does not fit into a generation", spec->origin);
	for (size_t i = 0; i < spec->n; i++) {
		const struct gen_file *f = &spec->file[i];

		if (!gen_valid_name(span_of(f->name)))
			return wrong(reterr, "no file of a generation has that name",
				     f->name);
		if (strcmp(f->name, GEN_POLICY) == 0 && !f->content.len)
			return wrong(reterr, "an empty policy is none", f->name);
		if (f->content.len > GEN_FILE_MAX)
			return wrong(reterr, "is too large", f->name);
		*ret_policy |= strcmp(f->name, GEN_POLICY) == 0;
		*ret_keys |= gen_key_of(span_of(f->name)).len > 0;
	}
	return 0;
}

static void add_label(struct strbuf *xattrs, struct span content)
{
	_cleanup_strbuf_ struct strbuf value = {0};
	uint8_t hash[SHA256_SIZE];

	sha256_of(content, hash);
	if (imaxattr_put_digest(&value, HASH_SHA256, (struct span){hash, sizeof(hash)}) <
		    0 ||
	    value.failed)
		xattrs->failed = true;
	fstate_add_xattr(xattrs, "security.ima", strbuf_span(&value));
}

/* "etc/imactl/gen/7.new/NAME": where it is made. */
static int put(struct plan *plan, const struct root *root, const struct gen_spec *gen,
	       const struct gen_file *f, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf path = {0}, label = {0};
	struct act_file_meta meta = {.mode = 0600, .xattrs = f->xattrs};
	struct plan_spec spec;
	int r;

	strbuf_addf(&path, GEN_FOLDER "/gen/%u.new/%s", gen->number, f->name);
	if (gen->label && !f->xattrs.len) {
		add_label(&label, f->content);
		meta.xattrs = strbuf_span(&label);
	}
	if (path.failed || label.failed)
		return no_memory(reterr);
	meta.uid = geteuid();
	meta.gid = getegid();
	spec = at(strbuf_str(&path), NULL);
	spec.meaning = f->meaning;
	r = act_file_replace(plan, root, &spec, f->content, &meta, reterr);
	return r < 0 ? r : 0;
}

/* Does the manifest hold bytes that come out otherwise each time? Then what it means is
 * what its files mean. */
static bool means_more(const struct gen_spec *spec, struct strbuf *meaning)
{
	bool any = false;

	pack_str(meaning, spec->origin);
	for (size_t i = 0; i < spec->n; i++) {
		const struct gen_file *f = &spec->file[i];

		pack_str(meaning, f->name);
		pack_span(meaning, f->content);
		pack_span(meaning, f->meaning.len ? f->meaning : f->xattrs);
		any |= f->meaning.len > 0;
	}
	return any;
}

static int put_manifest(struct plan *plan, const struct root *root,
			const struct gen_spec *spec, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf text = {0}, meaning = {0};
	struct gen_file f = {.name = GEN_MANIFEST};

	gen_manifest_write(&text, spec);
	f.content = strbuf_span(&text);
	if (means_more(spec, &meaning))
		f.meaning = strbuf_span(&meaning);
	return text.failed || meaning.failed ? no_memory(reterr)
					     : put(plan, root, spec, &f, reterr);
}

static int make_folders(struct plan *plan, const struct root *root, const char *path,
			bool keys, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf below = {0};
	int r = folder(plan, root, path, reterr);

	strbuf_addf(&below, "%s/" GEN_KEYS, path);
	if (r == 0 && below.failed)
		return no_memory(reterr);
	return r == 0 && keys ? folder(plan, root, strbuf_str(&below), reterr) : r;
}

static int name_no_policy(struct plan *plan, const struct root *root, const char *path,
			  struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf link = {0};
	struct plan_spec spec;
	int r;

	strbuf_addf(&link, "%s/" GEN_NO_POLICY, path);
	if (link.failed)
		return no_memory(reterr);
	spec = at(strbuf_str(&link),
		  "there was no policy, and that is what it stands for");
	r = act_file_symlink(plan, root, &spec, "none", reterr);
	return r < 0 ? r : 0;
}

int gen_add(struct plan *plan, const struct root *root, const struct gen_spec *spec,
	    struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf aside = {0}, path = {0};
	struct plan_spec move;
	bool policy, keys;
	int r = valid(spec, &policy, &keys, reterr);

	strbuf_addf(&aside, GEN_FOLDER "/gen/%u.new", spec->number);
	strbuf_addf(&path, GEN_FOLDER "/gen/%u", spec->number);
	if (r == 0 && (aside.failed || path.failed))
		return no_memory(reterr);
	if (r == 0)
		r = make_folders(plan, root, strbuf_str(&aside), keys, reterr);
	for (size_t i = 0; i < spec->n && r == 0; i++)
		r = put(plan, root, spec, &spec->file[i], reterr);
	if (r == 0 && !policy)
		r = name_no_policy(plan, root, strbuf_str(&aside), reterr);
	if (r == 0)
		r = put_manifest(plan, root, spec, reterr);
	move = at(strbuf_str(&aside), "complete");
	if (r == 0)
		r = act_rename_add(plan, root, &move, strbuf_str(&path), reterr);
	return r < 0 ? r : 0;
}

static int blessing(struct strbuf *path, unsigned number, const char *release,
		    struct diag *reterr)
{
	if (!*release || strlen(release) >= GEN_RELEASE_MAX || strchr(release, '/'))
		return wrong(reterr, "no kernel has that name", release);
	strbuf_addf(path, GEN_FOLDER "/blessed/%u@%s", number, release);
	return path->failed ? no_memory(reterr) : 0;
}

int gen_bless(struct plan *plan, const struct root *root, unsigned number,
	      const char *release, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf path = {0}, text = {0};
	struct plan_spec spec;
	int r = blessing(&path, number, release, reterr);

	strbuf_addf(&text, "../gen/%u", number);
	if (r < 0 || text.failed)
		return r < 0 ? r : no_memory(reterr);
	spec = at(strbuf_str(&path), "good for that kernel");
	return act_file_symlink(plan, root, &spec, strbuf_str(&text), reterr);
}

int gen_unbless(struct plan *plan, const struct root *root, unsigned number,
		const char *release, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf path = {0};
	struct plan_spec spec;
	int r = blessing(&path, number, release, reterr);

	if (r < 0)
		return r;
	spec = at(strbuf_str(&path), "no longer good for that kernel");
	return act_file_remove(plan, root, &spec, reterr);
}

int gen_set_candidate(struct plan *plan, const struct root *root, unsigned number,
		      struct diag *reterr)
{
	struct plan_spec spec = at(GEN_FOLDER "/candidate", NULL);
	_cleanup_strbuf_ struct strbuf text = {0};

	if (!number)
		return act_file_remove(plan, root, &spec, reterr);
	strbuf_addf(&text, "gen/%u", number);
	return text.failed
		       ? no_memory(reterr)
		       : act_file_symlink(plan, root, &spec, strbuf_str(&text), reterr);
}

static int for_good(struct plan *plan, const struct root *root, const char *folder_name,
		    const char *name, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf path = {0};
	struct plan_spec spec;

	strbuf_addf(&path, GEN_FOLDER "/%s/%s", folder_name, name);
	if (path.failed)
		return no_memory(reterr);
	spec = at(strbuf_str(&path), NULL);
	spec.irreversible = FOR_GOOD;
	return act_file_symlink(plan, root, &spec, "for-good", reterr);
}

int gen_revoke(struct plan *plan, const struct root *root, const char *key_hash,
	       struct diag *reterr)
{
	char name[GEN_NAME_SIZE];

	(void)snprintf(name, sizeof(name), GEN_KEYS "/%s.der", key_hash);
	if (strlen(key_hash) != GEN_KEY_HASH || !gen_key_of(span_of(name)).len)
		return wrong(reterr, "no key is named so", key_hash);
	return for_good(plan, root, "revoked", key_hash, reterr);
}

int gen_set_minimum(struct plan *plan, const struct root *root, unsigned number,
		    struct diag *reterr)
{
	_cleanup_gen_list_ struct gen_list list = {0};
	char name[16];
	int r = gen_list_load(root, NULL, &list, reterr);

	if (r < 0 || number <= list.minimum)
		return r;
	(void)snprintf(name, sizeof(name), "%u", number);
	if (number > GEN_MAX)
		return wrong(reterr, "no generation has that number", name);
	return for_good(plan, root, "minimum", name, reterr);
}
