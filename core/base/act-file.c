/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/act-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"
#include "core/base/fstate.h"
#include "core/base/pack.h"

static int failed(enum diag_id id, const char *what, const struct plan_step *step,
		  int err, struct diag *reterr)
{
	char q[160];

	return diag_set(reterr, err == -ELOOP ? DIAG_LINK_ON_WAY : id, err,
			"Cannot %s %s: %s.", what,
			plan_step_quote(q, sizeof(q), step, step->path), diag_errno(err));
}

static int probe_file(const struct action_env *env, const struct plan_step *step,
		      struct strbuf *out, struct diag *reterr)
{
	static const struct fstate absent = {.kind = FSTATE_ABSENT};
	char leaf[FSPATH_LEAF_MAX], q[160];
	_cleanup_close_ int at =
		fspath_parent(env->root->dir[step->place], step->path, leaf);
	int r;

	if (at == -ENOENT) {
		fstate_pack(out, &absent);
		return 0;
	}
	r = at < 0 ? at : fstate_read(at, leaf, out);
	if (r == -EFBIG)
		return diag_set(reterr, DIAG_TOO_BIG_TO_KEEP, EFBIG,
				"%s is too large to be kept for an undo.",
				plan_step_quote(q, sizeof(q), step, step->path));
	return r < 0 ? failed(DIAG_READ, "read", step, r, reterr) : 0;
}

/* Owner first: chown() takes capabilities and set-id bits away again. */
static int dress(int fd, const struct fstate *s)
{
	struct timespec times[2] = {
		{.tv_nsec = UTIME_OMIT},
		{.tv_sec = (time_t)s->mtime, .tv_nsec = (long)s->mtime_nsec},
	};
	int r;

	if (fchown(fd, s->uid, s->gid) < 0)
		return -errno;
	r = fstate_write_xattrs(fd, s->xattrs);
	if (r < 0)
		return r;
	if (fchmod(fd, s->mode) < 0)
		return -errno;
	if (s->mtime_nsec != UTIME_NOW && futimens(fd, times) < 0)
		return -errno;
	return 0;
}

