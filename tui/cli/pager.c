/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui/cli/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/cleanup.h"

#define MAX_WORDS 32

extern char **environ;

static const char *wanted(void)
{
	const char *pager = getenv("IMACTL_PAGER");

	if (!pager)
		pager = getenv("PAGER");
	if (pager)
		return pager;
	/* busybox's less has not all of them, and ends where an argument names one */
	(void)setenv("LESS", "FRSXMK", 1); /* ENOMEM: spawn fails as well */
	return "less";
}

/* Splits @text in place; 0 words mean no pager. */
static size_t split(char *text, char **words)
{
	char *save = NULL;
	size_t n = 0;

	for (char *w = strtok_r(text, " \t", &save); w && n + 1 < MAX_WORDS;
	     w = strtok_r(NULL, " \t", &save))
		words[n++] = w;
	words[n] = NULL;
	return n == 1 && strcmp(words[0], "cat") == 0 ? 0 : n;
}

/* imactl ignores SIGPIPE, a pager must not; ^C is the pager's, and must not end imactl
 * under it, or two programs would read the keys. */
static int spawn(pid_t *ret, char **argv, int in)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t defaults;
	int r;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGIO);
	sigaddset(&defaults, SIGPIPE);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGQUIT);
	r = posix_spawn_file_actions_init(&files);
	if (r)
		return -r;
	r = posix_spawnattr_init(&attr);
	if (!r) {
		r = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO) ?:
		    posix_spawnattr_setsigdefault(&attr, &defaults) ?:
		    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF) ?:
		    posix_spawnp(ret, argv[0], &files, &attr, argv, environ);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&files);
	return -r;
}

int pager_start(pid_t *ret_pid)
{
	_cleanup_free_ char *text = strdup(wanted());
	_cleanup_close_ int in = -1, to = -1;
	char *words[MAX_WORDS];
	int pipefd[2], r;

	if (!text || split(text, words) == 0)
		return -ENOENT;
	if (pipe2(pipefd, O_CLOEXEC) < 0)
		return -errno;
	in = pipefd[0];
	to = pipefd[1];
	if (geteuid() == 0 || getauxval(AT_SECURE))
		(void)setenv("LESSSECURE", "1", 1); /* ENOMEM: spawn fails as well */
	r = spawn(ret_pid, words, in);
	if (r < 0)
		return r;
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
	return take_fd(&to);
}

void pager_wait(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}
