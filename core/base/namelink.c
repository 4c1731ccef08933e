/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/namelink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"

int namelink_read(int at, const char *name, struct strbuf *out)
{
	char text[NAMELINK_MAX + 1];
	ssize_t n = readlinkat(at, name, text, sizeof(text));

	if (n < 0)
		return errno == EINVAL ? -EBADMSG : -errno;
	if ((size_t)n >= sizeof(text))
		return -EBADMSG;
	strbuf_add(out, text, (size_t)n);
	return out->failed ? -ENOMEM : 0;
}

static int check(int at, const char *name, const char *text)
{
	_cleanup_strbuf_ struct strbuf is = {0};
	int r = namelink_read(at, name, &is);

	if (r < 0)
		return r;
	return strcmp(strbuf_str(&is), text) == 0 ? 0 : -EIO;
}

int namelink_write(int at, const char *name, const char *text, bool durable)
{
	char aside[FSPATH_LEAF_MAX];
	int n = snprintf(aside, sizeof(aside), "%s.new", name), r;

	if (n < 0 || (size_t)n >= sizeof(aside) || strlen(text) > NAMELINK_MAX)
		return -ENAMETOOLONG;
	if (unlinkat(at, aside, 0) < 0 && errno != ENOENT)
		return -errno;
	if (symlinkat(text, at, aside) < 0)
		return -errno;
	if (renameat(at, aside, at, name) < 0) {
		r = -errno;
		(void)unlinkat(at, aside, 0);
		return r;
	}
	r = durable ? fspath_sync(at) : 0;
	return r < 0 ? r : check(at, name, text);
}

int namelink_remove(int at, const char *name, bool durable)
{
	if (unlinkat(at, name, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	return durable ? fspath_sync(at) : 0;
}
