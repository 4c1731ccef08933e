/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/pkgdigest.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/hex.h"
#include "core/host/lines.h"
#include "core/host/pkgdb.h"

enum { MD5_SIZE = 16, LINE_LIMIT = 8192 };

/* "PACKAGE.md5sums" or, of packages of several architectures, "PACKAGE:amd64.md5sums". */
static bool is_list_of(const char *name, const char *package)
{
	static const char end[] = ".md5sums";
	size_t len = strlen(name), n = strlen(package);

	return len >= n + strlen(end) && strcmp(name + len - strlen(end), end) == 0 &&
	       strncmp(name, package, n) == 0 &&
	       (name[n] == ':' || len == n + strlen(end));
}

static int open_list(const struct root *root, const char *package)
{
	int fd = root_openat(root, ROOT_TARGET, "var/lib/dpkg/info",
			     O_RDONLY | O_DIRECTORY, NULL);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *d;

	if (!dir) {
		if (fd >= 0)
			(void)close(fd);
		return -ENOENT;
	}
	fd = -ENOENT;
	while (fd < 0 && (d = readdir(dir)))
		if (is_list_of(d->d_name, package))
			fd = openat(dirfd(dir), d->d_name,
				    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	(void)closedir(dir);
	return fd;
}

/* On a merged root packages list lib/x, and the file is usr/lib/x. */
static bool names(struct span listed, const char *path)
{
	static const char usr[] = "usr/";

	return span_is(listed, path) || (strncmp(path, usr, strlen(usr)) == 0 &&
					 span_is(listed, path + strlen(usr)));
}

/* "d41d8cd98f00b204e9800998ecf8427e  usr/bin/x" */
static bool is_of(struct span line, const char *path, struct digest *ret)
{
	struct bytes in = bytes_of(line.ptr, line.len);
	struct span hex, blanks, name;
	struct digest d = {.alg = HASH_MD5, .size = MD5_SIZE};

	if (!bytes_take(&in, 2 * (size_t)MD5_SIZE, &hex) ||
	    !bytes_take(&in, 2, &blanks) || !bytes_take(&in, bytes_left(&in), &name) ||
	    !span_is(blanks, "  ") || !names(name, path) || hex_decode(d.value, hex) < 0)
		return false;
	*ret = d;
	return true;
}

static int of_dpkg(int fd, const char *path, struct digest *ret)
{
	_cleanup_lines_ struct lines lines = {0};
	struct span line;

	if (lines_open(&lines, fd, LINE_LIMIT) < 0)
		return -ENOMEM;
	while (lines_next(&lines, &line) > 0)
		if (!lines.cut && is_of(line, path, ret))
			return 1;
	return 0;
}

int pkgdigest_of(const struct root *root, const char *package, const char *path,
		 struct digest *ret)
{
	_cleanup_close_ int fd = open_list(root, package);
	_cleanup_strbuf_ struct strbuf full = {0};
	int r = fd < 0 ? 0 : of_dpkg(fd, path, ret);

	strbuf_addf(&full, "/%s", path);
	return r || full.failed ? r : pkgdb_rpm_digest(root, strbuf_str(&full), ret);
}
