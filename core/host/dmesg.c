/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/dmesg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>

#include "core/base/cleanup.h"

enum {
	READ_ALL = 3,	  /* SYSLOG_ACTION_READ_ALL, include/linux/syslog.h */
	SIZE_BUFFER = 10, /* SYSLOG_ACTION_SIZE_BUFFER */
	LIMIT = 16 << 20,
};

static int cannot(int err, struct diag *reterr)
{
	return diag_set(reterr, err == EPERM ? DIAG_PERMISSION : DIAG_READ, err,
			"Cannot read the kernel log: %s.", diag_errno(err));
}

static int read_live(struct strbuf *out, struct diag *reterr)
{
	_cleanup_free_ char *buf = NULL;
	int size = klogctl(SIZE_BUFFER, NULL, 0), n;

	if (size < 0)
		return cannot(errno, reterr);
	if (size > LIMIT)
		size = LIMIT;
	buf = malloc((size_t)size + 1);
	if (!buf)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	n = klogctl(READ_ALL, buf, size);
	if (n < 0)
		return cannot(errno, reterr);
	strbuf_add(out, buf, (size_t)n);
	return out->failed ? diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.") : 0;
}

int dmesg_read(const struct root *root, struct strbuf *out, struct diag *reterr)
{
	if (root_is_recorded(root))
		return root_read(root, ROOT_DMESG, out, reterr);
	return read_live(out, reterr);
}

/* "<6>[    1.494777] " before the text. */
static struct span without_prefix(struct span line)
{
	struct bytes in = bytes_of(line.ptr, line.len);
	struct span head;

	if (line.len == 0 || (line.ptr[0] != '<' && line.ptr[0] != '['))
		return line;
	if (!bytes_until(&in, ']', &head))
		return line;
	if (bytes_left(&in) && in.ptr[in.pos] == ' ')
		in.pos++;
	return (struct span){in.ptr + in.pos, bytes_left(&in)};
}

bool dmesg_find(const struct strbuf *log, const char *text, struct span *ret)
{
	const char *all = strbuf_str(log), *end = all + log->len;
	const char *found = memmem(all, log->len, text, strlen(text)), *from, *to;

	if (!found || !*text)
		return false;
	from = memrchr(all, '\n', (size_t)(found - all));
	from = from ? from + 1 : all;
	to = memchr(found, '\n', (size_t)(end - found));
	*ret = without_prefix(
		(struct span){(const uint8_t *)from, (size_t)((to ? to : end) - from)});
	return true;
}
