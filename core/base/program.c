/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/program.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/wait.h>

static int files_of(posix_spawn_file_actions_t *files, const int fds[3])
{
	int r = 0;

	for (int i = 0; i < 3 && r == 0; i++)
		r = posix_spawn_file_actions_adddup2(files, fds[i], i);
	return r;
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

/* It only reads them. */
static char *const *strings(const char *const words[])
{
	return (char *const *)(uintptr_t)words;
}

int program_start(const char *path, const char *const words[], const char *const env[],
		  const int fds[3], pid_t *ret)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int r = posix_spawn_file_actions_init(&files);

	if (r)
		return -r;
	r = posix_spawnattr_init(&attr);
	if (r == 0) {
		r = files_of(&files, fds) ?: signals_of(&attr) ?:
		    posix_spawn(ret, path, &files, &attr, strings(words), strings(env));
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&files);
	return -r;
}

int program_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
