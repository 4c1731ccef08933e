/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/fstate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/pack.h"
#include "core/base/sha256.h"

#define XATTR_LIST_LIMIT 65536 /* XATTR_LIST_MAX, XATTR_SIZE_MAX: linux/limits.h */

void fstate_pack(struct strbuf *out, const struct fstate *s)
{
	pack_u8(out, (uint8_t)s->kind);
	if (s->kind == FSTATE_ABSENT)
		return;
	pack_u32(out, s->mode);
	pack_u32(out, s->uid);
	pack_u32(out, s->gid);
	pack_u64(out, (uint64_t)s->mtime);
	pack_u32(out, s->mtime_nsec);
	pack_span(out, s->xattrs);
	pack_span(out, s->content);
}

struct xattrs {
	struct bytes b;
	uint32_t left;
};

static struct xattrs xattrs_of(struct span packed)
{
	struct xattrs x = {.b = bytes_of(packed.ptr, packed.len)};

	if (!bytes_u32(&x.b, &x.left))
		x.left = 0;
	return x;
}

static bool xattrs_next(struct xattrs *x, struct span *name, struct span *value)
{
	if (x->left == 0 || !unpack_span(&x->b, name) || !unpack_span(&x->b, value))
		return false;
	x->left--;
	return true;
}

/* A name within a packed list, NUL-terminated as the system calls want it. */
static int name_of(struct span name, char buf[256])
{
	if (name.len >= 256 || memchr(name.ptr, '\0', name.len))
		return -EINVAL;
	memcpy(buf, name.ptr, name.len);
	buf[name.len] = '\0';
	return 0;
}

/* Names as the kernel has them, no more than it has, and nothing behind the last. */
static bool xattrs_whole(struct xattrs x)
{
	struct span name, value;
	size_t total = 0;
	char n[256];

	while (xattrs_next(&x, &name, &value)) {
		total += name.len + 1;
		if (name.len == 0 || name_of(name, n) < 0 || total > XATTR_LIST_LIMIT)
			return false;
	}
	return x.left == 0 && !bytes_left(&x.b);
}

/* No list, or one that has each name once. */
static bool xattrs_valid(struct span packed)
{
	struct xattrs x = xattrs_of(packed), rest;
	struct span name, value, other;

	if (!xattrs_whole(x))
		return false;
	while (xattrs_next(&x, &name, &value))
		for (rest = x; xattrs_next(&rest, &other, &value);)
			if (span_equal(name, other))
				return false;
	return true;
}

bool fstate_unpack(struct span bytes, struct fstate *ret)
{
	struct bytes b = bytes_of(bytes.ptr, bytes.len);
	struct fstate s = {0};
	uint64_t mtime;
	uint8_t kind;

	if (!bytes_u8(&b, &kind) || kind > FSTATE_OTHER)
		return false;
	s.kind = (enum fstate_kind)kind;
	if (s.kind != FSTATE_ABSENT) {
		if (!bytes_u32(&b, &s.mode) || !bytes_u32(&b, &s.uid) ||
		    !bytes_u32(&b, &s.gid) || !bytes_u64(&b, &mtime) ||
		    !bytes_u32(&b, &s.mtime_nsec) || !unpack_span(&b, &s.xattrs) ||
		    !unpack_span(&b, &s.content))
			return false;
		s.mtime = (int64_t)mtime;
	}
	if (bytes_left(&b) || !xattrs_valid(s.xattrs))
		return false;
	*ret = s;
	return true;
}

static bool xattrs_find(struct span packed, struct span name, struct span *ret_value)
{
	struct xattrs x = xattrs_of(packed);
	struct span n;

	while (xattrs_next(&x, &n, ret_value))
		if (span_equal(n, name))
			return true;
	return false;
}

/* enum evm_ima_xattr_type, security/integrity/integrity.h: 1 digest, 2 HMAC, 4 digest-ng
 */
static bool kernel_keeps(struct span name, struct span value)
{
	if (value.len == 0)
		return false;
	if (span_is(name, "security.ima"))
		return value.ptr[0] == 1 || value.ptr[0] == 4;
	return span_is(name, "security.evm") && value.ptr[0] == 2;
}

static bool starts_with(struct span s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && memcmp(s.ptr, prefix, len) == 0;
}

/* May stand on a file that was not asked to carry it: LSM labels and inherited ACLs come
 * with the creation of the file. */
