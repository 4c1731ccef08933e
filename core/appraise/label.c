/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/appraise/label.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"

static const char *const names[][2] = {
	[LABEL_SECURITY] =
		{[IMAXATTR_IMA] = "security.ima", [IMAXATTR_EVM] = "security.evm"},
	[LABEL_USER] = {[IMAXATTR_IMA] = "user.ima", [IMAXATTR_EVM] = "user.evm"},
};

const char *label_name(enum label_space space, enum imaxattr_attr attr)
{
	return names[space][attr];
}

static int cannot_open(const char *path, int err, struct diag *reterr)
{
	char q[140];

	return diag_set(reterr,
			err == EACCES || err == EPERM ? DIAG_PERMISSION : DIAG_OPEN, err,
			"Cannot open %s: %s.", str_quote(q, sizeof(q), span_of(path)),
			diag_errno(err));
}

/* fspath_open_in() takes names from the folder on. */
static int name_in(int at, const char *path)
{
	while (*path == '/')
		path++;
	return fspath_open_in(at, *path ? path : ".", O_PATH | O_CLOEXEC);
}

static int name_here(const char *path)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int label_open(int at, const char *path, struct diag *reterr)
{
	_cleanup_close_ int fd = at == AT_FDCWD ? name_here(path) : name_in(at, path);
	struct stat st;
	char q[140];

	if (fd < 0)
		return cannot_open(path, -fd, reterr);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return diag_set(reterr, DIAG_NOT_PLAIN, EOPNOTSUPP,
				"%s is not a plain file.",
				str_quote(q, sizeof(q), span_of(path)));
	return take_fd(&fd);
}

/* Looking must not count as use; only the owner and root may ask for that. A file of
 * /proc may be one that waits for news (kmsg): that is not waited for, a lease is. */
int label_open_contents(int fd, const char *path, struct diag *reterr)
{
	char link[32];
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int data = open(fs_fd_path(link, fd), flags | O_NOATIME);

	if (data < 0 && errno == EPERM)
		data = open(link, flags);
	if (data < 0 && errno == EWOULDBLOCK)
		data = open(link, flags & ~O_NONBLOCK);
	return data < 0 ? cannot_open(path, errno, reterr) : data;
}

static int cannot_read(const char *path, int err, struct diag *reterr)
{
	char q[140];

	return diag_set(reterr, DIAG_READ, err, "Cannot read %s: %s.",
			str_quote(q, sizeof(q), span_of(path)), diag_errno(-err));
}

int label_hash(int data, const char *path, struct hash_set *set, enum hash_alg alg,
	       struct digest *ret, struct diag *reterr)
{
	struct hash_ctx *h = hash_set_get(set, alg, reterr);
	int r;

	if (!h)
		return -EOPNOTSUPP;
	r = hash_fd(h, alg, data, ret);
	return r < 0 ? cannot_read(path, r, reterr) : 0;
}

struct hashing {
	struct hash_ctx *h;
	enum hash_alg alg;
	struct digest *digest;
};

static int hash_some(void *user, int fd, uint64_t size)
{
	const struct hashing *how = user;

	(void)size; /* to the end, wherever that is by then */
	return lseek(fd, 0, SEEK_SET) < 0 ? -errno
					  : hash_fd(how->h, how->alg, fd, how->digest);
}

int label_hash_still(int data, const char *path, struct hash_set *set, enum hash_alg alg,
		     struct digest *ret, struct stamp *ret_made, struct diag *reterr)
{
	struct hashing how = {hash_set_get(set, alg, reterr), alg, ret};
	char q[140];
	int r;

	if (!how.h)
		return -EOPNOTSUPP;
	r = stamp_still(data, hash_some, &how, ret_made, NULL);
	if (r == -ESTALE)
		return diag_set(reterr, DIAG_LABEL_CHANGING, r,
				"%s changes while it is read.",
				str_quote(q, sizeof(q), span_of(path)));
	return r < 0 ? cannot_read(path, r, reterr) : 0;
}

int label_read(int fd, enum label_space space, struct label *ret)
{
	for (int a = IMAXATTR_IMA; a <= IMAXATTR_EVM; a++) {
		int r;

		strbuf_clear(&ret->value[a]);
		r = fs_get_xattr(fd, names[space][a], &ret->value[a]);
		if (r == -ENOMEM)
			return r;
		ret->err[a] = -r;
		imaxattr_decode((enum imaxattr_attr)a, strbuf_span(&ret->value[a]),
				&ret->x[a]);
	}
	return 0;
}

void label_done(struct label *l)
{
	strbuf_done(&l->value[IMAXATTR_IMA]);
	strbuf_done(&l->value[IMAXATTR_EVM]);
}
