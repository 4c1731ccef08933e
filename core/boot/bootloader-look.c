/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/boot/bootentry.h"
#include "core/boot/bootloader-internal.h"
#include "core/host/mounts.h"

/* What GRUB writes is the sectors that it found the file in; so it can where the file has
 * sectors of its own that stay what they are. Debian's 00_header asks grub-probe the same. */
static const char *const plain_types[] = {"ext2", "ext3", "ext4", "xfs", "vfat"};

static bool is_plain_type(struct span type)
{
	for (size_t i = 0; i < array_size(plain_types); i++)
		if (span_is(type, plain_types[i]))
			return true;
	return false;
}

/* Does the block device lie upon others: LVM, RAID, encryption, a cache? */
static bool is_stacked(const struct root *root, uint64_t dev)
{
	static const char *const at[] = {"slaves", "../slaves"};
	char path[64];

	for (size_t i = 0; i < array_size(at); i++) {
		_cleanup_close_ int fd = -1;
		DIR *dir;
		const struct dirent *e;
		bool any = false;

		(void)snprintf(path, sizeof(path), "dev/block/%u:%u/%s", major(dev),
			       minor(dev), at[i]);
		fd = root_openat(root, ROOT_SYS, path, O_RDONLY | O_DIRECTORY, NULL);
		dir = fd < 0 ? NULL : fdopendir(fd);
		if (!dir)
			continue;
		(void)take_fd(&fd);
		while ((e = readdir(dir)))
			any |= e->d_name[0] != '.';
		(void)closedir(dir);
		if (any)
			return true;
	}
	return false;
}

static bool starts(struct span s, const char *text)
{
	return s.len >= strlen(text) && memcmp(s.ptr, text, strlen(text)) == 0;
}

static bool is_named_stacked(struct span source)
{
	struct span name =
		source.len ? (struct span){source.ptr + 1, source.len - 1} : source;

	return starts(name, "dev/mapper/") || starts(name, "dev/dm-") ||
	       starts(name, "dev/md");
}

/* Is @point at or above @path? */
static bool is_above(struct span point, const char *path)
{
	if (span_is(point, "/"))
		return true;
	return strlen(path) >= point.len && memcmp(path, point.ptr, point.len) == 0 &&
	       (path[point.len] == '/' || path[point.len] == '\0');
}

/* The mount that holds GRUB's folder: of the device that it is seen on, and in a recorded
 * host by its place. */
static bool find_mount(const struct root *root, struct span text, struct mounts_line *ret)
{
	_cleanup_close_ int fd =
		root_openat(root, ROOT_TARGET, BOOT_GRUB_FOLDER, O_PATH, NULL);
	struct bytes in = bytes_of(text.ptr, text.len);
	struct mounts_line line;
	bool found = false;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	while (mounts_next(&in, &line)) {
		bool fits = root_is_recorded(root)
				    ? is_above(line.point, "/" BOOT_GRUB_FOLDER) &&
					      (!found || line.point.len >= ret->point.len)
				    : line.dev == st.st_dev;
		if (fits)
			*ret = line;
		found |= fits;
	}
	return found;
}

void bootloader_grub_writes(const struct root *root, char why[BOOTLOADER_WHY])
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct mounts_line m;
	char type[40];

	if (root_read(root, ROOT_MOUNTS, &text, NULL) < 0 ||
	    !find_mount(root, strbuf_span(&text), &m)) {
		(void)snprintf(why, BOOTLOADER_WHY,
			       "what /" BOOT_GRUB_FOLDER " lies on is not known");
		return;
	}
	(void)str_quote(type, sizeof(type), m.type);
	if (!is_plain_type(m.type))
		(void)snprintf(
			why, BOOTLOADER_WHY,
			"GRUB cannot write grubenv on %s, and would start the entry "
			"again and again",
			type);
	else if (is_named_stacked(m.source) || is_stacked(root, m.dev))
		(void)snprintf(
			why, BOOTLOADER_WHY,
			"GRUB cannot write grubenv, which lies on LVM, RAID or an "
			"encrypted device, and would start the entry again and again");
}

struct pick {
	const char *selected, *chosen, *pattern;
	struct bootloader *b;
	char newest[256];
};

static void keep(char *at, size_t size, const char *name)
{
	(void)snprintf(at, size, "%s", name);
}

static void consider(struct pick *p, const char *name)
{
	size_t n = strlen(name);

	if (n < 6 || n >= sizeof(p->newest) || strcmp(name + n - 5, ".conf") != 0 ||
	    bootentry_is(name, span_of(BOOT_TRIAL_ID)))
		return;
	if (*p->selected && bootentry_is(name, span_of(p->selected)))
		keep(p->b->selected, sizeof(p->b->selected), name);
	if (*p->chosen && bootentry_is(name, span_of(p->chosen)))
		keep(p->b->chosen, sizeof(p->b->chosen), name);
	if (*p->pattern && strverscmp(name, p->newest) > 0 &&
	    fnmatch(p->pattern, name, FNM_CASEFOLD) == 0)
		keep(p->newest, sizeof(p->newest), name);
}

/* "default PATTERN" of loader.conf, beside the folder with the entries. */
static void read_pattern(const struct root *root, const struct bootloader *b,
			 char pattern[256])
{
	_cleanup_strbuf_ struct strbuf path = {0}, text = {0};
	struct span value;

	strbuf_addf(&path, "%.*s/loader.conf",
		    (int)(strlen(b->entries) - strlen("/entries")), b->entries);
	pattern[0] = '\0';
	if (bootloader_read(root, strbuf_str(&path), &text, NULL) == 0 &&
	    bootentry_get(strbuf_span(&text), "default", &value) && value.len < 256)
		(void)snprintf(pattern, 256, "%.*s", (int)value.len,
			       (const char *)value.ptr);
}

void bootloader_find_entries(const struct root *root, struct bootloader *b,
			     const char *selected, const char *chosen)
{
	int fd = root_openat(root, ROOT_TARGET, b->entries, O_RDONLY | O_DIRECTORY, NULL);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	char pattern[256];
	struct pick p = {.selected = selected,
			 .chosen = chosen,
			 .pattern = pattern,
			 .b = b};
	const struct dirent *e;

	if (!dir) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	read_pattern(root, b, pattern);
	while ((e = readdir(dir)))
		consider(&p, e->d_name);
	(void)closedir(dir);
	/* the variable first, then loader.conf; else what was started this time */
	if (!*b->chosen && *pattern)
		keep(b->chosen, sizeof(b->chosen), p.newest);
	if (!*b->chosen)
		keep(b->chosen, sizeof(b->chosen), b->selected);
}
