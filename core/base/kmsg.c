/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/base/str.h"

bool kmsg_parse(struct span bytes, struct kmsg_record *ret)
{
	struct bytes in = bytes_of(bytes.ptr, bytes.len);
	struct span priority, sequence, rest;
	struct kmsg_record r;

	if (!bytes_until(&in, ',', &priority) || !bytes_until(&in, ',', &sequence) ||
	    !bytes_until(&in, ';', &rest) || !bytes_until(&in, '\n', &r.text) ||
	    str_to_u64(priority, &r.priority) < 0 ||
	    str_to_u64(sequence, &r.sequence) < 0)
		return false;
	*ret = r;
	return true;
}

int kmsg_open(const struct root *root)
{
	int fd = openat(root->dir[ROOT_DEV], "kmsg",
			O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int kmsg_next(int fd, char *buf, struct span *ret)
{
	ssize_t n;

	do
		n = read(fd, buf, KMSG_RECORD_MAX);
	while (n < 0 && (errno == EPIPE || errno == EINTR || errno == EINVAL));
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	*ret = (struct span){(const uint8_t *)buf, (size_t)n};
	return n > 0;
}
