/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/mounts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "core/base/cleanup.h"
#include "core/base/str.h"

/* "36 35 98:0 / / rw,noatime - ext4 /dev/vda rw": the third word, and the one behind the
 * lone dash. */
static bool mount_line(struct span line, struct mounts_fs *ret)
{
	struct bytes in = bytes_of(line.ptr, line.len);
	struct span word = {0}, major;
	struct bytes number;
	uint64_t a, b;

	for (int i = 0; i < 3; i++)
		if (!bytes_until(&in, ' ', &word))
			return false;
	number = bytes_of(word.ptr, word.len);
	if (!bytes_until(&number, ':', &major) || str_to_u64(major, &a) < 0 ||
	    str_to_u64((struct span){number.ptr + number.pos, bytes_left(&number)}, &b) <
		    0)
		return false;
	while (!span_is(word, "-"))
		if (!bytes_until(&in, ' ', &word))
			return false;
	if (!bytes_until(&in, ' ', &word) || !word.len || word.len >= MOUNTS_NAME)
		return false;
	ret->dev = makedev((unsigned)a, (unsigned)b);
	memcpy(ret->name, word.ptr, word.len);
	ret->name[word.len] = '\0';
	return true;
}

int mounts_load(const struct root *root, struct mounts *ret)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct mounts_fs fs, *more;
	struct bytes in;
	struct span line;

	*ret = (struct mounts){0};
	if (root_read(root, ROOT_MOUNTS, &text, NULL) < 0)
		return text.failed ? -ENOMEM : 0;
	in = bytes_of(strbuf_str(&text), text.len);
	while (bytes_until(&in, '\n', &line)) {
		if (!mount_line(line, &fs))
			continue;
		more = reallocarray(ret->at, ret->n + 1, sizeof(fs));
		if (!more) {
			mounts_done(ret);
			return -ENOMEM;
		}
		ret->at = more;
		ret->at[ret->n++] = fs;
	}
	return 0;
}

void mounts_done(struct mounts *m)
{
	free(m->at);
	*m = (struct mounts){0};
}

const char *mounts_type(const struct mounts *m, uint64_t dev)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->at[i].dev == dev)
			return m->at[i].name;
	return "";
}
