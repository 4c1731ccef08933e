/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/respawn.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/program.h"

enum { ERR_LIMIT = 64 << 10 };

extern char **environ;

/* Until everybody who could write to it is gone. */
static void read_all(int fd, struct strbuf *out)
{
	char buf[512];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0 && out->len < ERR_LIMIT)
			strbuf_add(out, buf, (size_t)n);
}

int respawn_self(const struct root *root, const char *const args[], struct strbuf *err)
{
	_cleanup_close_ int exe = openat(root->dir[ROOT_PROC], "self/exe",
					 O_PATH | O_CLOEXEC),
			    null = openat(root->dir[ROOT_DEV], "null",
					  O_RDWR | O_CLOEXEC);
	const char *words[RESPAWN_ARGS + 2] = {"imactl"};
	int ends[2], r;
	char link[32];
	pid_t pid;

	for (size_t i = 0; args[i] && i < RESPAWN_ARGS; i++)
		words[i + 1] = args[i];
	if (exe < 0 || null < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	r = program_start(fs_fd_path(link, exe), words, (const char *const *)environ,
			  (const int[3]){null, null, ends[1]}, &pid);
	(void)close(ends[1]);
	if (r == 0) {
		read_all(ends[0], err);
		r = program_wait(pid);
	}
	(void)close(ends[0]);
	return r;
}
