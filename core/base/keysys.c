/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/keysys.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/cleanup.h"

enum { TRIES = 8 }; /* a keyring may grow between asking for its size and reading it */

static long control(int operation, long a, const void *b, const void *c, long d)
{
	long r = syscall(SYS_keyctl, operation, a, b, c, d);

	return r < 0 ? -errno : r;
}

int32_t keysys_add(const char *type, const char *desc, struct span payload, int32_t ring)
{
	long r = syscall(SYS_add_key, type, desc, payload.ptr, payload.len, ring);

	return r < 0 ? -errno : (int32_t)r;
}

/* What an operation writes of unknown length, appended. */
static int read_all(int operation, int32_t key, struct strbuf *out)
{
	long size = control(operation, key, NULL, NULL, 0);

	for (int i = 0; i < TRIES && size >= 0; i++) {
		_cleanup_free_ char *buf = malloc((size_t)size + 1);
		long n;

		if (!buf)
			return -ENOMEM;
		n = control(operation, key, buf, (void *)(uintptr_t)size, 0);
		if (n >= 0 && n <= size) {
			strbuf_add(out, buf, (size_t)n);
			return out->failed ? -ENOMEM : 0;
		}
		size = n;
	}
	return size < 0 ? (int)size : -EAGAIN;
}

int keysys_describe(int32_t key, struct strbuf *out)
{
	int r = read_all(KEYCTL_DESCRIBE, key, out);

	if (r == 0 && out->len && out->ptr[out->len - 1] == '\0')
		out->len--; /* the kernel counts the NUL */
	return r;
}

int keysys_read(int32_t ring, int32_t **ret)
{
	_cleanup_strbuf_ struct strbuf bytes = {0};
	int r = read_all(KEYCTL_READ, ring, &bytes);
	size_t n = bytes.len / sizeof(int32_t);

	if (r < 0)
		return r;
	*ret = calloc(n + 1, sizeof(int32_t));
	if (!*ret)
		return -ENOMEM;
	if (n)
		memcpy(*ret, bytes.ptr, n * sizeof(int32_t));
	return (int)n;
}

int32_t keysys_search(int32_t ring, const char *type, const char *desc)
{
	return (int32_t)control(KEYCTL_SEARCH, ring, type, desc, 0);
}

int keysys_verify(int32_t key, const char *how, struct span digest, struct span sig)
{
	struct keyctl_pkey_params params = {
		.key_id = key,
		.in_len = (uint32_t)digest.len,
		.in2_len = (uint32_t)sig.len,
	};
	long r = syscall(SYS_keyctl, KEYCTL_PKEY_VERIFY, &params, how, digest.ptr,
			 sig.ptr);

	return r < 0 ? -errno : 0;
}

int keysys_link(int32_t key, int32_t ring)
{
	return (int)control(KEYCTL_LINK, key, (void *)(intptr_t)ring, NULL, 0);
}

int keysys_unlink(int32_t key, int32_t ring)
{
	return (int)control(KEYCTL_UNLINK, key, (void *)(intptr_t)ring, NULL, 0);
}

int keysys_restrict(int32_t ring, const char *type, const char *how)
{
	return (int)control(KEYCTL_RESTRICT_KEYRING, ring, type, how, 0);
}
