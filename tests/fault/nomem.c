/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a fuzz target over its seeds with the memory running out: each allocation of our
 * own code (linked with --wrap) fails once, alone and with all that follow. Whatever the
 * target returns is fine; a crash, or under ASan a leak, is not.
 *
 * Where a seed needs more than MANY allocations, the first MANY and a sample are tried.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "tests/fuzz/fuzz.h"

enum { LIMIT = 65536, MANY = 150, SAMPLE = 50 };

static struct {
	size_t seen, fail;
	int armed, sticky;
} mem;

static unsigned n_seeds, n_runs;

static int refuse(void)
{
	size_t i;

	if (!mem.armed)
		return 0;
	i = mem.seen++;
	if (i != mem.fail && !(mem.sticky && i > mem.fail))
		return 0;
	errno = ENOMEM;
	return 1;
}

#define WRAP(type, name, params, args)                                                   \
	type __real_##name params;                                                       \
	type __wrap_##name params;                                                       \
	type __wrap_##name params                                                        \
	{                                                                                \
		return refuse() ? NULL : __real_##name args;                             \
	}

WRAP(void *, malloc, (size_t n), (n))
WRAP(void *, calloc, (size_t n, size_t m), (n, m))
WRAP(void *, realloc, (void *p, size_t n), (p, n))
WRAP(void *, reallocarray, (void *p, size_t n, size_t m), (p, n, m))
WRAP(char *, strdup, (const char *s), (s))
WRAP(char *, strndup, (const char *s, size_t n), (s, n))

static void feed(const uint8_t *data, size_t len, size_t fail, int sticky)
{
	mem.seen = 0;
	mem.fail = fail;
	mem.sticky = sticky;
	mem.armed = 1;
	(void)LLVMFuzzerTestOneInput(data, len);
	mem.armed = 0;
	n_runs++;
}

static void run(const uint8_t *data, size_t len)
{
	size_t total, step;

	feed(data, len, SIZE_MAX, 0);
	total = mem.seen;
	step = total > MANY + SAMPLE ? (total - MANY) / SAMPLE : 1;
	for (size_t i = 0; i < total; i += i < MANY ? 1 : step) {
		feed(data, len, i, 0);
		feed(data, len, i, 1);
	}
}

static int visit(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	_cleanup_strbuf_ struct strbuf b = {0};
	struct diag d;

	if (flag != FTW_F || st->st_size > LIMIT)
		return 0;
	if (fs_read_at(AT_FDCWD, path, LIMIT, &b, &d) < 0) {
		(void)fprintf(stderr, "%s\n", d.text);
		return 1;
	}
	n_seeds++;
	run((uint8_t *)b.ptr, b.len);
	return 0;
}

int main(int argc, char **argv)
{
	fuzz_starved = true;
	for (int i = 1; i < argc; i++) {
		if (nftw(argv[i], visit, 8, FTW_PHYS) != 0) {
			(void)fprintf(stderr, "cannot read %s\n", argv[i]);
			return 1;
		}
	}
	(void)printf("%u seeds, %u runs\n", n_seeds, n_runs);
	return n_seeds ? 0 : 1;
}
