/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/list/mfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/str.h"

static int open_path(const char *path, bool anywhere)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY;

	if (strcmp(path, "-") == 0)
		return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	return open(path, flags | (anywhere ? O_NONBLOCK : 0));
}

int mfile_open(const char *path, bool anywhere, struct diag *reterr)
{
	_cleanup_close_ int fd = open_path(path, anywhere);
	struct stat st;
	char q[256];

	if (anywhere && strcmp(path, "-") == 0) /* keys come from there */
		return diag_set(reterr, DIAG_LIST_KIND, ESPIPE,
				"The list cannot come from standard input here.");
	(void)str_quote(q, sizeof(q), span_of(path));
	if (fd < 0 || fstat(fd, &st) < 0)
		return diag_set(reterr, errno == EACCES ? DIAG_PERMISSION : DIAG_OPEN,
				errno, "Cannot open %s: %s.", q, diag_errno(errno));
	if (S_ISDIR(st.st_mode))
		return diag_set(reterr, DIAG_LIST_KIND, EISDIR,
				"%s is a folder, not a measurement list.", q);
	if (anywhere && lseek(fd, 0, SEEK_CUR) < 0)
		return diag_set(reterr, DIAG_LIST_KIND, ESPIPE,
				"%s is a pipe or a terminal, not a file.", q);
	return take_fd(&fd);
}

int mfile_open_recorded(const struct root *root, struct diag *reterr)
{
	int fd = root_open(root, ROOT_LIST_BINARY, reterr);

	if (fd == -ENOENT)
		fd = root_open(root, ROOT_LIST_ASCII, reterr);
	if (fd == -ENOENT)
		return diag_set(reterr, DIAG_NO_LIST, ENOENT,
				"The recorded host has no measurement list.");
	return fd;
}

enum hash_alg mfile_bank(const char *path)
{
	const char *at = path ? strrchr(path, '_') : NULL;

	return at ? hash_alg_from_name(span_of(at + 1)) : _HASH_ALG_INVALID;
}

uint8_t mfile_column(const char *path)
{
	enum hash_alg alg = mfile_bank(path);

	return alg >= 0 ? (uint8_t)hash_alg_size(alg) : 0;
}
