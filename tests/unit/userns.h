/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A user namespace of our own, root in it: its keyrings are nobody else's, so tests can
 * fill the kernel's key service without touching that of the machine. */
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static inline bool userns_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		(void)close(fd);
	return good;
}

/* False: the kernel does not let us. */
static inline bool userns_enter(void)
{
	char map[64];
	unsigned uid = geteuid(), gid = getegid();

	if (unshare(CLONE_NEWUSER) < 0)
		return false;
	(void)userns_write("/proc/self/setgroups", "deny");
	(void)snprintf(map, sizeof(map), "0 %u 1\n", gid);
	if (!userns_write("/proc/self/gid_map", map))
		return false;
	(void)snprintf(map, sizeof(map), "0 %u 1\n", uid);
	return userns_write("/proc/self/uid_map", map) && geteuid() == 0;
}
