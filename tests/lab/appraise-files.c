/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For appraise-matrix.scenario: many files made and accessed without a process for each.
 *
 *	appraise-files make FOLDER SUFFIX OWNER [verity] <KINDS
 *		a file FOLDER/KIND.SUFFIX for each line "KIND IMA [EVM]" (hexadecimal, or
 *		"-" for none), mode 0755; "changed" as a fourth word: mode 0754 at the end;
 *		prints "FILE: refused" where the kernel does not take a label
 *	appraise-files read|write|exec|map|insmod|kexec|direct|protect|shared FILE...
 *		prints "FILE ok" or "FILE ERRNO" for each; what was loaded is unloaded
 *	appraise-files labels FILE...
 *		prints "FILE VALUE", security.ima in hexadecimal or "-"
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fsverity.h>
#include <linux/kexec.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/hex.h"

#define TEXT "#!/bin/busybox true\n"

extern char **environ;

static int failed(const char *what, const char *path)
{
	fprintf(stderr, "%s %s: %s\n", what, path, strerrorname_np(errno));
	return 1;
}

static int label(const char *path, const char *name, const char *hex)
{
	uint8_t value[2048];
	size_t len = strlen(hex) / 2;

	if (strcmp(hex, "-") == 0)
		return 0;
	if (len > sizeof(value) || hex_decode(value, span_of(hex)) < 0) {
		errno = EINVAL;
		return failed(hex, path);
	}
	if (setxattr(path, name, value, len, 0) == 0)
		return 0;
	if (errno != EACCES)
		return failed(name, path);
	printf("%s: refused\n", path);
	return 0;
}

static int enable_verity(const char *path)
{
	struct fsverity_enable_arg arg = {
		.version = 1,
		.hash_algorithm = FS_VERITY_HASH_ALG_SHA256,
		.block_size = 4096,
	};
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	return ioctl(fd, FS_IOC_ENABLE_VERITY, &arg) < 0 ? failed("verity", path) : 0;
}

static int write_file(const char *path, uid_t owner)
{
	_cleanup_close_ int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	return write(fd, TEXT, strlen(TEXT)) != (ssize_t)strlen(TEXT) ||
			       fchown(fd, owner, owner) < 0
		       ? failed("write", path)
		       : 0;
}

static int make_one(char *line, const char *folder, const char *suffix, uid_t owner,
		    bool verity)
{
	const char *kind = strtok(line, " \n"), *ima = strtok(NULL, " \n"),
		   *evm = strtok(NULL, " \n"), *more = strtok(NULL, " \n");
	char path[256];

	if (!kind || !ima)
		return 0;
	(void)snprintf(path, sizeof(path), "%s/%s.%s", folder, kind, suffix);
	if (write_file(path, owner) || (verity && enable_verity(path)) ||
	    label(path, "security.ima", ima) || (evm && label(path, "security.evm", evm)))
		return 1;
	return more && chmod(path, 0754) < 0 ? failed("chmod", path) : 0;
}

static int make(char **argv)
{
	bool verity = argv[3] && strcmp(argv[3], "verity") == 0;
	static char line[8192];
	int bad = 0;

	(void)umask(0022);
	if (mkdir(argv[0], 0755) < 0)
		return failed("mkdir", argv[0]);
	while (fgets(line, sizeof(line), stdin))
		bad += make_one(line, argv[0], argv[1], (uid_t)atoi(argv[2]), verity);
	return bad > 0;
}

static int open_one(const char *path, int flags)
{
	_cleanup_close_ int fd = open(path, flags | O_CLOEXEC);

	return fd < 0 ? errno : 0;
}

static int map_one(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	return at == MAP_FAILED ? errno : 0;
}

/* Read past the page cache. */
static int direct_one(const char *path)
{
	return open_one(path, O_RDONLY | O_DIRECT);
}

/* What is mapped for reading becomes executable. */
static int protect_one(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

	if (at == MAP_FAILED || mprotect(at, 4096, PROT_READ | PROT_EXEC) < 0)
		return errno;
	return 0;
}

/* Mapped for execution while others may write to it through their mapping. */
static int shared_one(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDWR | O_CLOEXEC);
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int r = at == MAP_FAILED ? errno : map_one(path);

	if (at != MAP_FAILED)
		(void)munmap(at, 4096);
	return r;
}

static int exec_one(const char *path)
{
	char *argv[] = {(char *)(uintptr_t)path, NULL};
	int status;
	pid_t pid;
	int r = posix_spawn(&pid, path, NULL, NULL, argv, environ);

	if (r == 0)
		(void)waitpid(pid, &status, 0);
	return r;
}

/* A module is left where it is called as its file. */
static int insmod_one(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

	if (syscall(SYS_finit_module, fd, "", 0) < 0)
		return errno;
	return syscall(SYS_delete_module, name, 0) < 0 && errno != ENOENT ? errno : 0;
}

static int kexec_one(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (syscall(SYS_kexec_file_load, fd, -1, 1UL, "", KEXEC_FILE_NO_INITRAMFS) < 0)
		return errno;
	(void)syscall(SYS_kexec_file_load, -1, -1, 0UL, NULL, KEXEC_FILE_UNLOAD);
	return 0;
}

static int access_one(char how, const char *path)
{
	switch (how) {
	case 'r':
		return open_one(path, O_RDONLY);
	case 'w':
		return open_one(path, O_WRONLY | O_APPEND);
	case 'm':
		return map_one(path);
	case 'd':
		return direct_one(path);
	case 'p':
		return protect_one(path);
	case 's':
		return shared_one(path);
	case 'i':
		return insmod_one(path);
	case 'k':
		return kexec_one(path);
	default:
		return exec_one(path);
	}
}

static int print_label(const char *path)
{
	uint8_t value[2048];
	ssize_t n = getxattr(path, "security.ima", value, sizeof(value));

	if (n < 0 && errno != ENODATA && errno != EOPNOTSUPP)
		return failed("getxattr", path);
	printf("%s %s", path, n < 0 ? "-" : "");
	for (ssize_t i = 0; i < n; i++)
		printf("%02x", value[i]);
	printf("\n");
	return 0;
}

static void print_access(char how, const char *path)
{
	int err = access_one(how, path);

	printf("%s %s\n", path, err ? strerrorname_np(err) : "ok");
	(void)fflush(stdout); /* before a child has it, too */
}

int main(int argc, char **argv)
{
	int bad = 0;

	if (argc >= 5 && strcmp(argv[1], "make") == 0)
		return make(argv + 2);
	for (int i = 2; i < argc; i++) {
		if (argv[1][0] == 'l')
			bad += print_label(argv[i]);
		else
			print_access(argv[1][0], argv[i]);
	}
	return argc < 3 || bad;
}
