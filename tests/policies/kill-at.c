/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kill-at write|any N COMMAND...: runs a program and kills it at the N-th moment, which is
 * before or after a system call: of write(2), or any. Exits 0 when it was killed, 1 when it
 * had ended before.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/reg.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start(char **argv)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		(void)execvp(argv[0], argv);
		perror(argv[0]);
		_exit(126);
	}
	return pid;
}

/* To the next moment; false: it has ended. */
static int go_on(pid_t pid, int signal_number)
{
	int status;

	if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)signal_number) < 0 ||
	    waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return 0;
	return WSTOPSIG(status);
}

int main(int argc, char **argv)
{
	int status, sig = 0, writes;
	unsigned long left;
	pid_t pid;

	if (argc < 4)
		return 2;
	writes = strcmp(argv[1], "write") == 0;
	left = strtoul(argv[2], NULL, 10);
	pid = start(argv + 3);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return 2;
	(void)ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)PTRACE_O_TRACESYSGOOD);
	while ((sig = go_on(pid, sig))) {
		long call = ptrace(PTRACE_PEEKUSER, pid, (void *)(8 * ORIG_RAX), NULL);

		if (sig != (SIGTRAP | 0x80))
			continue;
		sig = 0;
		if (writes && call != SYS_write)
			continue;
		if (--left)
			continue;
		(void)kill(pid, SIGKILL);
		return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) ? 0 : 2;
	}
	return 1;
}
