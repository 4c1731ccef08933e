/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/act-xattr.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"
#include "core/base/pack.h"

/* State: type of the file (0: there is none), whether the attribute is set, its value. */
static void pack_state(struct strbuf *out, uint32_t type, bool set, struct span value)
{
	pack_u32(out, type);
	pack_u8(out, set);
	pack_span(out, value);
}

static bool unpack_state(struct span state, uint32_t *type, bool *set, struct span *value)
{
	struct bytes b = bytes_of(state.ptr, state.len);
	uint8_t flag;

	if (!bytes_u32(&b, type) || !bytes_u8(&b, &flag) || !unpack_span(&b, value))
		return false;
	*set = flag;
	return !bytes_left(&b);
}

int act_xattr_hash_refused(const struct plan_step *step, struct diag *reterr)
{
	char path[140];

	return diag_set(reterr, DIAG_HASH_REFUSED, EACCES,
			"The kernel does not take this label for %s: it has not its hash "
			"algorithm, or its policy forbids it.",
			plan_step_quote(path, sizeof(path), step, step->path));
}

static int failed(const char *what, const struct plan_step *step, int err,
		  struct diag *reterr)
{
	char name[64], path[140];

	return diag_set(reterr, err == -ELOOP ? DIAG_LINK_ON_WAY : DIAG_WRITE, err,
			"Cannot %s %s of %s: %s.", what,
			str_quote(name, sizeof(name), span_of(step->arg)),
			plan_step_quote(path, sizeof(path), step, step->path),
			diag_errno(err));
}

/* A descriptor that names the file without opening it. -ENOENT: nothing there. */
static int hold(const struct action_env *env, const struct plan_step *step,
		uint32_t *type)
{
	char leaf[FSPATH_LEAF_MAX];
	_cleanup_close_ int at =
		fspath_parent(env->root->dir[step->place], step->path, leaf);
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (at < 0)
		return at;
	fd = openat(at, leaf, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return -EOPNOTSUPP;
	*type = st.st_mode & S_IFMT;
	return take_fd(&fd);
}

static int probe_xattr(const struct action_env *env, const struct plan_step *step,
		       struct strbuf *out, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf value = {0};
	uint32_t type = 0;
	_cleanup_close_ int fd = hold(env, step, &type);
	int r;

	if (fd < 0 && fd != -ENOENT)
		return failed("read", step, fd, reterr);
	r = fd < 0 ? -ENODATA : fs_get_xattr(fd, step->arg, &value);
	if (r < 0 && r != -ENODATA)
		return failed("read", step, r, reterr);
	pack_state(out, type, r >= 0, strbuf_span(&value));
	return out->failed ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.") : 0;
}

static int write_value(int fd, const char *name, bool set, struct span value)
{
	char link[32];
	int r;

	(void)fs_fd_path(link, fd);
	do
		r = set ? setxattr(link, name, value.ptr, value.len, 0)
			: removexattr(link, name);
	while (r < 0 && errno == EINTR);
	return r < 0 && (set || errno != ENODATA) ? -errno : 0;
}

static int apply_xattr(const struct action_env *env, const struct plan_step *step,
		       struct span state, struct diag *reterr)
{
	uint32_t type = 0, wanted;
	_cleanup_close_ int fd = hold(env, step, &type);
	struct span value;
	bool set;
	int r;

	if (!unpack_state(state, &wanted, &set, &value))
		return failed("set", step, -EBADMSG, reterr);
	if (fd < 0 && !(fd == -ENOENT && !wanted))
		return failed("set", step, fd, reterr);
	if (type != wanted)
		return failed("set", step, -ENOTSUP, reterr);
	r = fd < 0 ? 0 : write_value(fd, step->arg, set, value);
	if (r == -EACCES && set && strcmp(step->arg, "security.ima") == 0)
		return act_xattr_hash_refused(step, reterr);
	return r < 0 ? failed(set ? "set" : "remove", step, r, reterr) : 0;
}

static void describe_xattr(struct strbuf *out, struct span state)
{
	struct span value;
	uint32_t type;
	bool set;

	if (!unpack_state(state, &type, &set, &value))
		return;
	if (!set)
		strbuf_adds(out, "not set");
	else
		strbuf_addf(out, "%zu byte%s", value.len, value.len == 1 ? "" : "s");
}

const struct action_ops act_xattr_ops = {
	.probe = probe_xattr,
	.apply = apply_xattr,
	.describe = describe_xattr,
};

static int add(struct plan *plan, const struct root *root, const struct plan_spec *at,
	       const char *name, const struct span *value, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf state = {0};
	struct plan_step step = {.action = action_base(ACTION_SET_XATTR),
				 .place = at->place};
	struct plan_spec spec = *at;
	uint32_t type = 0;
	_cleanup_free_ char *path = strdup(at->path);
	_cleanup_close_ int fd = -1;
	char q[140];

	if (!path)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	if (!fspath_valid(path))
		return diag_set(reterr, DIAG_BAD_PATH, EINVAL,
				"A step has no usable path.");
	step.path = path;
	fd = hold(&(struct action_env){.root = root}, &step, &type);
	if (fd < 0 && fd != -ENOENT)
		return diag_set(reterr, fd == -ELOOP ? DIAG_LINK_ON_WAY : DIAG_OPEN, fd,
				"Cannot set an attribute of %s: %s.",
				plan_step_quote(q, sizeof(q), &step, path),
				diag_errno(fd));
	/* not there yet: an earlier step makes it, and plain files are what steps make */
	pack_state(&state, fd < 0 ? S_IFREG : type, value,
		   value ? *value : (struct span){0});
	if (state.failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	spec.action = action_base(ACTION_SET_XATTR);
	spec.arg = name;
	spec.after = strbuf_span(&state);
	return plan_add(plan, root, &spec, reterr);
}

int act_xattr_set(struct plan *plan, const struct root *root, const struct plan_spec *at,
		  const char *name, struct span value, struct diag *reterr)
{
	return add(plan, root, at, name, &value, reterr);
}

int act_xattr_remove(struct plan *plan, const struct root *root,
		     const struct plan_spec *at, const char *name, struct diag *reterr)
{
	return add(plan, root, at, name, NULL, reterr);
}
