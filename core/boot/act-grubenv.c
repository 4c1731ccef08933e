/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/boot/act-grubenv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"
#include "core/boot/act-boot.h"
#include "core/boot/grubenv.h"

static int failed(const struct plan_step *step, const char *what, int err,
		  struct diag *reterr)
{
	char q[160];

	if (err == -EBADMSG)
		return diag_set(reterr, DIAG_BOOT_ODD, EBADMSG,
				"%s is no environment block of GRUB.",
				plan_step_quote(q, sizeof(q), step, step->path));
	return diag_set(reterr, err == -ELOOP ? DIAG_LINK_ON_WAY : DIAG_WRITE, err,
			"Cannot %s %s: %s.", what,
			plan_step_quote(q, sizeof(q), step, step->path), diag_errno(err));
}

/* Appends the block; nothing when there is no file. */
static int read_block(const struct action_env *env, const struct plan_step *step,
		      int flags, struct strbuf *out)
{
	int fd = fspath_open(env->root->dir[step->place], step->path,
			     flags | O_CLOEXEC | O_NONBLOCK);
	struct diag d = {0};
	int r;

	if (fd < 0)
		return fd;
	r = fs_read_fd(fd, GRUBENV_SIZE, "the block", out, &d);
	if (r == 0 && !grubenv_is(strbuf_span(out)))
		r = -EBADMSG;
	if (r == 0)
		return fd;
	(void)close(fd);
	return d.id == DIAG_TOO_LARGE ? -EBADMSG : r;
}

static int probe_variable(const struct action_env *env, const struct plan_step *step,
			  struct strbuf *out, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf block = {0};
	_cleanup_close_ int fd = read_block(env, step, O_RDONLY, &block);
	struct span value;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return failed(step, "read", fd, reterr);
	if (grubenv_get(strbuf_span(&block), step->arg, &value))
		strbuf_add(out, value.ptr, value.len);
	return 0;
}

/* Over the bytes that are there, from the first that changes on. */
static int write_changed(int fd, const struct strbuf *was, const struct strbuf *now)
{
	size_t from = 0, to = GRUBENV_SIZE;
	ssize_t n;

	while (from < to && was->ptr[from] == now->ptr[from])
		from++;
	while (to > from && was->ptr[to - 1] == now->ptr[to - 1])
		to--;
	do
		n = pwrite(fd, now->ptr + from, to - from, (off_t)from);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if ((size_t)n != to - from)
		return -EIO;
	return fdatasync(fd) < 0 ? -errno : 0;
}

static int apply_variable(const struct action_env *env, const struct plan_step *step,
			  struct span state, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf was = {0}, now = {0};
	_cleanup_close_ int fd = read_block(env, step, O_RDWR, &was);
	char leaf[FSPATH_LEAF_MAX];
	int r = fd == -ENOENT ? 0 : fd;

	if (r >= 0)
		r = grubenv_set(strbuf_span(&was), step->arg, state, &now);
	if (r == 0 && fd >= 0) {
		r = write_changed(fd, &was, &now);
	} else if (r == 0) {
		_cleanup_close_ int at =
			fspath_parent(env->root->dir[step->place], step->path, leaf);

		r = at < 0 ? at : fs_create_at(at, leaf, now.ptr, now.len, 0644, reterr);
	}
	return r < 0 ? failed(step, "write", r, reterr) : 0;
}

static void describe_variable(struct strbuf *out, struct span state)
{
	if (state.len)
		str_escape(out, state, true);
	else
		strbuf_adds(out, "not set");
}

const struct action_ops act_grubenv_ops = {
	.probe = probe_variable,
	.apply = apply_variable,
	.describe = describe_variable,
};

int act_grubenv_add(struct plan *plan, const struct root *root,
		    const struct plan_spec *at, const char *name, const char *value,
		    struct diag *reterr)
{
	struct plan_spec spec = *at;

	spec.action = act_boot(ACT_BOOT_GRUBENV);
	spec.arg = name;
	spec.after = value ? span_of(value) : (struct span){0};
	return plan_add(plan, root, &spec, reterr);
}
