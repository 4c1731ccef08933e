/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/boot/act-efivar.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"
#include "core/boot/act-boot.h"
#include "core/boot/efivar.h"

enum { LIMIT = 4096 };

static int failed(const struct plan_step *step, const char *what, int err,
		  struct diag *reterr)
{
	char q[160];

	return diag_set(reterr,
			err == -EACCES || err == -EPERM ? DIAG_PERMISSION : DIAG_WRITE,
			err, "Cannot %s %s: %s.", what,
			plan_step_quote(q, sizeof(q), step, step->path), diag_errno(err));
}

static int probe_variable(const struct action_env *env, const struct plan_step *step,
			  struct strbuf *out, struct diag *reterr)
{
	_cleanup_close_ int fd = fspath_open(env->root->dir[step->place], step->path,
					     O_RDONLY | O_CLOEXEC);

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return failed(step, "read", fd, reterr);
	return fs_read_fd(fd, LIMIT, "the variable", out, reterr);
}

/* The kernel makes those that it does not know immutable, against rm -r
 * (fs/efivarfs/inode.c). */
static int unlock(int at, const char *leaf)
{
	_cleanup_close_ int fd =
		openat(at, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int flags = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return errno == ENOTTY ? 0 : -errno;
	if (!(flags & FS_IMMUTABLE_FL))
		return 0;
	flags &= ~FS_IMMUTABLE_FL;
	return ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0 ? -errno : 0;
}

static int put(int at, const char *leaf, struct span state)
{
	_cleanup_close_ int fd = -1;
	ssize_t n;
	int r = unlock(at, leaf);

	if (r < 0)
		return r;
	if (!state.len)
		return unlinkat(at, leaf, 0) < 0 && errno != ENOENT ? -errno : 0;
	fd = openat(at, leaf, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	n = write(fd, state.ptr, state.len);
	if (n < 0)
		return -errno;
	return (size_t)n == state.len ? 0 : -EIO;
}

static int apply_variable(const struct action_env *env, const struct plan_step *step,
			  struct span state, struct diag *reterr)
{
	char leaf[FSPATH_LEAF_MAX];
	_cleanup_close_ int at =
		fspath_parent(env->root->dir[step->place], step->path, leaf);
	int r = at < 0 ? at : put(at, leaf, state);

	return r < 0 ? failed(step, "set", r, reterr) : 0;
}

static void describe_variable(struct strbuf *out, struct span state)
{
	_cleanup_strbuf_ struct strbuf text = {0};

	if (!state.len)
		strbuf_adds(out, "not set");
	else if (efivar_text(state, &text))
		str_escape(out, strbuf_span(&text), true);
}

const struct action_ops act_efivar_ops = {
	.probe = probe_variable,
	.apply = apply_variable,
	.describe = describe_variable,
};

int act_efivar_add(struct plan *plan, const struct root *root, const struct plan_spec *at,
		   const char *ascii, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf after = {0};
	struct plan_spec spec = *at;

	if (ascii)
		efivar_pack_text(&after, ascii);
	if (after.failed)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	spec.action = act_boot(ACT_BOOT_EFIVAR);
	spec.after = strbuf_span(&after);
	return plan_add(plan, root, &spec, reterr);
}
