/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

#include "tui/cli/cmd.h"

/* A file opened on a closed standard descriptor would receive what is meant for a
 * terminal. Opened the wrong way round, so that using it is an error and not a silence.
 */
static bool descriptors_open(void)
{
	static const int flags[] = {O_WRONLY, O_RDONLY, O_RDONLY};

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags[fd]) != fd)
			return false;
	return true;
}

int main(int argc, char **argv)
{
	if (!descriptors_open())
		return CMD_IMPOSSIBLE;
	(void)setlocale(LC_CTYPE, "");	/* an unknown locale leaves "C": ASCII output */
	(void)signal(SIGXFSZ, SIG_IGN); /* a limit for files (ulimit -f) as EFBIG */
	(void)signal(SIGPIPE, SIG_IGN); /* a reader that left is seen as EPIPE */
	/* a lease that a writer's open breaks (core/label/refmake-read.c): it asks for it back */
	(void)signal(SIGIO, SIG_IGN);
	return cmd_main(argc, (const char *const *)argv);
}
