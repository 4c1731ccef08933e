/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * imactl-recovery: what must work when nothing else does. Static, libc and core/base alone;
 * it lives in the initramfs and outlives it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "recovery/verb.h"

/* An initramfs may start us without them, and a file opened later would take their place. */
static void open_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		(void)close(fd);
}

static void usage(FILE *to)
{
	(void)fputs("imactl-recovery VERB [ARGUMENT...]\n\n", to);
	for (size_t i = 0; i < verb_count; i++)
		(void)fprintf(to, "  %-8s %-12s %s\n", verb_table[i].name,
			      verb_table[i].args, verb_table[i].about);
	(void)fputs(
		"\nimactl-recovery(8) says more; imactl is the console for every day.\n",
		to);
}

int main(int argc, char *argv[])
{
	const struct verb *verb = argc > 1 ? verb_find(argv[1]) : NULL;

	open_standard();
	if (verb)
		return verb->run(argc - 2, argv + 2);
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		(void)puts("imactl-recovery " IMACTL_VERSION);
		return VERB_GOOD;
	}
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return VERB_GOOD;
	}
	usage(stderr);
	return VERB_USAGE;
}
