/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/grain.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"

enum { TRIES = 3 };

static bool same(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static struct timespec tick(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME_COARSE, &t);
	return t;
}

/* A change, then a look at its stamp. */
static bool change(int fd, mode_t mode, struct timespec *ret)
{
	struct stat st;

	if (fchmod(fd, mode) < 0 || fstat(fd, &st) < 0)
		return false;
	*ret = st.st_ctim;
	return true;
}

/* Two stamps within one tick. */
static bool tell_apart(int fd)
{
	struct timespec before, first, second;

	for (int i = 0; i < TRIES; i++) {
		before = tick();
		if (!change(fd, 0600, &first) || !change(fd, 0400, &second))
			return false;
		if (same(before, tick()))
			return !same(first, second);
	}
	return false;
}

struct grain grain_try(int dir)
{
	_cleanup_close_ int fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct grain g = {0};
	struct statfs s;

	if (fd >= 0 && fstatfs(fd, &s) == 0) {
		g.magic = (uint32_t)s.f_type;
		g.finer = tell_apart(fd);
	}
	return g;
}

bool grain_is_finer(struct grain *g, int fd, uint64_t dev)
{
	struct statfs s;

	if (g->finer && g->dev != dev) {
		g->is_type = fstatfs(fd, &s) == 0 && (uint32_t)s.f_type == g->magic;
		g->dev = dev;
	}
	return g->finer && g->is_type;
}
