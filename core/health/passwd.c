/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/health/passwd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"

enum { FILE_MAX_ = 4 << 20 };

static bool copy(struct span text, char *ret, size_t size)
{
	if (!text.len || text.len >= size || memchr(text.ptr, '\0', text.len))
		return false;
	memcpy(ret, text.ptr, text.len);
	ret[text.len] = '\0';
	return true;
}

bool passwd_parse(struct span line, struct passwd_entry *ret)
{
	struct bytes in = bytes_of(line.ptr, line.len);
	struct span of[6], shell;
	struct passwd_entry e;
	uint64_t uid;

	for (size_t i = 0; i < array_size(of); i++)
		if (!bytes_until(&in, ':', &of[i]))
			return false;
	(void)bytes_take(&in, bytes_left(&in), &shell);
	if (!copy(of[0], e.name, sizeof(e.name)) || str_to_u64(of[2], &uid) < 0 ||
	    uid >= UINT32_MAX || !copy(shell, e.shell, sizeof(e.shell)) ||
	    e.shell[0] != '/')
		return false;
	e.uid = (uint32_t)uid;
	*ret = e;
	return true;
}

static bool refuses(const char *shell)
{
	const char *leaf = strrchr(shell, '/') + 1;

	return strcmp(leaf, "nologin") == 0 || strcmp(leaf, "false") == 0;
}

static bool is_person(const struct passwd_entry *e)
{
	return e->uid >= PASSWD_FIRST && e->uid <= PASSWD_LAST && !refuses(e->shell);
}

/* The first with that uid; NULL: the first person. */
static int find(const struct root *root, const uint32_t *uid, struct passwd_entry *ret)
{
	_cleanup_close_ int fd =
		root_openat(root, ROOT_TARGET, "etc/passwd", O_RDONLY, NULL);
	_cleanup_strbuf_ struct strbuf text = {0};
	struct passwd_entry e;
	struct span line;
	struct bytes in;
	int r = fd < 0 ? fd : fs_read_fd(fd, FILE_MAX_, "passwd", &text, NULL);

	if (r < 0)
		return r;
	in = bytes_of(strbuf_str(&text), text.len);
	while (bytes_until(&in, '\n', &line)) {
		if (!passwd_parse(line, &e) || (uid ? e.uid != *uid : !is_person(&e)))
			continue;
		*ret = e;
		return 0;
	}
	return -ENOENT;
}

int passwd_of(const struct root *root, uint32_t uid, struct passwd_entry *ret)
{
	return find(root, &uid, ret);
}

int passwd_ordinary(const struct root *root, struct passwd_entry *ret)
{
	return find(root, NULL, ret);
}
