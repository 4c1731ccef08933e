/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * imactl-generation 1
 * origin installed
 * file ima-policy 312 0600 SHA256
 * xattr security.ima 0302..
 * end SHA256            of all lines before
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"
#include "core/base/gen-internal.h"
#include "core/base/hex.h"
#include "core/base/pack.h"
#include "core/base/sha256.h"

#define HEAD "imactl-generation 1"
#define MODE 0600

static bool digits_only(struct span text, const char *digits)
{
	for (size_t i = 0; i < text.len; i++)
		if (!memchr(digits, text.ptr[i], strlen(digits)))
			return false;
	return text.len > 0;
}

struct span gen_key_of(struct span name)
{
	static const char before[] = GEN_KEYS "/", behind[] = ".der";
	struct bytes in = bytes_of(name.ptr, name.len);
	struct span first, hash, last;

	if (!bytes_take(&in, strlen(before), &first) || !span_is(first, before) ||
	    !bytes_take(&in, GEN_KEY_HASH, &hash) ||
	    !digits_only(hash, "0123456789abcdef") ||
	    !bytes_take(&in, bytes_left(&in), &last) || !span_is(last, behind))
		return (struct span){0};
	return hash;
}

bool gen_valid_name(struct span name)
{
	return span_is(name, GEN_POLICY) || span_is(name, GEN_EVM) ||
	       span_is(name, GEN_CMDLINE) || gen_key_of(name).len;
}

void gen_key_name(struct span spki, char ret[GEN_NAME_SIZE])
{
	uint8_t hash[SHA256_SIZE];
	char hex[GEN_KEY_HASH];

	sha256_of(spki, hash);
	hex_encode(hex, (struct span){hash, sizeof(hash)});
	(void)snprintf(ret, GEN_NAME_SIZE, GEN_KEYS "/%.*s.der", GEN_KEY_HASH, hex);
}

static void add_hash(struct strbuf *out, struct span bytes)
{
	uint8_t hash[SHA256_SIZE];

	sha256_of(bytes, hash);
	strbuf_addhex(out, (struct span){hash, sizeof(hash)});
	strbuf_addc(out, '\n');
}

static void add_xattrs(struct strbuf *out, struct span packed)
{
	struct bytes in = bytes_of(packed.ptr, packed.len);
	struct span name, value;
	uint32_t n;

	if (!bytes_u32(&in, &n))
		return;
	while (n-- && unpack_span(&in, &name) && unpack_span(&in, &value)) {
		strbuf_adds(out, "xattr ");
		strbuf_add(out, name.ptr, name.len);
		strbuf_addc(out, ' ');
		strbuf_addhex(out, value);
		strbuf_addc(out, '\n');
	}
}

void gen_manifest_write(struct strbuf *out, const struct gen_spec *spec)
{
	strbuf_addf(out, HEAD "\norigin %s\n", spec->origin);
	for (size_t i = 0; i < spec->n; i++) {
		const struct gen_file *f = &spec->file[i];

		strbuf_addf(out, "file %s %zu %04o ", f->name, f->content.len, MODE);
		add_hash(out, f->content);
		add_xattrs(out, f->xattrs);
	}
	strbuf_adds(out, "end ");
	add_hash(out, (struct span){(const uint8_t *)out->ptr,
				    out->len >= 4 ? out->len - 4 : 0});
}

/* The next word of a line. */
static bool word(struct bytes *in, struct span *ret)
{
	if (!bytes_until(in, ' ', ret))
		(void)bytes_take(in, bytes_left(in), ret);
	return ret->len > 0;
}

static bool octal(struct span text, uint64_t *ret)
{
	if (text.len > 8 || !digits_only(text, "01234567"))
		return false;
	*ret = 0;
	for (size_t i = 0; i < text.len; i++)
		*ret = *ret * 8 + text.ptr[i] - '0';
	return true;
}

static bool hash_of(struct span text, uint8_t ret[SHA256_SIZE])
{
	return text.len == 2 * SHA256_SIZE && hex_decode(ret, text) == 0;
}

static bool parse_file(struct gen_manifest *m, struct bytes *line)
{
	struct gen_claim claim = {0}, *c = &claim;
	struct span size, mode, hash;

	if (m->n == GEN_FILES_MAX || !word(line, &c->name) || !word(line, &size) ||
	    !word(line, &mode) || !word(line, &hash) || bytes_left(line) ||
	    !gen_valid_name(c->name) || str_to_u64(size, &c->size) < 0 ||
	    !octal(mode, &c->mode) || !hash_of(hash, c->sha256))
		return false;
	m->file[m->n++] = claim;
	return true;
}

/* Keeps where the lines of attributes are: they follow each other. */
static bool parse_xattr(struct gen_manifest *m, struct span line)
{
	struct gen_claim *c = m->n ? &m->file[m->n - 1] : NULL;

	if (!c)
		return false;
	if (!c->xattrs.len)
		c->xattrs.ptr = line.ptr;
	c->xattrs.len += line.len + 1;
	return true;
}

/* 1: go on; 0: the end; -1: not a manifest. */
static int parse_line(struct gen_manifest *m, struct span line)
{
	struct bytes in = bytes_of(line.ptr, line.len);
	uint8_t want[SHA256_SIZE], is[SHA256_SIZE];
	struct span key, value;

	if (!word(&in, &key))
		return -1;
	if (span_is(key, "file"))
		return parse_file(m, &in) ? 1 : -1;
	if (span_is(key, "xattr"))
		return parse_xattr(m, line) ? 1 : -1;
	if (!word(&in, &value) || bytes_left(&in))
		return -1;
	if (span_is(key, "origin")) {
		m->origin = value;
		return 1;
	}
	if (!span_is(key, "end") || !hash_of(value, want))
		return -1;
	sha256_of((struct span){(const uint8_t *)m->text.ptr,
				(size_t)(line.ptr - (const uint8_t *)m->text.ptr)},
		  is);
	return memcmp(want, is, sizeof(is)) == 0 ? 0 : -1;
}

bool gen_manifest_parse(struct gen_manifest *m)
{
	struct bytes in = bytes_of(strbuf_str(&m->text), m->text.len);
	struct span line;
	int r = 1;

	m->n = 0;
	if (!bytes_until(&in, '\n', &line) || !span_is(line, HEAD))
		return false;
	while (r > 0 && bytes_until(&in, '\n', &line))
		r = parse_line(m, line);
	return r == 0 && !bytes_left(&in);
}

bool gen_claim_xattr(struct bytes *in, struct span *name, struct span *hex)
{
	struct span line, key;
	struct bytes words;

	if (!bytes_until(in, '\n', &line))
		return false;
	words = bytes_of(line.ptr, line.len);
	return word(&words, &key) && word(&words, name) && word(&words, hex);
}

int gen_manifest_read(const struct root *root, unsigned number, struct gen_manifest *ret)
{
	_cleanup_strbuf_ struct strbuf path = {0};
	_cleanup_close_ int fd = -1;
	struct diag d = {0};
	int r;

	gen_path(&path, number, GEN_MANIFEST);
	fd = fspath_open(root->dir[ROOT_TARGET], strbuf_str(&path),
			 O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return fd == -ELOOP || fd == -ENOTDIR ? -EBADMSG : fd;
	strbuf_clear(&ret->text);
	r = fs_read_fd(fd, GEN_FILE_MAX, "the manifest", &ret->text, &d);
	if (r < 0)
		return d.id == DIAG_TOO_LARGE ? -EBADMSG : r;
	return gen_manifest_parse(ret) ? 0 : -EBADMSG;
}
