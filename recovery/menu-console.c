/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console in the initramfs, which asks better; where it fails the menu is still there. */
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/program.h"
#include "recovery/menu-internal.h"

#define CONSOLE "/usr/bin/imactl"

/* This program, by the name it can be started with again; false: it has none. */
static bool own_path(char *buf, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", buf, size - 1);

	if (n <= 0)
		return false;
	buf[n] = '\0';
	return true;
}

bool menu_console(struct menu *m)
{
	static const int fds[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
	char self[256];
	const char *words[] = {"imactl", "rescue", "--recovery", self, NULL, NULL, NULL};
	pid_t pid;
	int r;

	if (!m->initramfs || access(CONSOLE, X_OK) < 0 || !own_path(self, sizeof(self)))
		return false;
	if (m->rootmnt) {
		words[4] = "--root";
		words[5] = m->rootmnt;
	}
	(void)fflush(stdout);
	terminal_close(&m->terminal);
	r = program_start(CONSOLE, words, (const char *const *)environ, fds, &pid);
	if (r == 0)
		r = program_wait(pid);
	terminal_again(&m->terminal);
	if (r != 0)
		(void)puts("\nThe console did not work; this is the plain menu.");
	return r == 0;
}
