/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/cleanup.h"

extern char **environ;

/* linux 6.12 lib/decompress.c compressed_formats[] */
static const struct format {
	struct span magic;
	const char *words[4];
} formats[] = {
#define MAGIC(text)                                                                      \
	{                                                                                \
		(const uint8_t *)(text), sizeof(text) - 1                                \
	}
	{MAGIC("\x1f\x8b"), {"gzip", "-dc"}},
	{MAGIC("\x1f\x9e"), {"gzip", "-dc"}},
	{MAGIC("BZh"), {"bzip2", "-dc"}},
	{MAGIC("\x5d\x00\x00"), {"xz", "--format=lzma", "-dc"}},
	{MAGIC("\xfd\x37zXZ\x00"), {"xz", "-dc"}},
	{MAGIC("\x89LZO"), {"lzop", "-dc"}},
	{MAGIC("\x02\x21\x4c\x18"), {"lz4", "-dc"}},
	{MAGIC("\x28\xb5\x2f\xfd"), {"zstd", "-dc"}},
#undef MAGIC
};

static const struct format *format_of(struct span head)
{
	for (size_t i = 0; i < array_size(formats); i++) {
		struct bytes in = bytes_of(head.ptr, head.len);
		struct span start;

		if (bytes_take(&in, formats[i].magic.len, &start) &&
		    span_equal(start, formats[i].magic))
			return &formats[i];
	}
	return NULL;
}

const char *unpack_program(struct span head)
{
	const struct format *f = format_of(head);

	return f ? f->words[0] : NULL;
}

/* What it complains of (the zeros behind the data) is for nobody. */
static int spawn(const struct format *f, int in, int out, int null, pid_t *ret)
{
	posix_spawn_file_actions_t files;
	int r = posix_spawn_file_actions_init(&files);

	if (r)
		return -r;
	r = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO) ?:
	    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO) ?:
	    posix_spawn_file_actions_adddup2(&files, null, STDERR_FILENO) ?:
	    posix_spawnp(ret, f->words[0], &files, NULL,
			 (char *const *)(uintptr_t)f->words, environ);
	(void)posix_spawn_file_actions_destroy(&files);
	return -r;
}

int unpack_start(const struct root *root, int fd, struct span head, struct unpack *ret,
		 struct diag *reterr)
{
	_cleanup_close_ int null =
		openat(root->dir[ROOT_DEV], "null", O_RDWR | O_CLOEXEC);
	const struct format *f = format_of(head);
	int ends[2], r;

	if (!f)
		return diag_set(reterr, DIAG_INITRAMFS_KIND, ENOTSUP,
				"The initramfs is compressed in a way that is not known, "
				"or is none.");
	if (null < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return diag_set(reterr, DIAG_READ, errno, "No pipe can be made: %s.",
				diag_errno(errno));
	r = spawn(f, fd, ends[1], null, &ret->pid);
	(void)close(ends[1]);
	if (r < 0) {
		(void)close(ends[0]);
		return diag_set(
			reterr, DIAG_NO_UNPACKER, -r,
			"The initramfs is to be unpacked with %s, which cannot be run: "
			"%s.",
			f->words[0], diag_errno(-r));
	}
	ret->fd = ends[0];
	ret->program = f->words[0];
	return 0;
}

void unpack_end(struct unpack *u)
{
	(void)close(u->fd); /* it ends for want of a reader, if not by itself */
	(void)kill(u->pid, SIGKILL);
	while (waitpid(u->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
