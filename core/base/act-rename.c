/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/act-rename.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/base/pack.h"

/* Inode 0 in a wanted state: any; the plan may be made before the thing exists. */
struct name_state {
	uint8_t there;
	uint32_t type;
	uint64_t inode;
};

struct rename_state {
	struct name_state from, to;
};

static void pack_name(struct strbuf *out, const struct name_state *n)
{
	pack_u8(out, n->there);
	pack_u32(out, n->type);
	pack_u64(out, n->inode);
}

static bool unpack_name(struct bytes *b, struct name_state *ret)
{
	return bytes_u8(b, &ret->there) && bytes_u32(b, &ret->type) &&
	       bytes_u64(b, &ret->inode);
}

static void pack_state(struct strbuf *out, const struct rename_state *s)
{
	pack_name(out, &s->from);
	pack_name(out, &s->to);
}

static bool unpack_state(struct span bytes, struct rename_state *ret)
{
	struct bytes b = bytes_of(bytes.ptr, bytes.len);

	return unpack_name(&b, &ret->from) && unpack_name(&b, &ret->to) &&
	       !bytes_left(&b);
}

static int look(const struct root *root, enum root_place place, const char *path,
		struct name_state *ret)
{
	char leaf[FSPATH_LEAF_MAX];
	_cleanup_close_ int at = fspath_parent(root->dir[place], path, leaf);
	struct stat st;

	*ret = (struct name_state){0};
	if (at < 0)
		return at == -ENOENT ? 0 : at;
	if (fstatat(at, leaf, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	*ret = (struct name_state){1, st.st_mode & S_IFMT, st.st_ino};
	return 0;
}

static int failed(const struct plan_step *step, int err, struct diag *reterr)
{
	char from[100], to[100];

	return diag_set(reterr, err == -ELOOP ? DIAG_LINK_ON_WAY : DIAG_WRITE, err,
			"Cannot rename %s to %s: %s.",
			plan_step_quote(from, sizeof(from), step, step->path),
			plan_step_quote(to, sizeof(to), step, step->arg),
			diag_errno(err));
}

static int probe_rename(const struct action_env *env, const struct plan_step *step,
			struct strbuf *out, struct diag *reterr)
{
	struct rename_state s;
	int r = look(env->root, step->place, step->path, &s.from);

	if (r == 0)
		r = look(env->root, step->place, step->arg, &s.to);
	if (r < 0)
		return failed(step, r, reterr);
	pack_state(out, &s);
	return out->failed ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.") : 0;
}

/* FAT before 4.9, FUSE and some overlays do not know RENAME_NOREPLACE: look, then rename;
 * other imactls are kept out by the lock. */
static int move(int from_at, const char *from, int to_at, const char *to)
{
	struct stat st;

	if (renameat2(from_at, from, to_at, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (fstatat(to_at, to, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	return renameat(from_at, from, to_at, to) < 0 ? -errno : 0;
}

static int move_path(int place, const char *from, const char *to)
{
	char from_leaf[FSPATH_LEAF_MAX], to_leaf[FSPATH_LEAF_MAX];
	_cleanup_close_ int from_at = fspath_parent(place, from, from_leaf);
	_cleanup_close_ int to_at = fspath_parent(place, to, to_leaf);
	int r;

	if (from_at < 0 || to_at < 0)
		return from_at < 0 ? from_at : to_at;
	r = move(from_at, from_leaf, to_at, to_leaf);
	/* the new name first: a power cut between may leave two names, never none */
	if (r == 0)
		r = fspath_sync(to_at);
	return r == 0 ? fspath_sync(from_at) : r;
}

static int apply_rename(const struct action_env *env, const struct plan_step *step,
			struct span state, struct diag *reterr)
{
	int place = env->root->dir[step->place], r;
	struct rename_state s;

	if (!unpack_state(state, &s) || s.from.there == s.to.there)
		return failed(step, -EBADMSG, reterr);
	r = s.to.there ? move_path(place, step->path, step->arg)
		       : move_path(place, step->arg, step->path);
	return r < 0 ? failed(step, r, reterr) : 0;
}

static bool same_name(const struct name_state *actual, const struct name_state *wanted)
{
	return actual->there == wanted->there &&
	       (!wanted->inode ||
		(actual->inode == wanted->inode && actual->type == wanted->type));
}

static bool same_rename(struct span actual, struct span wanted)
{
	struct rename_state a, w;

	return unpack_state(actual, &a) && unpack_state(wanted, &w) &&
	       same_name(&a.from, &w.from) && same_name(&a.to, &w.to);
}

const struct action_ops act_rename_ops = {
	.probe = probe_rename,
	.apply = apply_rename,
	.same = same_rename,
};

int act_rename_add(struct plan *plan, const struct root *root, const struct plan_spec *at,
		   const char *to, struct diag *reterr)
{
	static const struct rename_state after = {.to = {.there = 1}};
	_cleanup_strbuf_ struct strbuf state = {0};
	struct plan_spec spec = *at;

	pack_state(&state, &after);
	if (state.failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	spec.action = action_base(ACTION_RENAME);
	spec.arg = to;
	spec.after = strbuf_span(&state);
	return plan_add(plan, root, &spec, reterr);
}
