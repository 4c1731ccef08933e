/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/say.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"

enum { LINE_MAX_KMSG = 900 }; /* LOG_LINE_MAX is 1024 with its prefix: kernel/printk */

void say(const char *fmt, ...)
{
	va_list ap;

	(void)fputs("imactl: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
}

void say_diag(const struct diag *d)
{
	say("%s (%s)", d->text, diag_code(d->id));
}

void say_kernel(const struct root *root, int level, const char *fmt, ...)
{
	_cleanup_close_ int fd =
		root_openat(root, ROOT_DEV, "kmsg", O_WRONLY | O_NONBLOCK, NULL);
	_cleanup_strbuf_ struct strbuf text = {0}, line = {0};
	struct span part;
	va_list ap;

	va_start(ap, fmt);
	strbuf_addv(&text, fmt, ap);
	va_end(ap);
	part = strbuf_span(&text);
	if (part.len > LINE_MAX_KMSG)
		part.len = LINE_MAX_KMSG;
	strbuf_addf(&line, "<%d>imactl: ", level);
	str_escape(&line, part, true);
	strbuf_addc(&line, '\n');
	if (fd >= 0 && !line.failed)
		(void)fs_write_all(fd, line.ptr, line.len);
}