static bool comes_by_itself(struct span name, struct span value)
{
	if (span_is(name, "security.ima") || span_is(name, "security.evm") ||
	    span_is(name, "security.capability"))
		return kernel_keeps(name, value);
	return starts_with(name, "security.") || starts_with(name, "system.");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int pack_xattr(int fd, const char *name, char *value, struct strbuf *out)
{
	ssize_t n = fgetxattr(fd, name, value, XATTR_LIST_LIMIT);

	if (n < 0)
		return errno == ENODATA ? 0 : -errno; /* gone since the listing */
	pack_str(out, name);
	pack_span(out, (struct span){(const uint8_t *)value, (size_t)n});
	return 1;
}

/* overlayfs keeps its own books in attributes that are never ours to copy. */
static bool passed_over(const char *name)
{
	return strncmp(name, "trusted.overlay.", 16) == 0;
}

static int pack_sorted(int fd, char *list, size_t len, struct strbuf *out)
{
	_cleanup_free_ char **names = calloc(len / 2 + 1, sizeof(*names));
	_cleanup_free_ char *value = malloc(XATTR_LIST_LIMIT);
	_cleanup_strbuf_ struct strbuf body = {0};
	uint32_t count = 0;
	size_t n = 0;
	int r;

	if (!names || !value)
		return -ENOMEM;
	for (size_t i = 0; i < len; i += strlen(list + i) + 1)
		if (list[i] && !passed_over(list + i))
			names[n++] = list + i;
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++) {
		r = pack_xattr(fd, names[i], value, &body);
		if (r < 0)
			return r;
		count += (uint32_t)r;
	}
	pack_u32(out, count);
	strbuf_add(out, strbuf_str(&body), body.len);
	return out->failed || body.failed ? -ENOMEM : 0;
}

int fstate_read_xattrs(int fd, struct strbuf *out)
{
	_cleanup_free_ char *list = malloc(XATTR_LIST_LIMIT + 1);
	ssize_t len;

	if (!list)
		return -ENOMEM;
	len = flistxattr(fd, list, XATTR_LIST_LIMIT);
	if (len < 0 && errno != EOPNOTSUPP)
		return -errno;
	len = len < 0 ? 0 : len;
	list[len] = '\0';
	return pack_sorted(fd, list, (size_t)len, out);
}

