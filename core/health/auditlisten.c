/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/health/auditlisten.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/str.h"

enum { MESSAGE_MAX = 9000 }; /* MAX_AUDIT_MESSAGE_LENGTH and its header */

int auditlisten_open(void)
{
	struct sockaddr_nl at = {.nl_family = AF_NETLINK,
				 .nl_groups = 1 << (AUDIT_NLGRP_READLOG - 1)};
	_cleanup_close_ int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       NETLINK_AUDIT);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return -errno;
	return take_fd(&fd);
}

/* "... file="/path" hash=...": linux 6.1 ima_api.c ima_audit_measurement(). */
static bool names(const char *message, size_t len, const char *path)
{
	_cleanup_strbuf_ struct strbuf wanted = {0};
	struct nlmsghdr head;

	if (len <= sizeof(head))
		return false;
	memcpy(&head, message, sizeof(head));
	strbuf_addf(&wanted, "file=\"%s\"", path);
	return head.nlmsg_type == AUDIT_INTEGRITY_RULE && !wanted.failed &&
	       memmem(message + sizeof(head), len - sizeof(head), wanted.ptr, wanted.len);
}

bool auditlisten_for(int fd, const char *path, int milliseconds)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	_cleanup_free_ char *buf = malloc(MESSAGE_MAX);

	/* Who floods the log makes this wait longer, but not for ever. */
	for (int i = 0; buf && i < 100000 && poll(&p, 1, milliseconds) > 0; i++) {
		ssize_t n = recv(fd, buf, MESSAGE_MAX, 0);

		if (n < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
			return false;
		if (n > 0 && names(buf, (size_t)n, path))
			return true;
	}
	return false;
}