static int sync_file(int fd)
{
	int r;

	do
		r = fsync(fd);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static int make_file(int at, const char *tmp, const struct fstate *s)
{
	_cleanup_close_ int fd =
		openat(at, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		       0600);
	int r;

	if (fd < 0)
		return -errno;
	r = fs_write_all(fd, s->content.ptr, s->content.len);
	if (r == 0)
		r = dress(fd, s);
	if (r == 0)
		r = sync_file(fd);
	if (close(take_fd(&fd)) < 0 && r == 0)
		r = -errno;
	return r;
}

static int make_link(int at, const char *tmp, const struct fstate *s)
{
	_cleanup_free_ char *text = strndup((const char *)s->content.ptr, s->content.len);

	if (!text)
		return -ENOMEM;
	if (symlinkat(text, at, tmp) < 0)
		return -errno;
	return fchownat(at, tmp, s->uid, s->gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int put(int at, const char *leaf, const char *tmp, const struct fstate *s)
{
	int r;

	if (s->kind == FSTATE_ABSENT)
		return unlinkat(at, leaf, 0) < 0 && errno != ENOENT ? -errno : 0;
	if (s->kind != FSTATE_FILE && s->kind != FSTATE_SYMLINK)
		return -EOPNOTSUPP;
	if (unlinkat(at, tmp, 0) < 0 && errno != ENOENT)
		return -errno;
	r = s->kind == FSTATE_FILE ? make_file(at, tmp, s) : make_link(at, tmp, s);
	if (r == 0 && renameat(at, tmp, at, leaf) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(at, tmp,
			       0); /* the first error counts; sweep() tries again */
	return r;
}

static int apply_file(const struct action_env *env, const struct plan_step *step,
		      struct span state, struct diag *reterr)
{
	char leaf[FSPATH_LEAF_MAX];
	_cleanup_close_ int at =
		fspath_parent(env->root->dir[step->place], step->path, leaf);
	struct fstate s;
	int r;

	if (!fstate_unpack(state, &s))
		return failed(DIAG_INTERNAL, "write", step, -EBADMSG, reterr);
	if (at == -ENOENT && s.kind == FSTATE_ABSENT)
		return 0;
	r = at < 0 ? at : put(at, leaf, env->tmp, &s);
	if (r == 0)
		r = fspath_sync(at);
	if (r == 0)
		return 0;
	return failed(DIAG_WRITE, s.kind == FSTATE_ABSENT ? "remove" : "write", step, r,
		      reterr);
}

static void sweep_file(const struct action_env *env, const struct plan_step *step)
{
	char leaf[FSPATH_LEAF_MAX];
	_cleanup_close_ int at =
		fspath_parent(env->root->dir[step->place], step->path, leaf);

	if (at >= 0)
		(void)unlinkat(at, env->tmp, 0); /* absent as a rule */
}

static void describe_file(struct strbuf *out, struct span state)
{
	char size[24];
	struct fstate s;

	if (!fstate_unpack(state, &s))
		return;
	if (s.kind == FSTATE_FILE)
		strbuf_addf(out, "%s, mode %04o",
			    str_bytes(size, sizeof(size), s.content.len), s.mode);
	else if (s.kind == FSTATE_SYMLINK) {
		strbuf_adds(out, "link to ");
		str_escape(out, s.content, true);
	} else
		strbuf_adds(out, s.kind == FSTATE_ABSENT   ? "nothing"
				 : s.kind == FSTATE_FOLDER ? "a folder"
							   : "a special file");
}

const struct action_ops act_file_ops = {
	.probe = probe_file,
	.apply = apply_file,
	.same = fstate_same,
	.fingerprint = fstate_fingerprint,
	.sweep = sweep_file,
	.describe = describe_file,
};

/* What is there now, for planners. */
static int look(const struct root *root, const struct plan_spec *at, struct strbuf *now,
		struct fstate *ret, struct diag *reterr)
{
	struct plan_step step = {.action = action_base(ACTION_REPLACE_FILE),
				 .place = at->place};
	_cleanup_free_ char *path = strdup(at->path);
	char q[160];
	int r;

	if (!path)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	if (!fspath_valid(path))
		return diag_set(reterr, DIAG_BAD_PATH, EINVAL,
				"A step has no usable path.");
	step.path = path;
	r = probe_file(&(struct action_env){.root = root}, &step, now, reterr);
	if (r < 0)
		return r;
	if (!fstate_unpack(strbuf_span(now), ret))
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	if (ret->kind == FSTATE_FOLDER)
		return failed(DIAG_NOT_A_FILE, "change", &step, EISDIR, reterr);
	if (ret->kind == FSTATE_OTHER)
		return diag_set(reterr, DIAG_NOT_A_FILE, EISDIR,
				"Cannot change %s: a device, FIFO or socket.",
				plan_step_quote(q, sizeof(q), &step, step.path));
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

static void own(struct fstate *s, mode_t mode, uid_t uid, gid_t gid)
{
	s->mode = mode;
	s->uid = uid;
	s->gid = gid;
}

int act_file_replace(struct plan *plan, const struct root *root,
		     const struct plan_spec *at, struct span content,
		     const struct act_file_meta *meta, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf now = {0}, xattrs = {0};
	struct fstate was = {0}, s = {.kind = FSTATE_FILE, .content = content};
	int r = look(root, at, &now, &was, reterr);

	if (r < 0)
		return r;
	if (meta)
		own(&s, meta->mode & 07777, meta->uid, meta->gid);
	else if (was.kind == FSTATE_FILE)
		own(&s, was.mode, was.uid, was.gid);
	else
		own(&s, 0644, geteuid(), getegid());
	if (fstate_inherit_xattrs(was.xattrs, meta ? meta->xattrs : (struct span){0},
				  &xattrs) < 0)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	s.xattrs = strbuf_span(&xattrs);
	s.mtime_nsec = (uint32_t)UTIME_NOW; /* stays what the write makes it */
	return add(plan, root, at, ACTION_REPLACE_FILE, &s, reterr);
}

int act_file_remove(struct plan *plan, const struct root *root,
		    const struct plan_spec *at, struct diag *reterr)
{
	static const struct fstate absent = {.kind = FSTATE_ABSENT};
	_cleanup_strbuf_ struct strbuf now = {0};
	struct fstate was;
	int r = look(root, at, &now, &was, reterr);

	return r < 0 ? r : add(plan, root, at, ACTION_REMOVE_FILE, &absent, reterr);
}

int act_file_symlink(struct plan *plan, const struct root *root,
		     const struct plan_spec *at, const char *text, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf now = {0};
	struct fstate was, s = {.kind = FSTATE_SYMLINK, .content = span_of(text)};
	int r = look(root, at, &now, &was, reterr);

	own(&s, 0777, geteuid(), getegid());
	if (r == 0 && (!*text || strlen(text) >= 4096))
		return diag_set(reterr, DIAG_BAD_PATH, EINVAL, "A link needs a target.");
	return r < 0 ? r : add(plan, root, at, ACTION_SYMLINK, &s, reterr);
}
