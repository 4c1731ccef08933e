/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/kconfig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <zlib.h>

#include "core/base/fs.h"

enum { LIMIT = 4 << 20 };

void kconfig_done(struct kconfig *k)
{
	strbuf_done(&k->text);
}

static int unpacked(struct strbuf *out, z_stream *z)
{
	char chunk[2048];
	int r;

	do {
		z->next_out = (Bytef *)chunk;
		z->avail_out = sizeof(chunk);
		r = inflate(z, Z_NO_FLUSH);
		if (r != Z_OK && r != Z_STREAM_END)
			return -EBADMSG;
		strbuf_add(out, chunk, sizeof(chunk) - z->avail_out);
	} while (r != Z_STREAM_END && out->len <= LIMIT);
	return out->failed ? -ENOMEM : r == Z_STREAM_END ? 0 : -EBADMSG;
}

static int gunzip(struct strbuf *packed, struct strbuf *out, struct diag *reterr)
{
	z_stream z = {.next_in = (Bytef *)packed->ptr, .avail_in = (uInt)packed->len};
	int r;

	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	r = unpacked(out, &z);
	(void)inflateEnd(&z);
	if (r < 0)
		return diag_set(reterr, DIAG_NO_CONFIG, r, "config.gz is damaged.");
	return 0;
}

static int from_proc(const struct root *root, struct kconfig *k, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf packed = {0};
	int r = root_read(root, ROOT_CONFIG_GZ, &packed, NULL);

	if (r < 0)
		return r;
	(void)root_live_path(ROOT_CONFIG_GZ, k->source, sizeof(k->source));
	return gunzip(&packed, &k->text, reterr);
}

static int release_of(const struct root *root, char *buf, size_t size)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	int r = root_read(root, ROOT_OSRELEASE, &b, NULL);
	size_t n = 0;

	if (r < 0)
		return r;
	while (n < b.len && b.ptr[n] != '\n' && b.ptr[n] != '/')
		n++;
	if (n == 0 || n >= size)
		return -ENOENT;
	(void)snprintf(buf, size, "%.*s", (int)n, b.ptr);
	return 0;
}

static int from_target(const struct root *root, const char *fmt, const char *release,
		       struct kconfig *k)
{
	_cleanup_close_ int fd = -1;
	char path[300];

	(void)snprintf(path, sizeof(path), "%s%s%s", fmt, release,
		       fmt[0] == 'l' ? "/config" : "");
	fd = root_openat(root, ROOT_TARGET, path, O_RDONLY | O_NONBLOCK, NULL);
	if (fd < 0)
		return fd;
	(void)snprintf(k->source, sizeof(k->source), "/%.150s", path);
	return fs_read_fd(fd, LIMIT, path, &k->text, NULL);
}

static int find(const struct root *root, struct kconfig *k, struct diag *reterr)
{
	char release[200];
	int r;

	if (root_is_recorded(root) && root_read(root, ROOT_CONFIG, &k->text, NULL) == 0) {
		(void)snprintf(k->source, sizeof(k->source), "config");
		return 0;
	}
	r = from_proc(root, k, reterr);
	if (r != -ENOENT)
		return r;
	if (release_of(root, release, sizeof(release)) == 0 &&
	    (from_target(root, "boot/config-", release, k) == 0 ||
	     from_target(root, "lib/modules/", release, k) == 0))
		return 0;
	return diag_set(reterr, DIAG_NO_CONFIG, ENOENT,
			"The kernel's configuration is not to be found.");
}

int kconfig_load(const struct root *root, struct kconfig *ret, struct diag *reterr)
{
	struct kconfig k = {0};
	int r = find(root, &k, reterr);

	if (r < 0) {
		kconfig_done(&k);
		return r;
	}
	*ret = k;
	return 0;
}

static bool is_config(const struct kconfig *k)
{
	return k->text.len && memmem(k->text.ptr, k->text.len, "\nCONFIG_", 8) != NULL;
}

int kconfig_load_file(int dirfd, const char *path, struct kconfig *ret,
		      struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf raw = {0};
	struct kconfig k = {0};
	char q[120];
	int r = fs_read_at(dirfd, path, LIMIT, &raw, reterr);

	if (r < 0)
		return r;
	(void)str_quote(k.source, sizeof(k.source), span_of(path));
	if (raw.len > 2 && memcmp(raw.ptr, "\x1f\x8b", 2) == 0)
		r = gunzip(&raw, &k.text, reterr);
	else
		strbuf_add(&k.text, strbuf_str(&raw), raw.len);
	if (r == 0 && !is_config(&k))
		r = diag_set(reterr, DIAG_NO_CONFIG, EBADMSG,
			     "%s is no kernel configuration.",
			     str_quote(q, sizeof(q), span_of(path)));
	if (r < 0) {
		kconfig_done(&k);
		return r;
	}
	*ret = k;
	return 0;
}

/* What stands behind "CONFIG_NAME=" at the start of a line. */
static bool lookup(const struct kconfig *k, const char *option, struct span *ret)
{
	const char *at = strbuf_str(&k->text), *end = at + k->text.len, *stop;
	char name[80];
	int n = snprintf(name, sizeof(name), "CONFIG_%s=", option);

	if (n < 0 || (size_t)n >= sizeof(name))
		return false;
	for (; (at = memmem(at, (size_t)(end - at), name, (size_t)n)); at += n) {
		if (at > k->text.ptr && at[-1] != '\n')
			continue; /* in a comment, in a string */
		at += n;
		stop = memchr(at, '\n', (size_t)(end - at));
		*ret = (struct span){(const uint8_t *)at,
				     (size_t)((stop ? stop : end) - at)};
		return true;
	}
	return false;
}

enum kconfig_value kconfig_get(const struct kconfig *k, const char *option)
{
	struct span v;

	if (!lookup(k, option, &v))
		return KCONFIG_NO;
	if (span_is(v, "y"))
		return KCONFIG_YES;
	return span_is(v, "m") ? KCONFIG_MODULE : KCONFIG_NO;
}

bool kconfig_mentions(const struct kconfig *k, const char *option)
{
	struct bytes in = bytes_of(strbuf_str(&k->text), k->text.len);
	struct span line, unused;
	char not_set[80];

	if (lookup(k, option, &unused))
		return true;
	(void)snprintf(not_set, sizeof(not_set), "# CONFIG_%s is not set", option);
	while (bytes_until(&in, '\n', &line))
		if (span_is(line, not_set))
			return true;
	return false;
}

bool kconfig_text(const struct kconfig *k, const char *option, struct span *ret)
{
	struct span v;

	if (!lookup(k, option, &v))
		return false;
	if (v.len >= 2 && v.ptr[0] == '"' && v.ptr[v.len - 1] == '"')
		v = (struct span){v.ptr + 1, v.len - 2};
	*ret = v;
	return true;
}
