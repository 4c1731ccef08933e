/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"

int evidence_new(int at, unsigned *ret_number)
{
	_cleanup_close_ int top = -1;
	char name[16] = "";
	unsigned n = 0;
	int r = fs_mkdirs_at(at, EVIDENCE_FOLDER, 0700, NULL);

	top = r < 0 ? r
		    : fspath_open(at, EVIDENCE_FOLDER, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return top;
	do {
		(void)snprintf(name, sizeof(name), "%u", ++n);
		r = mkdirat(top, name, 0700) < 0 ? -errno : 0;
	} while (r == -EEXIST && n < EVIDENCE_MAX);
	if (r < 0 && r != -EEXIST)
		return r;
	(void)fspath_sync(top); /* information only */
	if (ret_number)
		*ret_number = n;
	return fspath_open(top, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

void evidence_put(int folder, const char *name, const struct strbuf *text)
{
	if (folder >= 0)
		(void)fs_replace_at(folder, name, strbuf_str(text), text->len, 0600,
				    NULL);
}

unsigned evidence_newest(int at)
{
	_cleanup_close_ int top =
		fspath_open(at, EVIDENCE_FOLDER, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char name[16];
	struct stat st;

	for (unsigned n = EVIDENCE_MAX; n > 0 && top >= 0; n--) {
		(void)snprintf(name, sizeof(name), "%u", n);
		if (fstatat(top, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return n;
	}
	return 0;
}
