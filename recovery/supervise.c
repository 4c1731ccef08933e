/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/supervise.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int wait_for(pid_t pid, const sigset_t *child, int seconds)
{
	const struct timespec limit = {.tv_sec = seconds};
	int status = 0;
	pid_t ended;

	(void)sigtimedwait(child, NULL, &limit);
	ended = waitpid(pid, &status, WNOHANG);
	if (ended != pid) {
		(void)kill(-pid, SIGKILL);
		return -ETIME;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

int supervise_work(int (*work)(void *user), void *user, int seconds)
{
	sigset_t child, old;
	pid_t pid;
	int r;

	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &child, &old);
	pid = fork();
	if (pid == 0) {
		(void)setpgid(0, 0);
		(void)sigprocmask(SIG_SETMASK, &old, NULL);
		_exit(work(user));
	}
	r = pid < 0 ? -errno : 0;
	if (pid > 0) {
		(void)setpgid(pid, pid); /* whoever comes first */
		r = wait_for(pid, &child, seconds);
	}
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return r;
}
