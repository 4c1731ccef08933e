/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/appraise/evmfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/hex.h"

/* include/uapi/linux/fs.h since 6.9 */
struct uuid_answer {
	uint8_t len;
	uint8_t uuid[16];
};
#define GET_UUID _IOR(0x15, 0, struct uuid_answer)

static const char *name_of(const struct evm_kernel *kernel, size_t i)
{
	return i < _EVM_NAME_MAX ? evm_name((enum evm_name)i)
				 : kernel->extra[i - _EVM_NAME_MAX];
}

static int cannot_read(const char *name, int err, struct diag *reterr)
{
	char q[80];

	return diag_set(reterr, DIAG_READ, err, "Cannot read %s of the file: %s.",
			str_quote(q, sizeof(q), span_of(name)), diag_errno(-err));
}

/* 1: there; 0: not; -errno. */
static int read_one(int fd, enum label_space space, size_t i, const char *name,
		    struct strbuf *out)
{
	int r;

	strbuf_clear(out);
	if (i == EVM_NAME_IMA)
		name = label_name(space, IMAXATTR_IMA);
	r = fs_get_xattr(fd, name, out);
	return r == -ENODATA || r == -EOPNOTSUPP ? 0 : r < 0 ? r : 1;
}

static int read_attrs(const struct evm_kernel *kernel, int fd, enum label_space space,
		      const struct evmfile_given *given, struct evmfile *ret,
		      struct diag *reterr)
{
	size_t n = 0;

	for (size_t i = 0; i < _EVM_NAME_MAX + kernel->n_extra; i++) {
		struct evm_attr *a = &ret->attrs[n];
		int r;

		a->name = name_of(kernel, i);
		if (given && i < _EVM_NAME_MAX && given->attr[i].given) {
			a->value = given->attr[i].value;
			n += a->value.len > 0;
			continue;
		}
		r = read_one(fd, space, i, a->name, &ret->value[n]);
		if (r < 0)
			return cannot_read(a->name, r, reterr);
		a->value = strbuf_span(&ret->value[n]);
		n += (size_t)r;
	}
	ret->file.attrs = ret->attrs;
	ret->file.n_attrs = n;
	return 0;
}

int evmfile_read(const struct evm_kernel *kernel, int fd, enum label_space space,
		 const struct evmfile_given *given, struct evmfile *ret,
		 struct diag *reterr)
{
	struct stat st;

	if (kernel->n_extra > EVMFILE_ATTRS - _EVM_NAME_MAX)
		return diag_set(reterr, DIAG_TOO_LARGE, E2BIG,
				"EVM protects more attributes than are looked at.");
	if (fstat(fd, &st) < 0)
		return cannot_read("the metadata", -errno, reterr);
	ret->file = (struct evm_file){
		.ino = given && given->ino ? given->ino_value : st.st_ino,
		.uid = given && given->uid ? given->uid_value : st.st_uid,
		.gid = given && given->gid ? given->gid_value : st.st_gid,
		.mode = (uint16_t)st.st_mode,
	};
	if (given && given->mode)
		ret->file.mode = (uint16_t)((st.st_mode & S_IFMT) | given->mode_value);
	return read_attrs(kernel, fd, space, given, ret, reterr);
}

static int not_known(const char *what, struct diag *reterr)
{
	return diag_set(reterr, DIAG_EVM_INODE, ENODATA, "The %s is not to be found out.",
			what);
}

/* 8-4-4-4-12 digits */
int evmfile_uuid(const char *text, uint8_t ret[16])
{
	char digits[32];
	size_t n = 0;

	for (size_t i = 0; text[i]; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text[i] != '-')
				return -EINVAL;
		} else if (n == sizeof(digits)) {
			return -EINVAL;
		} else {
			digits[n++] = text[i];
		}
	}
	return n == sizeof(digits) ? hex_decode(ret, (struct span){(uint8_t *)digits, n})
				   : -EINVAL;
}

/* Is @name the device's? Then its name is the UUID. */
static bool leads_to(int folder, const char *name, dev_t dev, uint8_t ret[16])
{
	struct stat st;

	return fstatat(folder, name, &st, 0) == 0 && S_ISBLK(st.st_mode) &&
	       st.st_rdev == dev && evmfile_uuid(name, ret) == 0;
}

/* What udev knows, for kernels that do not tell. */
static bool uuid_of_device(const struct root *root, int fd, uint8_t ret[16])
{
	int folder =
		root_openat(root, ROOT_DEV, "disk/by-uuid", O_RDONLY | O_DIRECTORY, NULL);
	DIR *dir = folder < 0 ? NULL : fdopendir(folder);
	bool found = false;
	struct dirent *e;
	struct stat st;

	if (!dir) {
		cleanup_closep(&folder);
		return false;
	}
	if (fstat(fd, &st) == 0)
		while (!found && (e = readdir(dir)))
			found = leads_to(folder, e->d_name, st.st_dev, ret);
	(void)closedir(dir); /* only read */
	return found;
}

bool evmfile_fs_uuid(const struct root *root, int fd, uint8_t ret[16])
{
	struct uuid_answer a = {0};

	if (ioctl(fd, GET_UUID, &a) < 0 || a.len != sizeof(a.uuid))
		return uuid_of_device(root, fd, ret);
	memcpy(ret, a.uuid, sizeof(a.uuid));
	return true;
}

int evmfile_inode(const struct root *root, const struct evm_kernel *kernel, int data,
		  const struct evmfile_given *given, struct evmfile *f,
		  struct diag *reterr)
{
	int generation = 0;

	if (given && given->generation)
		generation = (int)given->generation_value;
	else if (data < 0 || ioctl(data, FS_IOC_GETVERSION, &generation) < 0)
		return not_known("generation of the inode", reterr);
	f->file.generation = (uint32_t)generation;
	if (!kernel->fsuuid)
		return 0;
	if (given && given->uuid)
		memcpy(f->file.uuid, given->uuid_value, sizeof(f->file.uuid));
	else if (data < 0 || !evmfile_fs_uuid(root, data, f->file.uuid))
		return not_known("UUID of the file system", reterr);
	return 0;
}

void evmfile_done(struct evmfile *f)
{
	for (size_t i = 0; i < EVMFILE_ATTRS; i++)
		strbuf_done(&f->value[i]);
}
