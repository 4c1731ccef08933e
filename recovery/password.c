/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/password.h"

#include <crypt.h>
#include <fcntl.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"

enum { FILE_LIMIT = 4 << 20 };

/* The second field of root's line; false: there is no such line. */
static bool field_of_root(struct span text, struct span *ret)
{
	struct bytes in = bytes_of(text.ptr, text.len);
	struct span line, name;

	while (bytes_until(&in, '\n', &line)) {
		struct bytes fields = bytes_of(line.ptr, line.len);

		if (bytes_until(&fields, ':', &name) && span_is(name, "root"))
			return bytes_until(&fields, ':', ret);
	}
	return false;
}

static bool read_field(const struct root *target, const char *path, struct strbuf *text,
		       struct span *ret)
{
	_cleanup_close_ int fd =
		fspath_open_in(target->dir[ROOT_TARGET], path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && fs_read_fd(fd, FILE_LIMIT, path, text, NULL) == 0 &&
	       field_of_root(strbuf_span(text), ret);
}

static enum password read_hash(const struct root *target, struct strbuf *ret)
{
	_cleanup_strbuf_ struct strbuf passwd = {0}, shadow = {0};
	struct span field;

	if (!read_field(target, "etc/passwd", &passwd, &field))
		return PASSWORD_UNKNOWN;
	if (span_is(field, "x") && !read_field(target, "etc/shadow", &shadow, &field))
		return PASSWORD_UNKNOWN;
	if (!field.len)
		return PASSWORD_NONE;
	if (field.ptr[0] == '!' || field.ptr[0] == '*')
		return PASSWORD_LOCKED;
	strbuf_add(ret, field.ptr, field.len);
	if (shadow.ptr)
		explicit_bzero(shadow.ptr, shadow.len);
	return ret->failed ? PASSWORD_UNKNOWN : PASSWORD_WRONG;
}

enum password password_kind(const struct root *target)
{
	_cleanup_strbuf_ struct strbuf hash = {0};

	return read_hash(target, &hash);
}

/* As long for every byte, right or wrong. */
static bool equal(const char *a, const char *b)
{
	size_t n = strlen(a);
	unsigned char differs = 0;

	if (strlen(b) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		differs |= (unsigned char)(a[i] ^ b[i]);
	return differs == 0;
}

enum password password_check(const struct root *target, char *typed)
{
	_cleanup_strbuf_ struct strbuf hash = {0};
	_cleanup_free_ struct crypt_data *data = calloc(1, sizeof(*data));
	enum password kind = read_hash(target, &hash);
	const char *made;

	if (kind == PASSWORD_WRONG && data) {
		made = crypt_rn(typed, hash.ptr, data, sizeof(*data));
		if (made && equal(made, hash.ptr))
			kind = PASSWORD_RIGHT;
		explicit_bzero(data, sizeof(*data));
	}
	explicit_bzero(typed, strlen(typed));
	return kind;
}
