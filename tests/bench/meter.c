/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * meter FILE COMMAND [ARG...]: runs a command, writes what it cost to FILE as
 * "WALL USER SYSTEM MAXRSS STATUS" (seconds, seconds, seconds, KiB, exit status; 128 and
 * the signal's number when one ended it).
 *
 * Static and tiny because a child's ru_maxrss starts at what its parent had resident when
 * it called exec (fs/exec.c exec_mmap): under an interpreter every small program would
 * seem to need the interpreter's memory.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	double start, wall;
	int status;
	pid_t pid;
	FILE *f;

	if (argc < 3)
		errx(2, "usage: meter FILE COMMAND [ARG...]");
	start = now();
	pid = vfork();
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		err(1, "%s", argv[2]);
	wall = now() - start;
	f = fopen(argv[1], "w");
	if (!f)
		err(1, "%s", argv[1]);
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	fprintf(f, "%.6f %.6f %.6f %ld %d\n", wall, seconds(usage.ru_utime),
		seconds(usage.ru_stime), usage.ru_maxrss, status);
	return fclose(f) ? 1 : 0;
}