static int set_xattr(int fd, struct span name, struct span value)
{
	char n[256];
	int r = name_of(name, n);

	if (r < 0)
		return r;
	if (span_is(name, "security.evm") && kernel_keeps(name, value))
		return 0; /* nobody but the kernel can make an HMAC (evm_main.c) */
	do
		r = fsetxattr(fd, n, value.ptr, value.len, 0);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static int drop_others(int fd, struct span packed)
{
	_cleanup_strbuf_ struct strbuf now = {0};
	struct span name, value, wanted;
	char n[256];
	struct xattrs x;
	int r = fstate_read_xattrs(fd, &now);

	if (r < 0)
		return r;
	x = xattrs_of(strbuf_span(&now));
	while (xattrs_next(&x, &name, &value)) {
		if (comes_by_itself(name, value) || xattrs_find(packed, name, &wanted))
			continue;
		if (name_of(name, n) < 0 || (fremovexattr(fd, n) < 0 && errno != ENODATA))
			return -errno;
	}
	return 0;
}

int fstate_write_xattrs(int fd, struct span packed)
{
	struct xattrs x = xattrs_of(packed);
	struct span name, value;
	int r;

	while (xattrs_next(&x, &name, &value)) {
		r = set_xattr(fd, name, value);
		if (r < 0)
			return r;
	}
	return drop_others(fd, packed);
}

void fstate_add_xattr(struct strbuf *packed, const char *name, struct span value)
{
	uint32_t count =
		packed->len >= 4 ? bytes_load32((const uint8_t *)packed->ptr, false) : 0;

	if (packed->len < 4)
		pack_u32(packed, 0);
	pack_str(packed, name);
	pack_span(packed, value);
	if (packed->failed)
		return;
	count++;
	for (size_t i = 0; i < 4; i++)
		packed->ptr[i] = (char)(count >> (8 * i));
}

static bool inherited(struct span name, struct span own)
{
	struct span value;

	return !span_is(name, "security.ima") && !span_is(name, "security.evm") &&
	       !span_is(name, "security.capability") && !xattrs_find(own, name, &value);
}

int fstate_inherit_xattrs(struct span old, struct span own, struct strbuf *out)
{
	struct span lists[2] = {own, old}, name, value;
	struct xattrs x;
	char n[256];

	for (size_t i = 0; i < 2; i++) {
		x = xattrs_of(lists[i]);
		while (xattrs_next(&x, &name, &value)) {
			if (i == 1 && !inherited(name, own))
				continue;
			if (name_of(name, n) < 0)
				return -EINVAL;
			fstate_add_xattr(out, n, value);
		}
	}
	return out->failed ? -ENOMEM : 0;
}

static enum fstate_kind kind_of(mode_t mode)
{
	return S_ISREG(mode)   ? FSTATE_FILE
	       : S_ISLNK(mode) ? FSTATE_SYMLINK
	       : S_ISDIR(mode) ? FSTATE_FOLDER
			       : FSTATE_OTHER;
}

static int read_content(int fd, size_t size, struct strbuf *content)
{
	struct diag why = {0};
	int r;

	if (size > FSTATE_CONTENT_MAX)
		return -EFBIG;
	r = fs_read_fd(fd, FSTATE_CONTENT_MAX, "file", content, &why);
	return r < 0 ? r : 0;
}

/* What needs an open file: attributes and content. */
static int read_inside(int dirfd, const char *leaf, const struct stat *seen,
		       struct strbuf *xattrs, struct strbuf *content)
{
	_cleanup_close_ int fd =
		openat(dirfd, leaf,
		       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_ino != seen->st_ino ||
	    (st.st_mode & S_IFMT) != (seen->st_mode & S_IFMT))
		return -EAGAIN;
	r = S_ISREG(st.st_mode) ? read_content(fd, (size_t)st.st_size, content) : 0;
	return r < 0 ? r : fstate_read_xattrs(fd, xattrs);
}

static int read_link(int dirfd, const char *leaf, struct strbuf *content)
{
	_cleanup_free_ char *text = malloc(PATH_MAX);
	ssize_t n = text ? readlinkat(dirfd, leaf, text, PATH_MAX) : -1;

	if (n < 0)
		return text ? -errno : -ENOMEM;
	strbuf_add(content, text, (size_t)n);
	return 0;
}

int fstate_read(int dirfd, const char *leaf, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf xattrs = {0}, content = {0};
	struct fstate s = {.kind = FSTATE_ABSENT};
	struct stat st;
	int r = 0;

	if (fstatat(dirfd, leaf, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return -errno;
	} else {
		s = (struct fstate){.kind = kind_of(st.st_mode),
				    .mode = st.st_mode & 07777,
				    .uid = st.st_uid,
				    .gid = st.st_gid,
				    .mtime = st.st_mtim.tv_sec,
				    .mtime_nsec = (uint32_t)st.st_mtim.tv_nsec};
		if (s.kind == FSTATE_FILE || s.kind == FSTATE_FOLDER)
			r = read_inside(dirfd, leaf, &st, &xattrs, &content);
		else if (s.kind == FSTATE_SYMLINK)
			r = read_link(dirfd, leaf, &content);
		else
			pack_u64(&content, st.st_rdev);
	}
	if (r < 0)
		return r;
	s.xattrs = strbuf_span(&xattrs);
	s.content = strbuf_span(&content);
	fstate_pack(out, &s);
	return out->failed || xattrs.failed || content.failed ? -ENOMEM : 0;
}

static bool same_xattrs(struct span actual, struct span wanted)
{
	struct span name, value, other;
	struct xattrs x = xattrs_of(wanted);

	while (xattrs_next(&x, &name, &value))
		if (!kernel_keeps(name, value) &&
		    (!xattrs_find(actual, name, &other) || !span_equal(value, other)))
			return false;
	x = xattrs_of(actual);
	while (xattrs_next(&x, &name, &value))
		if (!comes_by_itself(name, value) && !xattrs_find(wanted, name, &other))
			return false;
	return true;
}

/* Links have neither a mode nor attributes that we touch; a folder has no content. */
bool fstate_same(struct span actual, struct span wanted)
{
	struct fstate a, w;

	if (!fstate_unpack(actual, &a) || !fstate_unpack(wanted, &w) || a.kind != w.kind)
		return false;
	if (a.kind == FSTATE_ABSENT)
		return true;
	if (a.uid != w.uid || a.gid != w.gid || !span_equal(a.content, w.content))
		return false;
	return a.kind == FSTATE_SYMLINK ||
	       (a.mode == w.mode && same_xattrs(a.xattrs, w.xattrs));
}

static void hash_u64(struct sha256 *h, uint64_t v)
{
	uint8_t le[8];

	for (size_t i = 0; i < 8; i++)
		le[i] = (uint8_t)(v >> (8 * i));
	sha256_add(h, le, sizeof(le));
}

static void hash_span(struct sha256 *h, struct span s)
{
	hash_u64(h, s.len);
	sha256_add(h, s.ptr, s.len);
}

void fstate_fingerprint(struct span state, uint8_t ret[32])
{
	struct fstate s = {0};
	struct span name, value;
	struct sha256 h;
	struct xattrs x;

	sha256_init(&h);
	if (!fstate_unpack(state, &s))
		hash_span(&h, state);
	hash_u64(&h, s.kind);
	if (s.kind != FSTATE_ABSENT) {
		hash_u64(&h, s.mode);
		hash_u64(&h, s.uid);
		hash_u64(&h, s.gid);
		hash_span(&h, s.content);
	}
	x = xattrs_of(s.xattrs);
	while (xattrs_next(&x, &name, &value)) {
		if (kernel_keeps(name, value))
			continue;
		hash_span(&h, name);
		hash_span(&h, value);
	}
	sha256_end(&h, ret);
}
