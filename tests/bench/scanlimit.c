/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scanlimit MODE DIR: what looking at each file of a tree costs at least, one thread.
 *   hash   open, read and hash with one prefetched EVP context, close
 *   stat   getdents and statx alone
 *   xattr  getdents, statx and getxattrat alone
 *   open   the same, then open and close
 *   clear  removes security.ima, between runs
 * Prints the number of files.
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <openssl/evp.h>

#ifndef SYS_getxattrat
#define SYS_getxattrat 464
#endif

enum { CHUNK = 128 << 10 };

struct scan {
	char mode;
	unsigned long files;
	EVP_MD *md;
	EVP_MD_CTX *ctx;
	unsigned char *chunk;
};

static void hash(struct scan *s, int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_NOATIME | O_CLOEXEC);
	unsigned char out[EVP_MAX_MD_SIZE];
	ssize_t n;

	if (fd < 0)
		err(1, "%s", name);
	if (EVP_DigestInit_ex2(s->ctx, NULL, NULL) != 1)
		errx(1, "digest");
	while ((n = read(fd, s->chunk, CHUNK)) > 0)
		(void)EVP_DigestUpdate(s->ctx, s->chunk, (size_t)n);
	(void)EVP_DigestFinal_ex(s->ctx, out, NULL);
	(void)close(fd);
}

static void stat_one(int dir, const char *name)
{
	struct statx st;

	if (statx(dir, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &st) < 0)
		err(1, "%s", name);
}

static void look(int dir, const char *name)
{
	struct {
		uint64_t value;
		uint32_t size, flags;
	} args;
	char value[640];

	args.value = (uintptr_t)value;
	args.size = sizeof(value);
	args.flags = 0;
	stat_one(dir, name);
	(void)!syscall(SYS_getxattrat, dir, name, AT_SYMLINK_NOFOLLOW, "security.ima",
		       &args, sizeof(args));
}

static void clear(int dir, const char *name)
{
	char path[300];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name);
	(void)lremovexattr(path, "security.ima"); /* there may be none */
}

static void look_and_open(int dir, const char *name)
{
	int fd;

	look(dir, name);
	fd = openat(dir, name, O_RDONLY | O_NOATIME | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", name);
	(void)close(fd);
}

static void file(struct scan *s, int dir, const char *name)
{
	s->files++;
	switch (s->mode) {
	case 'h':
		hash(s, dir, name);
		break;
	case 's':
		stat_one(dir, name);
		break;
	case 'x':
		look(dir, name);
		break;
	case 'o':
		look_and_open(dir, name);
		break;
	default:
		clear(dir, name);
	}
}

static void folder(struct scan *s, int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d)
		err(1, "%s", name);
	while ((e = readdir(d))) {
		if (e->d_type == DT_REG)
			file(s, fd, e->d_name);
		else if (e->d_type == DT_DIR && e->d_name[0] != '.')
			folder(s, fd, e->d_name);
	}
	(void)closedir(d);
}

int main(int argc, char **argv)
{
	struct scan s = {.mode = argc == 3 ? argv[1][0] : '\0'};

	if (!s.mode || !strchr("hsxoc", s.mode))
		errx(2, "scanlimit hash|stat|xattr|open|clear DIR");
	s.md = EVP_MD_fetch(NULL, "SHA256", NULL);
	s.ctx = EVP_MD_CTX_new();
	s.chunk = malloc(CHUNK);
	if (!s.md || !s.ctx || !s.chunk || EVP_DigestInit_ex2(s.ctx, s.md, NULL) != 1)
		errx(1, "OpenSSL");
	folder(&s, AT_FDCWD, argv[2]);
	printf("%lu\n", s.files);
	return 0;
}
