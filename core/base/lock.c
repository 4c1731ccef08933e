/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"

#define HOLDER	   "holder"
#define HOLDER_NEW "holder.new"

/* The holder names itself right after taking the lock, so for an instant the link may
 * still name the one before: good enough for a message, and used for nothing else. */
static int busy(int fd, struct diag *reterr)
{
	char text[128], q[160];
	ssize_t n = readlinkat(fd, HOLDER, text, sizeof(text));

	if (n <= 0)
		return diag_set(reterr, DIAG_BUSY, EBUSY,
				"Another imactl is making a change just now.");
	return diag_set(reterr, DIAG_BUSY, EBUSY,
			"Another imactl is making a change just now (%s).",
			str_quote(q, sizeof(q),
				  (struct span){(uint8_t *)text, (size_t)n}));
}

/* Best effort: the lock is held whether or not its holder could be named. */
static void sign(int fd, const char *holder)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "process %ld, %s", (long)getpid(), holder);
	(void)unlinkat(fd, HOLDER_NEW, 0);
	if (symlinkat(text, fd, HOLDER_NEW) == 0)
		(void)renameat(fd, HOLDER_NEW, fd, HOLDER);
}

/* What lies here is written back with our rights: whoever else could write it would have
 * them. So with --root in a tree that belongs to a user. */
static int check_alone(int fd, struct diag *reterr)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return diag_set(reterr, DIAG_READ, errno,
				"Cannot look at imactl's folder: %s.", diag_errno(errno));
	if ((st.st_uid == 0 || st.st_uid == geteuid()) &&
	    !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	return diag_set(reterr, DIAG_STATE_SHARED, EPERM,
			"Others can write to imactl's folder (user %u, mode %04o).",
			(unsigned)st.st_uid, (unsigned)st.st_mode & 07777);
}

int lock_take(struct root *root, enum root_place place, const char *holder,
	      struct diag *reterr)
{
	_cleanup_close_ int fd = -1;
	int r = root_make_place(root, place, 0700, reterr);

	if (r < 0)
		return r;
	fd = openat(root->dir[place], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return diag_set(reterr, errno == EACCES ? DIAG_PERMISSION : DIAG_OPEN,
				errno, "Cannot open imactl's folder: %s.",
				diag_errno(errno));
	r = check_alone(fd, reterr);
	if (r < 0)
		return r;
	do
		r = flock(fd, LOCK_EX | LOCK_NB);
	while (r < 0 && errno == EINTR);
	if (r < 0 && errno == EWOULDBLOCK)
		return busy(fd, reterr);
	if (r < 0)
		return diag_set(reterr, DIAG_WRITE, errno,
				"Cannot lock imactl's folder: %s.", diag_errno(errno));
	sign(fd, holder);
	return take_fd(&fd);
}

void lock_drop(int fd)
{
	if (fd < 0)
		return;
	(void)unlinkat(fd, HOLDER, 0); /* only a name for messages */
	(void)close(fd); /* a folder opened for reading: nothing to report */
}
