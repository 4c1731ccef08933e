/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

#include "tui/cli/cmd.h"

/* A file opened on a closed standard descriptor would receive what is meant for a
 * terminal. */
static bool descriptors_open(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return false;
	return true;
}

int main(int argc, char **argv)
{
	if (!descriptors_open())
		return CMD_IMPOSSIBLE;
	(void)setlocale(LC_CTYPE, "");	/* an unknown locale leaves "C": ASCII output */
	(void)signal(SIGPIPE, SIG_IGN); /* a reader that left is seen as EPIPE */
	return cmd_main(argc, (const char *const *)argv);
}
