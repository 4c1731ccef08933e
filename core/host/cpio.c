/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/cpio.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/base/hex.h"

enum {
	HEADER = 110, /* "070701" and 13 numbers of 8 hexadecimal digits */
	MAGIC = 6,
	NUMBERS = 13,
	/* which of them */
	MODE = 1,
	FILE_SIZE = 6,
	NAME_SIZE = 11,
};

void cpio_init(struct cpio *c, int fd)
{
	c->fd = fd;
	c->at = c->left = 0;
	c->begin = c->end = 0;
	c->pad = 0;
}

/* More into the buffer until it holds @n bytes (at most CPIO_BUFFER) or the end is reached.
 * How many it holds; -errno. */
static ssize_t fill(struct cpio *c, size_t n)
{
	if (c->end - c->begin >= n)
		return (ssize_t)(c->end - c->begin);
	memmove(c->buf, c->buf + c->begin, c->end - c->begin);
	c->end -= c->begin;
	c->begin = 0;
	while (c->end < n) {
		ssize_t got = read(c->fd, c->buf + c->end, sizeof(c->buf) - c->end);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		c->end += (size_t)got;
	}
	return (ssize_t)c->end;
}

static void take(struct cpio *c, size_t n)
{
	c->begin += n;
	c->at += n;
}

static int damaged(const struct cpio *c, const char *what, struct diag *reterr)
{
	return diag_set(reterr, DIAG_INITRAMFS_DAMAGED, EBADMSG,
			"The initramfs is %s at offset %llu.", what,
			(unsigned long long)c->at);
}

static int failed(ssize_t err, struct diag *reterr)
{
	return diag_set(reterr, DIAG_READ, (int)-err, "Reading the initramfs failed: %s.",
			diag_errno((int)-err));
}

/* Exactly @n bytes, or an error. */
static int need(struct cpio *c, size_t n, struct diag *reterr)
{
	ssize_t r = fill(c, n);

	if (r < 0)
		return failed(r, reterr);
	return (size_t)r < n ? damaged(c, "cut off", reterr) : 0;
}

ssize_t cpio_read(struct cpio *c, void *buf, size_t size, struct diag *reterr)
{
	size_t n = size < c->left ? size : (size_t)c->left;
	ssize_t have;
	int r;

	if (n == 0)
		return 0;
	r = need(c, 1, reterr);
	if (r < 0)
		return r;
	have = (ssize_t)(c->end - c->begin);
	if (n > (size_t)have)
		n = (size_t)have;
	memcpy(buf, c->buf + c->begin, n);
	take(c, n);
	c->left -= n;
	return (ssize_t)n;
}

/* What is left of an entry, and the zeros behind it. */
static int skip_entry(struct cpio *c, struct diag *reterr)
{
	uint64_t left = c->left + c->pad;
	int r;

	while (left) {
		size_t n;

		r = need(c, 1, reterr);
		if (r < 0)
			return r;
		n = c->end - c->begin;
		if (n > left)
			n = (size_t)left;
		take(c, n);
		left -= n;
	}
	c->left = c->pad = 0;
	return 0;
}

/* do_reset(): zeros between archives are nothing. 1: something else follows. */
static int skip_zeros(struct cpio *c, struct diag *reterr)
{
	for (;;) {
		ssize_t r = fill(c, 1);

		if (r < 0)
			return failed(r, reterr);
		if (r == 0)
			return 0;
		while (c->begin < c->end && c->buf[c->begin] == 0)
			take(c, 1);
		if (c->begin < c->end)
			return 1;
	}
}

/* parse_header(): the magic was seen already. */
static int read_header(struct cpio *c, uint32_t number[NUMBERS], struct diag *reterr)
{
	struct bytes in;
	struct span digits;
	int r = need(c, HEADER, reterr);

	if (r < 0)
		return r;
	in = bytes_of(c->buf + c->begin + MAGIC, HEADER - MAGIC);
	for (size_t i = 0; i < NUMBERS; i++) {
		uint8_t value[4];

		if (!bytes_take(&in, 8, &digits) || hex_decode(value, digits) < 0)
			return damaged(c, "damaged", reterr);
		number[i] = bytes_load32(value, true);
	}
	take(c, HEADER);
	return 0;
}

static bool skip_text(struct bytes *in, const char *text)
{
	struct bytes ahead = *in;
	struct span head;

	if (!bytes_take(&ahead, strlen(text), &head) || !span_is(head, text))
		return false;
	*in = ahead;
	return true;
}

static int read_name(struct cpio *c, uint32_t size, struct cpio_entry *ret,
		     struct diag *reterr)
{
	/* The header's 110 bytes and the name end at a multiple of 4. */
	size_t padded = ((HEADER + (size_t)size + 3) & ~(size_t)3) - HEADER;
	struct span name;
	struct bytes in;
	int r;

	if (size == 0 || size > CPIO_NAME_MAX)
		return damaged(c, "damaged", reterr);
	r = need(c, padded, reterr);
	if (r < 0)
		return r;
	in = bytes_of(c->buf + c->begin, size);
	if (!bytes_until(&in, '\0', &name))
		return damaged(c, "damaged", reterr);
	in = bytes_of(name.ptr, name.len);
	while (skip_text(&in, "/") || skip_text(&in, "./"))
		;
	(void)bytes_take(&in, bytes_left(&in), &name);
	memcpy(ret->name, name.ptr, name.len);
	ret->name[name.len] = '\0';
	take(c, padded);
	return 0;
}

/* 1: an archive goes on here. */
static int at_header(struct cpio *c, struct diag *reterr)
{
	ssize_t r;
	int more = skip_zeros(c, reterr);

	if (more <= 0)
		return more;
	r = fill(c, MAGIC);
	if (r < 0)
		return failed(r, reterr);
	return r >= MAGIC && (memcmp(c->buf + c->begin, "070701", MAGIC) == 0 ||
			      memcmp(c->buf + c->begin, "070702", MAGIC) == 0);
}

int cpio_next(struct cpio *c, struct cpio_entry *ret, struct diag *reterr)
{
	uint32_t number[NUMBERS];
	int r = skip_entry(c, reterr);

	for (;;) {
		if (r == 0)
			r = at_header(c, reterr);
		if (r <= 0)
			return r;
		r = read_header(c, number, reterr);
		if (r == 0)
			r = read_name(c, number[NAME_SIZE], ret, reterr);
		if (r < 0)
			return r;
		if (strcmp(ret->name, "TRAILER!!!") != 0)
			break;
	}
	ret->mode = number[MODE];
	ret->size = number[FILE_SIZE];
	c->left = ret->size;
	c->pad = (unsigned)(-ret->size & 3);
	return 1;
}

struct span cpio_peek(struct cpio *c, size_t n)
{
	ssize_t have = fill(c, n);

	if (have < 0)
		return (struct span){0};
	return (struct span){c->buf + c->begin, (size_t)have < n ? (size_t)have : n};
}
