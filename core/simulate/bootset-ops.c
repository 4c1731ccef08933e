/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "core/simulate/bootset-internal.h"
#include "core/policy/rulescope.h"

/* What is opened for being read, and then given to the kernel: both are asked about. linux
 * 6.12 fs/kernel_read_file.c kernel_read_file_from_path(), kernel_read_file_from_fd(). */
#define READ_AND(op) ((uint16_t)(1 << BOOTSET_READ | 1 << (op)))
/* The kernel maps a program that it runs (fs/binfmt_elf.c elf_load()). */
#define RUN ((uint16_t)(1 << BOOTSET_EXEC | 1 << BOOTSET_MMAP))

static const char *leaf_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "libc.so.6", "pam_unix.so", not "find.sorted". */
static bool is_library(const char *path)
{
	const char *at = strstr(leaf_of(path), ".so");

	return at && (at[3] == '\0' || at[3] == '.');
}

/* "usr/bin/ls", "usr/libexec/sudo/sesh". */
static bool among_programs(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	return (n >= 3 && memcmp(slash - 3, "bin", 3) == 0) || strstr(path, "libexec/");
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* What lies in /boot: most of it only the boot loader reads, and administrators. */
static uint16_t kernel_ops(const char *name)
{
	if (begins(name, "vmlinu"))
		return READ_AND(BOOTSET_KEXEC);
	if (begins(name, "initr"))
		return READ_AND(BOOTSET_INITRAMFS);
	return 1 << BOOTSET_READ;
}

uint16_t bootset_ops_of(const char *path, uint16_t mode)
{
	struct rulescope_file file = {.path = path, .mode = mode};
	unsigned uses = rulescope_uses(&file);

	if (uses & 1 << RULESCOPE_MODULE)
		return READ_AND(BOOTSET_MODULE);
	if (uses & 1 << RULESCOPE_FIRMWARE)
		return READ_AND(BOOTSET_FIRMWARE);
	if (uses & 1 << RULESCOPE_POLICY)
		return READ_AND(BOOTSET_POLICY);
	if (uses & 1 << RULESCOPE_KERNEL)
		return kernel_ops(leaf_of(path));
	if (is_library(path))
		return READ_AND(BOOTSET_MMAP); /* ld.so opens it, then maps it */
	if (uses & 1 << RULESCOPE_PROGRAM || (!mode && among_programs(path)))
		return RUN;
	return mode ? 1 << BOOTSET_READ : RUN | 1 << BOOTSET_READ;
}
