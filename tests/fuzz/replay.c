/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a fuzz target over the seeds named on the command line (files or folders) and over
 * a fixed sample of damaged copies of each: cut, flipped, with a length blown up. The same
 * inputs every time; each lies in memory of its exact size, so that a sanitizer sees any
 * read behind the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "tests/fuzz/fuzz.h"

enum { LIMIT = 4 << 20, DAMAGED = 400, SMALL = 65536 };

static unsigned n_seeds;

static void feed(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	memcpy(copy, data, len);
	(void)LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static uint32_t next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void feed_damaged(uint8_t *data, size_t len, uint32_t *state)
{
	size_t at = next(state) % len, n = len - at < 4 ? len - at : 4;
	uint8_t saved[4];

	memcpy(saved, data + at, n);
	switch (next(state) % 4) {
	case 0:
		feed(data, at);
		break;
	case 1:
		data[at] ^= (uint8_t)(1u << next(state) % 8);
		feed(data, len);
		break;
	case 2:
		memset(data + at, 0xff, n);
		feed(data, len);
		break;
	default:
		data[at] = (uint8_t)next(state);
		feed(data, len);
		break;
	}
	memcpy(data + at, saved, n);
}

static void run(uint8_t *data, size_t len)
{
	uint32_t state = 2463534242u;

	n_seeds++;
	feed(data, len);
	for (int i = 0; len && len <= SMALL && i < DAMAGED; i++)
		feed_damaged(data, len, &state);
}

static int visit(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct diag d;

	if (flag != FTW_F)
		return 0;
	if (fs_read_at(AT_FDCWD, path, LIMIT, &b, &d) < 0) {
		(void)fprintf(stderr, "%s\n", d.text);
		return 1;
	}
	run((uint8_t *)b.ptr, b.len);
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (nftw(argv[i], visit, 8, FTW_PHYS) != 0) {
			(void)fprintf(stderr, "cannot read %s: %s\n", argv[i],
				      strerror(errno));
			return 1;
		}
	}
	(void)printf("%u seeds\n", n_seeds);
	return n_seeds ? 0 : 1;
}
