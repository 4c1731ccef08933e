/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/announce.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/str.h"

/* Terminals that people look at without having opened one; of serial lines the console is
 * the one that somebody reads. */
static const char *const always[] = {"console", "tty1", "tty2", "tty3",
				     "tty4",	"tty5", "tty6"};

static void tell(int at, const char *name, const struct strbuf *text)
{
	_cleanup_close_ int fd =
		openat(at, name,
		       O_WRONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && isatty(fd))
		(void)!write(fd, text->ptr, text->len); /* full, or gone: passed over */
}

static void tell_pseudo(int dev, const struct strbuf *text)
{
	int fd = openat(dev, "pts", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *e;

	if (!dir) {
		cleanup_closep(&fd);
		return;
	}
	while ((e = readdir(dir)))
		if (e->d_name[0] >= '0' && e->d_name[0] <= '9')
			tell(dirfd(dir), e->d_name, text);
	(void)closedir(dir);
}

void announce_all(const struct root *root, const char *text)
{
	_cleanup_strbuf_ struct strbuf lines = {0};
	int dev = root->dir[ROOT_DEV];

	strbuf_adds(&lines, "\r\n");
	for (const char *c = text; *c; c++)
		if (*c == '\n')
			strbuf_adds(&lines, "\r\n");
		else
			strbuf_addc(&lines, *c);
	if (lines.failed || dev < 0)
		return;
	tell_pseudo(dev, &lines);
	for (size_t i = 0; i < array_size(always); i++)
		tell(dev, always[i], &lines);
}
