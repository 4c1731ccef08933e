/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/explain.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fspath.h"
#include "core/base/hex.h"

static const struct {
	const char *word;
	enum policy_func func;
	uint8_t mask;
} ops[] = {
#define POLICY_OP(word, func, mask) {word, POLICY_FUNC_##func, mask},
#include "core/policy-ops.inc"
#undef POLICY_OP
};

bool explain_op(const char *word, size_t i, struct policymatch_access *access)
{
	for (size_t row = 0; row < array_size(ops); row++) {
		if (strcmp(ops[row].word, word) != 0 || i--)
			continue;
		access->func = ops[row].func;
		access->mask = ops[row].mask;
		return true;
	}
	return false;
}

const char *explain_ops(void)
{
	return "read|write|read-write|append|exec|mmap|module|firmware|kexec|initramfs|"
	       "policy";
}

/* "b0b196af-9032-...": udev's link to the device names it. */
static bool uuid_of_name(const char *name, uint8_t ret[16])
{
	uint8_t uuid[16];
	size_t n = 0;

	if (strlen(name) != 36)
		return false;
	for (size_t i = 0; i < 36; i += 2) {
		if (i == 8 || i == 13 || i == 18 || i == 23)
			i++;
		if (hex_decode(&uuid[n++], (struct span){(const uint8_t *)name + i, 2}) <
		    0)
			return false;
	}
	memcpy(ret, uuid, sizeof(uuid));
	return true;
}

static bool find_uuid(const struct root *root, dev_t dev, uint8_t ret[16])
{
	int fd =
		root_openat(root, ROOT_DEV, "disk/by-uuid", O_RDONLY | O_DIRECTORY, NULL);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	bool found = false;
	struct stat st;

	if (fd >= 0 && !dir)
		(void)close(fd);
	while (dir && !found && (e = readdir(dir)))
		found = fstatat(fd, e->d_name, &st, 0) == 0 && S_ISBLK(st.st_mode) &&
			st.st_rdev == dev && uuid_of_name(e->d_name, ret);
	if (dir)
		(void)closedir(dir);
	return found;
}

int explain_file(const struct root *root, const char *path, struct explain *ret,
		 struct diag *reterr)
{
	_cleanup_close_ int fd = fspath_open_in(root->dir[ROOT_TARGET], path, O_PATH);
	struct explain e = {0};
	struct statfs fs;
	struct stat st;
	char q[140];

	if (fd < 0 || fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return diag_set(reterr, DIAG_OPEN, fd < 0 ? fd : errno,
				"Cannot look at %s: %s.",
				str_quote(q, sizeof(q), span_of(path)),
				diag_errno(fd < 0 ? -fd : errno));
	if (!S_ISREG(st.st_mode))
		return diag_set(reterr, DIAG_NOT_PLAIN, EINVAL, "%s is no plain file.",
				str_quote(q, sizeof(q), span_of(path)));
	if (mounts_load(root, &e.mounts) < 0)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	e.access.fowner = st.st_uid;
	e.access.fgroup = st.st_gid;
	e.access.fsmagic = (uint32_t)fs.f_type;
	e.access.fsname = span_of(mounts_type(&e.mounts, st.st_dev));
	e.access.no_fsname = !e.access.fsname.len;
	e.access.no_fsuuid = !find_uuid(root, st.st_dev, e.access.fsuuid);
	*ret = e;
	return 0;
}

void explain_done(struct explain *e)
{
	mounts_done(&e->mounts);
	*e = (struct explain){0};
}
