/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/list/mreader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { STEP = 128 << 10 };

struct mreader {
	int fd;
	uint8_t digest_size;
	bool sniffed, ended;
	struct mlog_dialect dialect;
	struct strbuf scratch;
	uint8_t *buf;
	size_t cap, len, pos; /* bytes [pos, len) are not decoded yet */
	uint64_t base;	      /* offset in the list of buf[0] */
};

int mreader_new(int fd, uint8_t digest_size, struct mreader **ret, struct diag *reterr)
{
	struct mreader *r = calloc(1, sizeof(*r));

	if (!r)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	r->fd = fd;
	r->digest_size = digest_size;
	*ret = r;
	return 0;
}

struct mreader *mreader_free(struct mreader *r)
{
	if (r) {
		strbuf_done(&r->scratch);
		free(r->buf);
		free(r);
	}
	return NULL;
}

const struct mlog_dialect *mreader_dialect(const struct mreader *r)
{
	return &r->dialect;
}

/* Room behind what is not decoded yet, which moves to the front. */
static int make_room(struct mreader *r, struct diag *reterr)
{
	size_t left = r->len - r->pos, cap = r->cap;
	uint8_t *buf = r->buf;

	if (left)
		memmove(r->buf, r->buf + r->pos, left);
	r->base += r->pos;
	r->pos = 0;
	r->len = left;
	while (cap - left < STEP)
		cap = cap ? cap * 2 : 2 * STEP;
	if (cap > 2 * MLOG_RECORD_MAX)
		return diag_set(reterr, DIAG_LIST_DAMAGED, EBADMSG,
				"The record at byte %llu is longer than any record.",
				(unsigned long long)r->base);
	if (cap != r->cap)
		buf = realloc(r->buf, cap);
	if (!buf)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	r->buf = buf;
	r->cap = cap;
	return 0;
}

static int fill(struct mreader *r, struct diag *reterr)
{
	ssize_t n;
	int e = make_room(r, reterr);

	if (e < 0)
		return e;
	do {
		n = read(r->fd, r->buf + r->len, r->cap - r->len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return diag_set(reterr, DIAG_READ, errno, "Cannot read the list: %s.",
				diag_errno(errno));
	r->ended = n == 0;
	r->len += (size_t)n;
	return 0;
}

static int decode(struct mreader *r, struct mlog_entry *ret, struct diag *reterr)
{
	struct bytes in = bytes_of(r->buf + r->pos, r->len - r->pos);
	int n;

	in.big_endian = r->dialect.big_endian;
	n = mlog_next(&r->dialect, &in, &r->scratch, ret, reterr);
	if (n > 0)
		r->pos += in.pos;
	return n;
}

/* Enough of the list to know its form: all there is, or one step. */
static int sniff(struct mreader *r, struct diag *reterr)
{
	int n = 0;

	while (n >= 0 && !r->ended && r->len < STEP)
		n = fill(r, reterr);
	if (n < 0 || r->len == 0)
		return n;
	n = mlog_sniff((struct span){r->buf, r->len}, r->digest_size, &r->dialect,
		       reterr);
	r->sniffed = n >= 0;
	return n;
}

int mreader_next(struct mreader *r, struct mlog_entry *ret, struct diag *reterr)
{
	int n = r->sniffed ? 0 : sniff(r, reterr);

	while (n >= 0 && r->sniffed) {
		n = decode(r, ret, reterr);
		if (n == 0 && r->ended)
			break;
		if (n != 0)
			return n;
		n = fill(r, reterr);
	}
	if (n < 0 || r->pos == r->len)
		return n;
	return diag_set(reterr, DIAG_LIST_TRUNCATED, EBADMSG,
			"The list ends within the record at byte %llu.",
			(unsigned long long)(r->base + r->pos));
}
