/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source "mapping": programs that run now, and what they have mapped executable. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fs.h"
#include "core/simulate/bootset-internal.h"
#include "core/host/lines.h"

enum { LINE_MAX_BYTES = PATH_MAX + 128, STATUS_MAX = 64 << 10 };

struct look {
	struct bootset *b;
	struct stat root; /* of the target */
	uint64_t hidden;  /* processes that may not be looked at */
	char *exe;	  /* of the process, PATH_MAX */
};

/* A file that was replaced since (d_path() adds the word) is the new one's use when the
 * program starts again; where nothing replaced it, it is none. */
static int add_path(struct look *l, struct span path, struct bootset_met *how)
{
	static const char gone[] = " (deleted)";
	size_t n = sizeof(gone) - 1;
	int r;

	how->there = path.len > n && memcmp(path.ptr + path.len - n, gone, n) == 0;
	if (how->there)
		path.len -= n;
	r = bootset_met(l->b, path, how);
	return r < 0 ? r : 0;
}

/* The path of an executable mapping: "55d0-55e0 r-xp 0000 fe:01 12 /usr/bin/ls". linux 6.12
 * fs/proc/task_mmu.c show_map_vma(). */
static bool mapped(struct span line, struct span *ret)
{
	struct bytes b = bytes_of(line.ptr, line.len);
	struct span range, perms, rest;

	if (!bytes_until(&b, ' ', &range) || !bytes_until(&b, ' ', &perms) ||
	    perms.len != 4 || perms.ptr[2] != 'x' || !bytes_until(&b, '/', &rest))
		return false;
	*ret = (struct span){b.ptr + b.pos - 1, bytes_left(&b) + 1};
	return true;
}

static int add_maps(struct look *l, int proc, uint32_t uid)
{
	_cleanup_close_ int fd = openat(proc, "maps", O_RDONLY | O_CLOEXEC);
	struct bootset_met how = {.source = BOOTSET_FROM_MAPPING,
				  .uid = uid,
				  .ops = 1 << BOOTSET_MMAP | 1 << BOOTSET_READ};
	_cleanup_lines_ struct lines lines = {0};
	struct span line, path;
	int r = fd < 0 ? 0 : lines_open(&lines, fd, LINE_MAX_BYTES);

	if (fd < 0 || r < 0)
		return r;
	while (r >= 0 && lines_next(&lines, &line) > 0)
		if (mapped(line, &path) && !span_is(path, l->exe))
			r = add_path(l, path, &how);
	return r;
}

/* Its real user, whom rules with uid= ask about: "Uid:\t1000\t1000\t1000\t1000". */
static uint32_t user_of(int proc)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	unsigned uid = 0;
	const char *at;

	if (fs_read_at(proc, "status", STATUS_MAX, &text, NULL) < 0)
		return 0;
	at = strstr(strbuf_str(&text), "\nUid:");
	return at && sscanf(at, "\nUid: %u", &uid) == 1 ? uid : 0;
}

/* Of another root folder: containers have files of their own. */
static bool is_ours(const struct look *l, int proc)
{
	struct stat st;

	return fstatat(proc, "root", &st, 0) == 0 && st.st_dev == l->root.st_dev &&
	       st.st_ino == l->root.st_ino;
}

static int add_process(struct look *l, const char *pid)
{
	_cleanup_close_ int proc = openat(bootset_root(l->b)->dir[ROOT_PROC], pid,
					  O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct bootset_met how = {.source = BOOTSET_FROM_MAPPING,
				  .ops = 1 << BOOTSET_MMAP | 1 << BOOTSET_EXEC};
	ssize_t n;
	int r;

	if (proc < 0)
		return 0; /* it has ended */
	n = readlinkat(proc, "exe", l->exe, PATH_MAX - 1);
	if (n < 0)
		l->hidden += errno == EACCES || errno == EPERM;
	if (n <= 0 || !is_ours(l, proc))
		return 0; /* of the kernel, or a container's */
	l->exe[n] = '\0';
	how.uid = user_of(proc);
	r = add_path(l, span_of(l->exe), &how);
	return r < 0 ? r : add_maps(l, proc, how.uid);
}

static int add_processes(struct look *l, DIR *dir)
{
	const struct dirent *d;
	int r = 0;

	while (r >= 0 && (d = readdir(dir)))
		if (isdigit((unsigned char)d->d_name[0]))
			r = add_process(l, d->d_name);
	return r;
}

/* Modules that were loaded: "virtio_net 61440 0 - Live 0x0000000000000000". */
static int add_modules(struct look *l)
{
	_cleanup_pathset_ struct pathset names = {0};
	_cleanup_lines_ struct lines lines = {0};
	_cleanup_close_ int fd =
		root_openat(bootset_root(l->b), ROOT_PROC, "modules", O_RDONLY, NULL);
	struct span line, name;
	struct bytes b;
	int r = fd < 0 ? 0 : lines_open(&lines, fd, LINE_MAX_BYTES);

	if (fd < 0 || r < 0)
		return r;
	pathset_init(&names);
	while (r >= 0 && lines_next(&lines, &line) > 0) {
		b = bytes_of(line.ptr, line.len);
		if (bytes_until(&b, ' ', &name))
			r = bootset_add_module_name(&names, name);
	}
	return r < 0 ? r : bootset_add_modules(l->b, &names, BOOTSET_FROM_MAPPING);
}

int bootset_from_mapping(struct bootset *b)
{
	const struct root *root = bootset_root(b);
	struct diag *why = &bootset_saying(b, BOOTSET_FROM_MAPPING)->why;
	_cleanup_free_ char *exe = malloc(PATH_MAX);
	struct look l = {.b = b, .exe = exe};
	char programs[40];
	DIR *dir;
	int fd, r;

	if (!exe)
		return -ENOMEM;

	if (root_is_recorded(root) || !root_owns_place(root, ROOT_PROC))
		return diag_set(why, DIAG_NO_SOURCE, ENOENT,
				"Only the running system has running programs.");
	fd = root_openat(root, ROOT_PROC, "", O_RDONLY | O_DIRECTORY, why);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		cleanup_closep(&fd);
		return -ENOENT;
	}
	r = fstat(root->dir[ROOT_TARGET], &l.root) < 0 ? -errno : add_processes(&l, dir);
	(void)closedir(dir);
	if (r >= 0)
		r = add_modules(&l);
	if (r >= 0 && l.hidden)
		(void)diag_set(why, DIAG_PERMISSION, EACCES,
			       "%s of other users could not be looked at.",
			       str_counted(programs, sizeof(programs), l.hidden,
					   "program", "programs"));
	return r;
}
