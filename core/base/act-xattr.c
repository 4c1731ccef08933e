/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/act-xattr.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"
#include "core/base/pack.h"

struct state {
	uint32_t type; /* of the file; 0: there is none */
	bool set;      /* is the attribute? */
	struct span value;
	/* To be, of a value that was made of contents; of no state that was found. */
	bool bound;
	struct stamp made;
};

static void pack_state(struct strbuf *out, const struct state *s)
{
	pack_u32(out, s->type);
	pack_u8(out, s->set);
	pack_span(out, s->value);
	if (s->bound)
		stamp_pack(out, &s->made);
}

static bool unpack_state(struct span bytes, struct state *ret)
{
	struct bytes b = bytes_of(bytes.ptr, bytes.len);
	uint8_t flag;

	if (!bytes_u32(&b, &ret->type) || !bytes_u8(&b, &flag) ||
	    !unpack_span(&b, &ret->value))
		return false;
	ret->set = flag;
	ret->bound = bytes_left(&b);
	return (!ret->bound || stamp_unpack(&b, &ret->made)) && !bytes_left(&b);
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

	if (err == -ESTALE)
		return diag_set(reterr, DIAG_PLAN_STALE, err,
				"%s has changed since the plan was made.",
				plan_step_quote(path, sizeof(path), step, step->path));
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
	struct state s = {0};
	_cleanup_close_ int fd = hold(env, step, &s.type);
	int r;

	if (fd < 0 && fd != -ENOENT)
		return failed("read", step, fd, reterr);
	r = fd < 0 ? -ENODATA : fs_get_xattr(fd, step->arg, &value);
	if (r < 0 && r != -ENODATA)
		return failed("read", step, r, reterr);
	s.set = r >= 0;
	s.value = strbuf_span(&value);
	pack_state(out, &s);
	return out->failed ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.") : 0;
}

/* What is there does not show what it was made of. */
static bool same_xattr(struct span actual, struct span wanted)
{
	struct state a, w;

	return unpack_state(actual, &a) && unpack_state(wanted, &w) && a.type == w.type &&
	       a.set == w.set && span_equal(a.value, w.value);
}

static bool fits(const struct stamp *now, const struct stamp *made)
{
	return made->ctime.sec || made->ctime.nsec ? stamp_same(now, made)
						   : stamp_same_contents(now, made);
}

int act_xattr_bind(int fd, const char *name, const struct act_xattr_bond *bond,
		   const struct stamp *now, struct stamp *ret_after)
{
	struct stamp after;
	int r;

	if (!fits(now, &bond->made))
		return -ESTALE;
	r = fs_set_xattr(fd, name, bond->value);
	if (r == 0)
		r = stamp_read(fd, &after);
	if (r < 0)
		return r;
	if (!stamp_same_contents(&after, &bond->made)) {
		r = bond->had ? fs_set_xattr(fd, name, bond->old)
			      : fs_remove_xattr(fd, name);
		return r < 0 ? -EIO : -ESTALE;
	}
	if (ret_after)
		*ret_after = after;
	return 0;
}

static int bind(int fd, const char *name, const struct state *s)
{
	struct act_xattr_bond bond = {.value = s->value, .made = s->made};
	_cleanup_strbuf_ struct strbuf old = {0};
	struct stamp now;
	int r = fs_get_xattr(fd, name, &old);

	if (r < 0 && r != -ENODATA)
		return r;
	bond.had = r == 0;
	bond.old = strbuf_span(&old);
	r = stamp_read(fd, &now);
	return r < 0 ? r : act_xattr_bind(fd, name, &bond, &now, NULL);
}

static int write_state(int fd, const char *name, const struct state *s)
{
	if (!s->set)
		return fs_remove_xattr(fd, name);
	return s->bound ? bind(fd, name, s) : fs_set_xattr(fd, name, s->value);
}

static int apply_xattr(const struct action_env *env, const struct plan_step *step,
		       struct span state, struct diag *reterr)
{
	uint32_t type = 0;
	_cleanup_close_ int fd = hold(env, step, &type);
	struct state s;
	int r;

	if (!unpack_state(state, &s))
		return failed("set", step, -EBADMSG, reterr);
	if (fd < 0 && !(fd == -ENOENT && !s.type))
		return failed("set", step, fd, reterr);
	if (type != s.type)
		return failed("set", step, -ENOTSUP, reterr);
	r = fd < 0 ? 0 : write_state(fd, step->arg, &s);
	if (r == -EACCES && s.set && strcmp(step->arg, "security.ima") == 0)
		return act_xattr_hash_refused(step, reterr);
	return r < 0 ? failed(s.set ? "set" : "remove", step, r, reterr) : 0;
}

static void describe_xattr(struct strbuf *out, struct span state)
{
	struct state s;

	if (!unpack_state(state, &s))
		return;
	if (!s.set)
		strbuf_adds(out, "not set");
	else
		strbuf_addf(out, "%zu byte%s", s.value.len, s.value.len == 1 ? "" : "s");
}

const struct action_ops act_xattr_ops = {
	.probe = probe_xattr,
	.apply = apply_xattr,
	.same = same_xattr,
	.describe = describe_xattr,
};

static int add(struct plan *plan, const struct root *root, const struct plan_spec *at,
	       const char *name, struct state *after, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf state = {0};
	struct plan_step step = {.action = action_base(ACTION_SET_XATTR),
				 .place = at->place};
	struct plan_spec spec = *at;
	_cleanup_free_ char *path = strdup(at->path);
	_cleanup_close_ int fd = -1;
	char q[140];

	if (!path)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	if (!fspath_valid(path))
		return diag_set(reterr, DIAG_BAD_PATH, EINVAL,
				"A step has no usable path.");
	step.path = path;
	fd = hold(&(struct action_env){.root = root}, &step, &after->type);
	if (fd < 0 && fd != -ENOENT)
		return diag_set(reterr, fd == -ELOOP ? DIAG_LINK_ON_WAY : DIAG_OPEN, fd,
				"Cannot set an attribute of %s: %s.",
				plan_step_quote(q, sizeof(q), &step, path),
				diag_errno(fd));
	/* not there yet: an earlier step makes it, and plain files are what steps make */
	if (fd < 0)
		after->type = S_IFREG;
	pack_state(&state, after);
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
	struct state after = {.set = true, .value = value};

	return add(plan, root, at, name, &after, reterr);
}

int act_xattr_set_of(struct plan *plan, const struct root *root,
		     const struct plan_spec *at, const char *name, struct span value,
		     const struct stamp *made, struct diag *reterr)
{
	struct state after = {.set = true, .value = value, .bound = true, .made = *made};

	return add(plan, root, at, name, &after, reterr);
}

int act_xattr_remove(struct plan *plan, const struct root *root,
		     const struct plan_spec *at, const char *name, struct diag *reterr)
{
	struct state after = {.set = false};

	return add(plan, root, at, name, &after, reterr);
}
