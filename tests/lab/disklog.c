/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into user-mode Linux: what its kernel writes to one of its disks, and where it waits
 * for the disk, goes to a log as well, in the order in which the disk is told.
 *
 * A disk with a cache that a power cut empties: what lies behind the last flush of the log may
 * be there, partly there, or gone. The kernel itself sees nothing of that. The log has the form
 * of the kernel's own (drivers/md/dm-log-writes.c), of QEMU's blklogwrites, too:
 * lab/blocklog.py reads both.
 *
 * The kernel's driver (linux 6.1 arch/um/drivers/ubd_kern.c) does all of it in one thread,
 * io_thread(), which gets pointers to requests, and writes them back when they are done. It
 * writes with pwrite64(). A flush is a request without a segment, for which it does nothing at
 * all, so it is seen when it is written back: behind the writes of the same round, at worst.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define TAKES_THE_PLACE __attribute__((visibility("default")))

enum { SECTOR = 512, FLUSH = 1 };

struct entry {
	uint64_t sector, sectors, flags, data_len;
	uint8_t rest[SECTOR - 4 * sizeof(uint64_t)];
};

static struct stat disk;
static int log_fd = -1;
static long io_thread; /* its id, since it first wrote */

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("DISKLOG_DISK"), *log = getenv("DISKLOG_LOG");

	if (path && log && stat(path, &disk) == 0)
		log_fd = open(log, O_WRONLY | O_APPEND | O_CLOEXEC);
}

static bool is_the_disk(int fd)
{
	struct stat st;

	return log_fd >= 0 && fstat(fd, &st) == 0 && st.st_dev == disk.st_dev &&
	       st.st_ino == disk.st_ino;
}

/* Whoever cannot log must not go on as if it had. */
static void put(const struct entry *e, const void *data, size_t len)
{
	struct iovec io[] = {{(void *)(uintptr_t)e, sizeof(*e)},
			     {(void *)(uintptr_t)data, len}};

	if (writev(log_fd, io, 2) != (ssize_t)(sizeof(*e) + len))
		abort();
}

TAKES_THE_PLACE ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
	if (is_the_disk(fd)) {
		const struct entry e = {.sector = (uint64_t)at / SECTOR,
					.sectors = len / SECTOR};

		if (at % SECTOR || len % SECTOR)
			abort();
		io_thread = syscall(SYS_gettid);
		put(&e, data, len);
	}
	return syscall(SYS_pwrite64, fd, data, len, at);
}

/* The beginning of linux 6.1 arch/um/drivers/ubd_kern.c struct io_thread_req. */
struct request {
	void *req;
	int fds[2];
	unsigned long offsets[2];
	unsigned long long offset;
	int sectorsize, error, segments;
};

TAKES_THE_PLACE ssize_t write(int fd, const void *data, size_t len)
{
	static const struct entry flush = {.flags = FLUSH};
	const struct request *const *done = data;

	if (io_thread && len % sizeof(*done) == 0 && syscall(SYS_gettid) == io_thread)
		for (size_t i = 0; i < len / sizeof(*done); i++)
			if (done[i]->segments == 0)
				put(&flush, NULL, 0);
	return syscall(SYS_write, fd, data, len);
}

/* The kernel then writes zeroes itself. */
TAKES_THE_PLACE int fallocate64(int fd, int mode, off64_t at, off64_t len)
{
	if (is_the_disk(fd)) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_fallocate, fd, mode, at, len);
}
