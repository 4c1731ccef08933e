/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/policies/observe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/list/mreader.h"

#define LIST "/sys/kernel/security/integrity/ima/binary_runtime_measurements"

enum { BUFFER = 16384, ROOM = 64 << 20 };

void outcome_record(struct outcome *o, const char *op, const char *cause)
{
	if (o->n_records < OUTCOME_MAX)
		(void)snprintf(o->records[o->n_records++], sizeof(o->records[0]),
			       "%.38s %.38s", op, cause);
}

void outcome_entry(struct outcome *o, uint32_t pcr, struct span template)
{
	struct span format = mlog_template_format(template);

	if (o->n_entries == OUTCOME_MAX)
		return;
	o->entries[o->n_entries].pcr = pcr;
	(void)snprintf(o->entries[o->n_entries].format, OUTCOME_TEXT, "%.*s",
		       (int)format.len, format.ptr);
	o->n_entries++;
}

bool outcome_same(const struct outcome *a, const struct outcome *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

void outcome_print(struct strbuf *out, const struct outcome *o)
{
	if (o->result < 0)
		strbuf_addf(out, "killed by %d", -o->result);
	else
		strbuf_adds(out, o->result ? strerrorname_np(o->result) : "ok");
	for (unsigned i = 0; i < o->n_entries; i++)
		strbuf_addf(out, ", PCR %u %s", o->entries[i].pcr, o->entries[i].format);
	for (unsigned i = 0; i < o->n_records; i++)
		strbuf_addf(out, ", %s", o->records[i]);
	if (o->audited)
		strbuf_addf(out, ", %u audited", o->audited);
}

int observe_open(struct observe *o)
{
	struct sockaddr_nl at = {.nl_family = AF_NETLINK, .nl_groups = 1};
	int room = ROOM; /* AUDIT_NLGRP_READLOG: what auditd would read, too */

	o->audit = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
	o->list = open(LIST, O_RDONLY | O_CLOEXEC);
	if (o->audit < 0 || o->list < 0 ||
	    setsockopt(o->audit, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0 ||
	    bind(o->audit, (struct sockaddr *)&at, sizeof(at)) < 0)
		return -errno;
	return 0;
}

/* The value behind " KEY=", in quotes or up to what ends it. */
static bool field(const char *text, const char *key, const char *until, char *ret,
		  size_t size)
{
	const char *at = strstr(text, key), *end;

	if (!at)
		return false;
	at += strlen(key);
	if (*at == '"') {
		at++;
		until = "\"";
	}
	end = strstr(at, until);
	if (!end)
		return false;
	(void)snprintf(ret, size, "%.*s", (int)(end - at), at);
	return true;
}

static struct span base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return span_of(slash ? slash + 1 : path);
}

static void take(unsigned type, const char *text, observe_find *find, void *user)
{
	char name[256], op[64], cause[64];
	struct outcome *o;

	if (type == AUDIT_INTEGRITY_RULE &&
	    field(text, "file=", " ", name, sizeof(name))) {
		o = find(user, base_of(name));
		if (o)
			o->audited++;
		return;
	}
	if (type != AUDIT_INTEGRITY_DATA ||
	    !field(text, " name=", " ", name, sizeof(name)) ||
	    !field(text, " op=", " ", op, sizeof(op)) ||
	    !field(text, " cause=", " comm=", cause, sizeof(cause)))
		return;
	o = find(user, base_of(name));
	if (o)
		outcome_record(o, op, cause);
}

bool observe_audit(struct observe *o, int wait_ms, observe_find *find, void *user)
{
	struct pollfd p = {.fd = o->audit, .events = POLLIN};
	static char buffer[BUFFER + 1];
	bool any = false;

	while (poll(&p, 1, any ? 0 : wait_ms) > 0) {
		ssize_t n = recv(o->audit, buffer, BUFFER, 0);
		struct nlmsghdr head;

		if (n < (ssize_t)sizeof(head))
			return any;
		memcpy(&head, buffer, sizeof(head));
		buffer[n] = 0; /* records are one in a message */
		take(head.nlmsg_type, buffer + NLMSG_HDRLEN, find, user);
		any = true;
	}
	return any;
}

int observe_list(struct observe *o, observe_find *find, void *user)
{
	_cleanup_(mreader_freep) struct mreader *reader = NULL;
	struct mlog_entry e;
	int r = mreader_new(o->list, 0, &reader, NULL);

	while (r >= 0 && (r = mreader_next(reader, &e, NULL)) > 0) {
		struct span path = mlog_path(mreader_dialect(reader), &e);
		char name[256];
		struct outcome *seen;

		(void)snprintf(name, sizeof(name), "%.*s", (int)path.len, path.ptr);
		seen = find(user, base_of(name));
		if (seen)
			outcome_entry(seen, e.pcr,
				      e.violation ? span_of("violation") : e.name);
	}
	return r;
}
