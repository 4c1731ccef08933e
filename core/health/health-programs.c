/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/health/health-internal.h"
#include "core/health/passwd.h"

enum { LOOK_AGAIN = 20 }; /* milliseconds */

static char *const environment[] = {(char[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
				    (char[]){"LC_ALL=C"}, NULL};

static int start(int null, const char *const words[], pid_t *ret)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int r = posix_spawn_file_actions_init(&files);

	if (r)
		return -r;
	for (int fd = 0; fd < 3 && r == 0; fd++)
		r = posix_spawn_file_actions_adddup2(&files, null, fd);
	if (r == 0)
		r = posix_spawnattr_init(&attr);
	if (r == 0) {
		r = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP)
			    ?: posix_spawn(ret, words[0], &files, &attr,
					   (char *const *)(uintptr_t)words, environment);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&files);
	return -r;
}

static int wait_for(pid_t pid)
{
	int status;

	for (int i = 0; i < HEALTH_PROGRAM_MAX * 1000 / LOOK_AGAIN; i++) {
		pid_t r = waitpid(pid, &status, WNOHANG);

		if (r < 0 && errno != EINTR)
			return -errno;
		if (r > 0)
			return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
						   : WEXITSTATUS(status);
		(void)usleep(LOOK_AGAIN * 1000);
	}
	(void)kill(-pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return -ETIMEDOUT;
}

int health_run(const struct root *root, const char *const words[])
{
	_cleanup_close_ int null = root_openat(root, ROOT_DEV, "null", O_RDWR, NULL);
	pid_t pid;
	int r = null < 0 ? null : start(null, words, &pid);

	return r < 0 ? r : wait_for(pid);
}

static bool works(const struct root *root, struct health *h, const char *const words[])
{
	char q[100];
	int r = health_run(root, words);

	if (r == 0)
		return true;
	str_quote(q, sizeof(q), span_of(words[0]));
	if (r < 0)
		health_say(h, HEALTH_PROGRAMS, HEALTH_FAILED, "%s cannot be run: %s", q,
			   diag_errno(-r));
	else
		health_say(h, HEALTH_PROGRAMS, HEALTH_FAILED, "%s ends with status %d", q,
			   r);
	return false;
}

/* What every service and every login begins with. */
void health_programs(const struct root *root, struct health *h)
{
	struct passwd_entry super = {.shell = "/bin/sh"};
	const char *const plain[] = {"/bin/true", NULL}, *const shell[] = {"/bin/sh",
									   "-c", ":",
									   NULL};
	const char *login[] = {super.shell, "-c", ":", NULL};

	(void)passwd_of(root, 0, &super);
	if (works(root, h, plain) && works(root, h, shell) && works(root, h, login))
		health_say(h, HEALTH_PROGRAMS, HEALTH_PASSED,
			   "a program, a shell and root's login shell ran");
}
