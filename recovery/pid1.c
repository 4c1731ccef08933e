/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/pid1.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"

int pid1_open(const struct root *root, struct pid1 *ret)
{
	int proc = root->dir[ROOT_PROC];
	struct pid1 p = {.dir = -1, .stat = -1};

	p.dir = openat(proc, "1", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (p.dir < 0)
		return -errno;
	p.stat = openat(p.dir, "stat", O_RDONLY | O_CLOEXEC);
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
	*p = (struct pid1){-1, -1};
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

/* A link of proc is read without opening what it names. */
static void name_program(int dir, struct pid1_seen *ret)
{
	char path[256]; /* longer: no place of a systemd */
	ssize_t n = readlinkat(dir, "exe", path, sizeof(path) - 1);

	path[n > 0 ? n : 0] = '\0';
	(void)snprintf(ret->program, sizeof(ret->program), "%.31s",
		       strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
}

void pid1_look(const struct pid1 *p, const struct stat *st, struct pid1_seen *ret)
{
	struct stat its;
	char buf[512];

	*ret = (struct pid1_seen){.descriptors = count_descriptors(p->dir)};
	(void)pid1_parse_stat(read_again(p->stat, buf, sizeof(buf)), ret);
	name_program(p->dir, ret);
	ret->in_root = fstatat(p->dir, "root", &its, 0) == 0 &&
		       its.st_dev == st->st_dev && its.st_ino == st->st_ino;
}

static bool is_manager(const struct pid1_seen *seen)
{
	return strcmp(seen->comm, "systemd") == 0 || strcmp(seen->comm, "init") == 0;
}

bool pid1_frozen(const struct pid1_seen *seen)
{
	bool systemd = !*seen->program || strcmp(seen->program, "systemd") == 0;

	return is_manager(seen) && systemd && seen->descriptors >= 0 &&
	       seen->descriptors <= PID1_FROZEN_FDS && seen->state == 'S';
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
