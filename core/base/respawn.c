/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/respawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"

enum { ERR_LIMIT = 64 << 10 };

extern char **environ;

static int files_of(posix_spawn_file_actions_t *files, int null, int err)
{
	return posix_spawn_file_actions_adddup2(files, null, STDIN_FILENO) ?:
	       posix_spawn_file_actions_adddup2(files, null, STDOUT_FILENO) ?:
	       posix_spawn_file_actions_adddup2(files, err, STDERR_FILENO);
}

/* Threads of a pool block every signal, which a program would inherit. */
static int signals_of(posix_spawnattr_t *attr)
{
	sigset_t all, none;

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	return posix_spawnattr_setsigdefault(attr, &all) ?:
	       posix_spawnattr_setsigmask(attr, &none) ?:
	       posix_spawnattr_setflags(attr,
					POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

static int start(int exe, int null, int err, char *const words[], pid_t *ret)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	char link[32];
	int r = posix_spawn_file_actions_init(&files);

	if (r)
		return -r;
	r = posix_spawnattr_init(&attr);
	if (r == 0) {
		r = files_of(&files, null, err) ?: signals_of(&attr) ?:
		    posix_spawn(ret, fs_fd_path(link, exe), &files, &attr, words, environ);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&files);
	return -r;
}

/* Until everybody who could write to it is gone. */
static void read_all(int fd, struct strbuf *out)
{
	char buf[512];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0 && out->len < ERR_LIMIT)
			strbuf_add(out, buf, (size_t)n);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int respawn_self(const struct root *root, const char *const args[], struct strbuf *err)
{
	_cleanup_close_ int exe = openat(root->dir[ROOT_PROC], "self/exe",
					 O_PATH | O_CLOEXEC),
			    null = openat(root->dir[ROOT_DEV], "null",
					  O_RDWR | O_CLOEXEC);
	char *words[RESPAWN_ARGS + 2] = {(char[]){"imactl"}};
	int ends[2], r;
	pid_t pid;

	for (size_t i = 0; args[i] && i < RESPAWN_ARGS; i++)
		words[i + 1] = (char *)(uintptr_t)args[i]; /* it is only read */
	if (exe < 0 || null < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	r = start(exe, null, ends[1], words, &pid);
	(void)close(ends[1]);
	if (r == 0) {
		read_all(ends[0], err);
		r = wait_for(pid);
	}
	(void)close(ends[0]);
	return r;
}
