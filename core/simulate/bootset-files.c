/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small files and folders of the target, for the sources of a bootset. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fs.h"
#include "core/base/fspath.h"
#include "core/simulate/bootset-internal.h"

enum { SMALL = 8 << 20 }; /* modules.dep is the largest */

/* What is a device is not opened: that alone may do something. */
int bootset_open(const struct root *root, const char *path)
{
	const char *below = path + strspn(path, "/");
	_cleanup_close_ int at =
		fspath_open_in(root->dir[ROOT_TARGET], *below ? below : ".", O_PATH);
	char link[32];
	struct stat st;
	int fd;

	if (at < 0 || fstat(at, &st) < 0)
		return at < 0 ? at : -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	fd = open(fs_fd_path(link, at), O_RDONLY | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int bootset_slurp(const struct root *root, const char *path, struct strbuf *out)
{
	_cleanup_close_ int fd = bootset_open(root, path);

	return fd < 0 ? fd : fs_read_fd(fd, SMALL, path, out, NULL);
}

static int list(DIR *dir, const char *folder, const char *pattern, struct pathset *out)
{
	_cleanup_strbuf_ struct strbuf path = {0};
	const struct dirent *d;

	while ((d = readdir(dir))) {
		if (d->d_name[0] == '.' || fnmatch(pattern, d->d_name, 0) != 0)
			continue;
		strbuf_clear(&path);
		strbuf_addf(&path, "%s/%s", folder, d->d_name);
		if (path.failed || pathset_add(out, strbuf_span(&path)) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

int bootset_list(const struct root *root, const char *folder, const char *pattern,
		 struct pathset *out)
{
	int fd = root_openat(root, ROOT_TARGET, folder, O_RDONLY | O_DIRECTORY, NULL);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int r;

	if (!dir) {
		cleanup_closep(&fd);
		return 0;
	}
	r = list(dir, folder, pattern, out);
	(void)closedir(dir);
	return r;
}
