/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For denials-burst.scenario: how long the console lets a key wait.
 *
 *	key-delay SECONDS COMMAND...
 *
 * Runs the console on a terminal of its own, goes to the Denials screen, and for so many
 * seconds opens help and closes it again; prints how many keys that were, how long one
 * waited for what it shows (milliseconds: median, worst), how many longer than 50, and the
 * most memory that the console had (KiB).
 *
 * A terminal and whoever looks at it are not on the machine that has the storm: this program
 * runs before all others there, and only the console's waiting for the processor counts.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"

enum { KEYS_MAX = 10000, WAIT_MS = 5000, LONG_MS = 50, BETWEEN_MS = 30 };

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

/* Reads what is drawn until it holds the text; -1: it does not, in time. */
static double await(int fd, const char *text, int wait_ms)
{
	double begin = now_ms(), left;
	static char buf[1 << 16];
	size_t n = 0;

	while ((left = begin + wait_ms - now_ms()) > 0) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t got;

		if (poll(&p, 1, (int)left + 1) <= 0)
			continue;
		if (n > sizeof(buf) / 2) { /* its end may be the begin of the text */
			memmove(buf, buf + n - 64, 64);
			n = 64;
		}
		got = read(fd, buf + n, sizeof(buf) - n);
		if (got <= 0)
			return -1;
		n += (size_t)got;
		if (memmem(buf, n, text, strlen(text)))
			return now_ms() - begin;
	}
	return -1;
}

static double press(int fd, const char *key, const char *text)
{
	double ms;

	if (write(fd, key, strlen(key)) < 0)
		return -1;
	ms = await(fd, text, WAIT_MS);
	return ms < 0 ? WAIT_MS : ms;
}

static int ascending(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

static unsigned long memory_kib(pid_t pid)
{
	char path[64], line[256];
	unsigned long kib = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = strtoul(line + 6, NULL, 10);
	if (f)
		(void)fclose(f);
	return kib;
}

static void run(int fd, double seconds, double *ms, size_t *n)
{
	double end = now_ms() + seconds * 1000;

	while (now_ms() < end && *n + 2 <= KEYS_MAX) {
		ms[(*n)++] = press(fd, "?", "This screen");
		(void)await(fd, "\n no such text", BETWEEN_MS);
		ms[(*n)++] = press(fd, "q", "COUNT");
		(void)await(fd, "\n no such text", BETWEEN_MS);
	}
}

/* The console, its child, has its turns as everybody does. */
static int run_first(void)
{
	const struct sched_param first = {.sched_priority = 1};

	return sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first);
}

int main(int argc, char **argv)
{
	const struct winsize size = {.ws_row = 30, .ws_col = 100};
	static double ms[KEYS_MAX];
	size_t n = 0, late = 0;
	unsigned long kib;
	pid_t pid;
	int fd;

	if (argc < 3)
		return 2;
	if (run_first() < 0) {
		perror("key-delay: sched_setscheduler");
		return 1;
	}
	pid = forkpty(&fd, NULL, NULL, &size);
	if (pid == 0) {
		(void)setenv("TERM", "vt100", 1);
		(void)execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || await(fd, "Overview", 20000) < 0 ||
	    press(fd, "3", "COUNT") >= WAIT_MS) {
		(void)fprintf(stderr, "key-delay: the console does not come up\n");
		return 1;
	}
	run(fd, strtod(argv[1], NULL), ms, &n);
	kib = memory_kib(pid);
	(void)press(fd, "Q", "\n no such text");
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	qsort(ms, n, sizeof(ms[0]), ascending);
	for (size_t i = 0; i < n; i++)
		late += ms[i] > LONG_MS;
	(void)printf("keys %zu median %.1f worst %.1f late %zu memory %lu\n", n,
		     ms[n / 2], ms[n - 1], late, kib);
	return 0;
}
