/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STEP = 64 << 10 };

int lines_open(struct lines *l, int fd, size_t max)
{
	*l = (struct lines){.fd = fd, .max = max, .buf = malloc(max + STEP)};
	return l->buf ? 0 : -ENOMEM;
}

void lines_done(struct lines *l)
{
	free(l->buf);
	*l = (struct lines){0};
}

/* More behind what was not given yet, which moves to the front. */
static int fill(struct lines *l)
{
	ssize_t n;

	memmove(l->buf, l->buf + l->pos, l->len - l->pos);
	l->len -= l->pos;
	l->pos = 0;
	do
		n = read(l->fd, l->buf + l->len, l->max + STEP - l->len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	l->ended = n == 0;
	l->len += (size_t)n;
	return 0;
}

/* A hole holds no newline: a file may be made of one that takes long to read. */
static void skip_hole(struct lines *l)
{
	off_t at = lseek(l->fd, 0, SEEK_CUR);

	if (at >= 0 && lseek(l->fd, at, SEEK_DATA) < 0 && errno == ENXIO)
		(void)lseek(l->fd, 0, SEEK_END);
}

/* The rest of a line that was cut. */
static int skip_rest(struct lines *l)
{
	const uint8_t *end;
	int r = 0;

	for (;;) {
		end = memchr(l->buf + l->pos, '\n', l->len - l->pos);
		if (end) {
			l->pos = (size_t)(end - l->buf) + 1;
			return 0;
		}
		l->pos = l->len;
		if (l->ended)
			return 0;
		skip_hole(l);
		r = fill(l);
		if (r < 0)
			return r;
	}
}

static bool give(struct lines *l, size_t n, size_t used, struct span *ret)
{
	l->cut = n > l->max;
	*ret = (struct span){l->buf + l->pos, l->cut ? l->max : n};
	l->pos += l->cut ? l->max : used;
	return true;
}

/* A whole line, or as much of it as may be given. */
static bool take(struct lines *l, struct span *ret)
{
	size_t left = l->len - l->pos;
	const uint8_t *end = left ? memchr(l->buf + l->pos, '\n', left) : NULL;
	size_t n = end ? (size_t)(end - l->buf) - l->pos : left;

	if (end)
		return give(l, n, n + 1, ret);
	return (n > l->max || (l->ended && n && !l->follow)) && give(l, n, n, ret);
}

int lines_next(struct lines *l, struct span *ret)
{
	int r = l->cut ? skip_rest(l) : 0;

	l->cut = false;
	while (r >= 0 && !take(l, ret)) {
		if (l->ended) {
			l->ended = !l->follow;
			return 0;
		}
		r = fill(l);
	}
	return r < 0 ? r : 1;
}
