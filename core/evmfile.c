/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/evmfile.h"

#include <errno.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"

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
		.ino = st.st_ino,
		.uid = given && given->uid ? given->uid_value : st.st_uid,
		.gid = given && given->gid ? given->gid_value : st.st_gid,
		.mode = (uint16_t)st.st_mode,
	};
	if (given && given->mode)
		ret->file.mode = (uint16_t)((st.st_mode & S_IFMT) | given->mode_value);
	return read_attrs(kernel, fd, space, given, ret, reterr);
}

void evmfile_done(struct evmfile *f)
{
	for (size_t i = 0; i < EVMFILE_ATTRS; i++)
		strbuf_done(&f->value[i]);
}
