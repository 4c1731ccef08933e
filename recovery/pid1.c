/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/pid1.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/base/cleanup.h"

int pid1_open(const struct root *root, struct pid1 *ret)
{
	int proc = root->dir[ROOT_PROC];
	struct pid1 p = {.dir = -1, .stat = -1, .wchan = -1};

	p.dir = openat(proc, "1", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (p.dir < 0)
		return -errno;
	p.stat = openat(p.dir, "stat", O_RDONLY | O_CLOEXEC);
	p.wchan = openat(p.dir, "wchan", O_RDONLY | O_CLOEXEC); /* not on every kernel */
	if (p.stat < 0) {
		int r = -errno;

		pid1_close(&p);
		return r;
	}
	*ret = p;
	return 0;
}

void pid1_close(struct pid1 *p)
{
	cleanup_closep(&p->dir);
	cleanup_closep(&p->stat);
	cleanup_closep(&p->wchan);
	*p = (struct pid1){-1, -1, -1};
}

static int count_descriptors(int dir)
{
	int fd = openat(dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = 0;
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *e;

	if (!d) {
		cleanup_closep(&fd);
		return -1;
	}
	errno = 0;
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	if (errno)
		n = -1;
	(void)closedir(d);
	return n;
}

bool pid1_parse_stat(struct span text, struct pid1_seen *ret)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	struct span pid, comm, rest;

	if (!bytes_until(&in, '(', &pid) || !bytes_take(&in, bytes_left(&in), &rest) ||
	    !span_cut_last(rest, ") ", &comm, &rest) || !rest.len ||
	    comm.len >= sizeof(ret->comm))
		return false;
	(void)snprintf(ret->comm, sizeof(ret->comm), "%.*s", (int)comm.len,
		       (const char *)comm.ptr);
	ret->state = (char)rest.ptr[0];
	return true;
}

/* Files of proc are made anew for every read from their beginning. */
static struct span read_again(int fd, char *buf, size_t size)
{
	ssize_t n = fd < 0 ? -1 : pread(fd, buf, size, 0);

	return (struct span){(const uint8_t *)buf, n < 0 ? 0 : (size_t)n};
}

void pid1_look(const struct pid1 *p, const struct stat *st, struct pid1_seen *ret)
{
	struct stat its;
	struct span text;
	char buf[512];

	*ret = (struct pid1_seen){.descriptors = count_descriptors(p->dir)};
	(void)pid1_parse_stat(read_again(p->stat, buf, sizeof(buf)), ret);
	text = read_again(p->wchan, buf, sizeof(ret->wchan) - 1);
	(void)snprintf(ret->wchan, sizeof(ret->wchan), "%.*s", (int)text.len, buf);
	ret->in_root = fstatat(p->dir, "root", &its, 0) == 0 &&
		       its.st_dev == st->st_dev && its.st_ino == st->st_ino;
}

static bool is_manager(const struct pid1_seen *seen)
{
	return strcmp(seen->comm, "systemd") == 0 || strcmp(seen->comm, "init") == 0;
}

/* Where it sleeps rules out alone: not every kernel tells the truth of it (user-mode Linux takes
 * any function that it finds on the stack). */
bool pid1_frozen(const struct pid1_seen *seen)
{
	return is_manager(seen) && seen->descriptors >= 0 &&
	       seen->descriptors <= PID1_FROZEN_FDS && seen->state == 'S' &&
	       !strstr(seen->wchan, "poll");
}

bool pid1_lives(const struct pid1_seen *seen)
{
	return seen->in_root && is_manager(seen) && seen->descriptors > PID1_LIVE_FDS;
}

/* systemd's last program; the kernel keeps 15 bytes of a name. */
bool pid1_leaving(const struct pid1_seen *seen)
{
	return strcmp(seen->comm, "systemd-shutdow") == 0;
}
