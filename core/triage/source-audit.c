/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "core/triage/source-internal.h"

/* The kernel's own limit for a record is MAX_AUDIT_MESSAGE_LENGTH; the buffer holds some
 * 10,000 of them, while they wait to be read. */
enum { MESSAGE_MAX = 16384, BUFFER = 16 << 20 };

struct audit {
	struct source s;
	uint32_t dropped; /* of this socket, as the kernel counted at last */
	struct strbuf line;
	uint8_t message[MESSAGE_MAX];
};

static int cannot(int err, struct diag *reterr)
{
	if (err == EPROTONOSUPPORT)
		return diag_set(reterr, DIAG_NO_AUDIT, err,
				"This kernel does not audit: it was built without, or "
				"booted with audit=0.");
	if (err == EPERM)
		return diag_set(reterr, DIAG_PERMISSION, err,
				"Reading the kernel's audit records needs "
				"CAP_AUDIT_READ.");
	return diag_set(reterr, DIAG_OPEN, err,
			"Cannot listen to the kernel's audit records: %s.",
			diag_errno(err));
}

/* The kernel counts what it could not put into the buffer: net/netlink/af_netlink.c
 * netlink_overrun(), net/core/sock.c sk_get_meminfo(). */
static void count_dropped(struct audit *a)
{
	uint32_t info[SK_MEMINFO_VARS] = {0};
	socklen_t len = sizeof(info);

	if (getsockopt(a->s.fd, SOL_SOCKET, SO_MEMINFO, info, &len) < 0 ||
	    len <= SK_MEMINFO_DROPS * sizeof(info[0]))
		return;
	a->s.lost += info[SK_MEMINFO_DROPS] - a->dropped;
	a->dropped = info[SK_MEMINFO_DROPS];
}

static bool is_ours(unsigned type)
{
	return (type >= AUDIT_SYSCALL && type <= AUDIT_PROCTITLE) ||
	       (type >= AUDIT_INTEGRITY_DATA && type < AUDIT_INTEGRITY_DATA + 10);
}

/* Asks whether system calls are audited: where auditd runs they are, with audit=1 too. The
 * answer comes like a record; without CAP_AUDIT_CONTROL none does. */
static void ask_status(int fd)
{
	struct nlmsghdr request = {.nlmsg_len = NLMSG_LENGTH(0),
				   .nlmsg_type = AUDIT_GET,
				   .nlmsg_flags = NLM_F_REQUEST};
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	(void)sendto(fd, &request, request.nlmsg_len, MSG_DONTWAIT,
		     (struct sockaddr *)&kernel, sizeof(kernel));
}

static void take_status(struct audit *a, struct span s)
{
	struct audit_status status = {0};

	if (s.len < offsetof(struct audit_status, failure))
		return;
	memcpy(&status, s.ptr, s.len < sizeof(status) ? s.len : sizeof(status));
	a->s.alone = !status.enabled;
}

/* One record, as the log has it. Nobody but the kernel sends to this group. */
static int give(struct audit *a, size_t n, source_fn fn, void *user)
{
	struct bytes in = bytes_of(a->message, n);
	struct nlmsghdr head;
	struct span s;

	if (!bytes_take(&in, NLMSG_HDRLEN, &s))
		return 0;
	memcpy(&head, s.ptr, sizeof(head));
	(void)bytes_take(&in, bytes_left(&in), &s);
	if (head.nlmsg_type == AUDIT_GET)
		take_status(a, s);
	else if (head.nlmsg_type == AUDIT_CONFIG_CHANGE)
		ask_status(a->s.fd);
	while (s.len && (s.ptr[s.len - 1] == '\0' || s.ptr[s.len - 1] == '\n'))
		s.len--;
	if (!is_ours(head.nlmsg_type))
		return 0;
	strbuf_clear(&a->line);
	strbuf_addf(&a->line, "type=%u msg=", head.nlmsg_type);
	strbuf_add(&a->line, s.ptr, s.len);
	return a->line.failed ? -ENOMEM : fn(user, strbuf_span(&a->line));
}

static int audit_read(struct source *s, source_fn fn, void *user, struct diag *reterr)
{
	struct audit *a = (struct audit *)s;
	struct source_slice slice = source_slice();

	while (source_goes_on(&slice)) {
		struct sockaddr_nl from = {0};
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(s->fd, a->message, sizeof(a->message), MSG_DONTWAIT,
				     (struct sockaddr *)&from, &len);
		int r;

		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0 && errno == ENOBUFS)
			count_dropped(a);
		else if (n < 0 && errno != EINTR)
			return cannot(errno, reterr);
		r = n > 0 && from.nl_pid == 0 ? give(a, (size_t)n, fn, user) : 0;
		if (r < 0)
			return r;
	}
	return 1;
}

static void audit_done(struct source *s)
{
	strbuf_done(&((struct audit *)s)->line);
}

static const struct source_ops ops = {.kind = DENIAL_FROM_AUDIT,
				      .read = audit_read,
				      .done = audit_done};

/* Without CAP_NET_ADMIN net.core.rmem_max bounds the buffer. */
static void make_room(int fd)
{
	int room = BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
}

int source_open_audit(struct source **ret, struct diag *reterr)
{
	struct sockaddr_nl at = {.nl_family = AF_NETLINK,
				 .nl_groups = 1 << (AUDIT_NLGRP_READLOG - 1)};
	_cleanup_(source_freep) struct source *s =
		source_new(&ops, sizeof(struct audit), reterr);

	if (!s)
		return -ENOMEM;
	s->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
	if (s->fd < 0)
		return cannot(errno, reterr);
	make_room(s->fd);
	if (bind(s->fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return cannot(errno, reterr);
	ask_status(s->fd);
	*ret = take_ptr(s);
	return 0;
}
