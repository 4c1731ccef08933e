/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/act-folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/base/fstate.h"
#include "core/base/pack.h"

static int failed(enum diag_id id, const char *what, const struct plan_step *step,
		  int err, struct diag *reterr)
{
	char q[160];

	return diag_set(reterr, err == -ELOOP ? DIAG_LINK_ON_WAY : id, err,
			"Cannot %s folder %s: %s.", what,
			plan_step_quote(q, sizeof(q), step, step->path), diag_errno(err));
}

static int probe_folder(const struct action_env *env, const struct plan_step *step,
			struct strbuf *out, struct diag *reterr)
{
	static const struct fstate absent = {.kind = FSTATE_ABSENT};
	char leaf[FSPATH_LEAF_MAX];
	_cleanup_close_ int at =
		fspath_parent(env->root->dir[step->place], step->path, leaf);
	int r;

	if (at == -ENOENT) {
		fstate_pack(out, &absent);
		return 0;
	}
	r = at < 0 ? at : fstate_read(at, leaf, out);
	return r < 0 ? failed(DIAG_READ, "read", step, r, reterr) : 0;
}

static int dress(int at, const char *tmp, const struct fstate *s)
{
	_cleanup_close_ int fd =
		openat(at, tmp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0 || fchown(fd, s->uid, s->gid) < 0)
		return -errno;
	r = fstate_write_xattrs(fd, s->xattrs);
	if (r < 0)
		return r;
	if (fchmod(fd, s->mode) < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

static int make(int at, const char *leaf, const char *tmp, const struct fstate *s)
{
	int r;

	if (unlinkat(at, tmp, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return -errno;
	r = mkdirat(at, tmp, 0700) < 0 ? -errno : dress(at, tmp, s);
	if (r == 0 && renameat(at, tmp, at, leaf) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(at, tmp, AT_REMOVEDIR); /* the first error counts */
	return r;
}

static int put(int at, const char *leaf, const char *tmp, const struct fstate *s)
{
	if (s->kind == FSTATE_FOLDER)
		return make(at, leaf, tmp, s);
	if (s->kind != FSTATE_ABSENT)
		return -EOPNOTSUPP;
	return unlinkat(at, leaf, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

static int apply_folder(const struct action_env *env, const struct plan_step *step,
			struct span state, struct diag *reterr)
{
	char leaf[FSPATH_LEAF_MAX];
	_cleanup_close_ int at =
		fspath_parent(env->root->dir[step->place], step->path, leaf);
	struct fstate s;
	int r;

	if (!fstate_unpack(state, &s))
		return failed(DIAG_INTERNAL, "make", step, -EBADMSG, reterr);
	if (at == -ENOENT && s.kind == FSTATE_ABSENT)
		return 0;
	r = at < 0 ? at : put(at, leaf, env->tmp, &s);
	if (r == 0)
		r = fspath_sync(at);
	if (r == 0)
		return 0;
	return failed(DIAG_WRITE, s.kind == FSTATE_ABSENT ? "remove" : "make", step, r,
		      reterr);
}

static void sweep_folder(const struct action_env *env, const struct plan_step *step)
{
	char leaf[FSPATH_LEAF_MAX];
	_cleanup_close_ int at =
		fspath_parent(env->root->dir[step->place], step->path, leaf);

	if (at >= 0)
		(void)unlinkat(at, env->tmp, AT_REMOVEDIR); /* absent as a rule */
}

static void describe_folder(struct strbuf *out, struct span state)
{
	struct fstate s;

	if (!fstate_unpack(state, &s))
		return;
	if (s.kind == FSTATE_FOLDER)
		strbuf_addf(out, "mode %04o", s.mode);
	else
		strbuf_adds(out, s.kind == FSTATE_ABSENT ? "nothing" : "not a folder");
}

const struct action_ops act_folder_ops = {
	.probe = probe_folder,
	.apply = apply_folder,
	.same = fstate_same,
	.fingerprint = fstate_fingerprint,
	.sweep = sweep_folder,
	.describe = describe_folder,
};

static int look(const struct root *root, const struct plan_spec *at,
		enum fstate_kind *ret, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf now = {0};
	struct plan_step step = {.action = action_base(ACTION_MAKE_FOLDER),
				 .place = at->place};
	struct fstate was;
	_cleanup_free_ char *path = strdup(at->path);
	int r;

	if (!path)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	if (!fspath_valid(path))
		return diag_set(reterr, DIAG_BAD_PATH, EINVAL,
				"A step has no usable path.");
	step.path = path;
	r = probe_folder(&(struct action_env){.root = root}, &step, &now, reterr);
	if (r < 0)
		return r;
	if (!fstate_unpack(strbuf_span(&now), &was))
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	if (was.kind != FSTATE_ABSENT && was.kind != FSTATE_FOLDER)
		return failed(DIAG_NOT_A_FILE, "change", &step, ENOTDIR, reterr);
	*ret = was.kind;
	return 0;
}

static int add(struct plan *plan, const struct root *root, const struct plan_spec *at,
	       enum action_id id, const struct fstate *after, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf state = {0};
	struct plan_spec spec = *at;

	fstate_pack(&state, after);
	if (state.failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	spec.action = action_base(id);
	spec.after = strbuf_span(&state);
	return plan_add(plan, root, &spec, reterr);
}

int act_folder_make(struct plan *plan, const struct root *root,
		    const struct plan_spec *at, mode_t mode, struct diag *reterr)
{
	struct fstate s = {.kind = FSTATE_FOLDER,
			   .mode = mode & 07777,
			   .uid = geteuid(),
			   .gid = getegid()};
	enum fstate_kind was;
	int r = look(root, at, &was, reterr);

	if (r < 0 || was == FSTATE_FOLDER)
		return r;
	return add(plan, root, at, ACTION_MAKE_FOLDER, &s, reterr);
}

int act_folder_remove(struct plan *plan, const struct root *root,
		      const struct plan_spec *at, struct diag *reterr)
{
	static const struct fstate absent = {.kind = FSTATE_ABSENT};
	enum fstate_kind was;
	int r = look(root, at, &was, reterr);

	return r < 0 ? r : add(plan, root, at, ACTION_REMOVE_FOLDER, &absent, reterr);
}
