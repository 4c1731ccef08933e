/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Source "init": what this root needs to boot and to let somebody in, found from its own
 * files. core/policy/deadly.inc and what systemd or inittab(5) start, with their libraries; the
 * modules of PAM and of name look-ups, which programs load by name; kernel modules that are
 * asked for; the files that all of them read.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/simulate/bootset-internal.h"
#include "core/policy/deadly.h"

/* Read by every program, or by every login. */
static const char *const read_files[] = {
	"etc/ld.so.cache",     "etc/ld.so.preload",
	"etc/passwd",	       "etc/group",
	"etc/shadow",	       "etc/gshadow",
	"etc/nsswitch.conf",   "etc/login.defs",
	"etc/securetty",       "etc/shells",
	"etc/fstab",	       "etc/inittab",
	"etc/sudoers",	       "etc/sudo.conf",
	"etc/ssh/sshd_config", "etc/systemd/system.conf",
};

/* Folders of such files. */
static const struct {
	const char *folder, *pattern;
} read_folders[] = {
	{"etc/pam.d", "*"},
	{"usr/lib/pam.d", "*"},
	{"etc/security", "*.conf"},
	{"etc/sudoers.d", "*"},
	{"etc/ssh", "ssh_host_*_key*"},
	{"etc/ssh/sshd_config.d", "*.conf"},
	{"etc/modules-load.d", "*.conf"},
	{"usr/lib/modules-load.d", "*.conf"},
	{"run/modules-load.d", "*.conf"},
};

/* Programs that only sysvinit and the like start. */
static const struct {
	const char *folder, *pattern;
} scripts[] = {
	{"etc/init.d", "*"},
	{"etc/rcS.d", "S*"},
};

/* Loaders and libraries are those that the programs name: others are of architectures that
 * nothing here needs. */
static int add_deadly(struct bootset_needs *n)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && deadly_at(i); i++)
		if (!strstr(deadly_at(i)->path, ".so"))
			r = bootset_needs_add(n, span_of(deadly_at(i)->path),
					      BOOTSET_PROGRAM);
	return r;
}

/* The program that asks, wherever it was put. */
static int add_self(struct bootset_needs *n)
{
	const struct root *root = bootset_root(n->b);
	_cleanup_free_ char *path = malloc(PATH_MAX);
	ssize_t len;

	if (root_is_recorded(root) || !root_owns_place(root, ROOT_PROC))
		return 0;
	if (!path)
		return -ENOMEM;
	len = readlinkat(root->dir[ROOT_PROC], "self/exe", path, PATH_MAX);
	if (len <= 0)
		return 0;
	return bootset_needs_add(n, (struct span){(uint8_t *)path, (size_t)len},
				 BOOTSET_PROGRAM);
}

static int add_read(struct bootset *b, const char *path)
{
	struct bootset_met how = {.source = BOOTSET_FROM_INIT,
				  .ops = 1 << BOOTSET_READ,
				  .early = true,
				  .there = true};

	return bootset_met(b, span_of(path), &how);
}

static int add_reads(struct bootset *b, struct pathset *files)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < array_size(read_files); i++)
		r = add_read(b, read_files[i]);
	for (size_t i = 0; r >= 0 && i < array_size(read_folders); i++)
		r = bootset_list(bootset_root(b), read_folders[i].folder,
				 read_folders[i].pattern, files);
	for (size_t i = 0; r >= 0 && i < files->n; i++)
		r = add_read(b, pathset_at(files, i));
	return r;
}

/* A library that is loaded by name, from wherever there is one. */
static int add_loaded(struct bootset_needs *n, const char *below, const char *name)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < n->folders.n; i++) {
		_cleanup_strbuf_ struct strbuf path = {0};

		strbuf_addf(&path, "%s/%s%s", pathset_at(&n->folders, i), below, name);
		r = path.failed
			    ? -ENOMEM
			    : bootset_needs_add(n, strbuf_span(&path), BOOTSET_LIBRARY);
	}
	return r;
}

/* "auth [success=1 default=ignore] pam_unix.so nullok": pam.conf(5). */
static int add_pam_word(struct bootset_needs *n, struct span w)
{
	_cleanup_strbuf_ struct strbuf name = {0};

	if (w.len < 4 || memcmp(w.ptr + w.len - 3, ".so", 3) != 0)
		return 0;
	if (w.ptr[0] == '/')
		return bootset_needs_add(n, w, BOOTSET_LIBRARY);
	strbuf_add(&name, w.ptr, w.len);
	return name.failed ? -ENOMEM : add_loaded(n, "security/", name.ptr);
}

/* "files systemd [NOTFOUND=return]" */
static int add_nss_word(struct bootset_needs *n, struct span w)
{
	_cleanup_strbuf_ struct strbuf name = {0};

	if (memchr(w.ptr, ':', w.len) || memchr(w.ptr, '[', w.len) ||
	    memchr(w.ptr, '/', w.len))
		return 0;
	strbuf_addf(&name, "libnss_%.*s.so.2", (int)w.len, (const char *)w.ptr);
	return name.failed ? -ENOMEM : add_loaded(n, "", name.ptr);
}

/* "si::sysinit:/etc/init.d/rcS", and busybox's "::respawn:-/bin/sh". */
static int add_inittab_word(struct bootset_needs *n, struct span w)
{
	struct span before, program;
	int r = 0;

	if (span_cut_last(w, ":", &before, &program)) {
		while (program.len && memchr("-@+", program.ptr[0], 3))
			program = (struct span){program.ptr + 1, program.len - 1};
		if (program.len)
			r = bootset_needs_add(n, program, BOOTSET_PROGRAM);
	}
	return r;
}

/* Calls @what with each word of a file, comments left out. */
static int each_word(struct bootset_needs *n, const char *path,
		     int (*what)(struct bootset_needs *n, struct span w))
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct span line, w;
	struct bytes b, in;
	int r = bootset_slurp(bootset_root(n->b), path, &text);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	strbuf_addc(&text, '\n');
	b = bytes_of(strbuf_str(&text), text.len);
	while (r >= 0 && bytes_until(&b, '\n', &line)) {
		in = bytes_of(line.ptr, line.len);
		if (bytes_until(&in, '#', &w))
			in = bytes_of(w.ptr, w.len);
		in.pos = 0;
		while (r >= 0 && bytes_word(&in, " \t", &w))
			r = what(n, w);
	}
	return text.failed ? -ENOMEM : r;
}

static int add_logins(struct bootset_needs *n, const struct pathset *files)
{
	int r = each_word(n, "etc/nsswitch.conf", add_nss_word);

	if (r >= 0)
		r = each_word(n, "etc/inittab", add_inittab_word);
	for (size_t i = 0; r >= 0 && i < files->n; i++)
		if (strstr(pathset_at(files, i), "/pam.d/"))
			r = each_word(n, pathset_at(files, i), add_pam_word);
	return r;
}

/* modules-load.d(5), and Debian's /etc/modules: the first word of a line. */
static int add_module_names(const struct root *root, const char *path,
			    struct pathset *names)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct span line, w;
	struct bytes b, in;
	int r = bootset_slurp(root, path, &text);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	strbuf_addc(&text, '\n');
	b = bytes_of(strbuf_str(&text), text.len);
	while (r >= 0 && bytes_until(&b, '\n', &line)) {
		in = bytes_of(line.ptr, line.len);
		if (bytes_word(&in, " \t", &w) && w.ptr[0] != '#' && w.ptr[0] != ';')
			r = bootset_add_module_name(names, w);
	}
	return text.failed ? -ENOMEM : r;
}

static int add_modules(struct bootset *b, const struct pathset *files)
{
	_cleanup_pathset_ struct pathset names = {0};
	int r;

	pathset_init(&names);
	r = add_module_names(bootset_root(b), "etc/modules", &names);
	for (size_t i = 0; r >= 0 && i < files->n; i++)
		if (strstr(pathset_at(files, i), "/modules-load.d/"))
			r = add_module_names(bootset_root(b), pathset_at(files, i),
					     &names);
	return r < 0 ? r : bootset_add_modules(b, &names, BOOTSET_FROM_INIT);
}

static int add_scripts(struct bootset_needs *n)
{
	_cleanup_pathset_ struct pathset found = {0};
	int r = 0;

	pathset_init(&found);
	n->early = false;
	for (size_t i = 0; r >= 0 && i < array_size(scripts); i++)
		r = bootset_list(bootset_root(n->b), scripts[i].folder,
				 scripts[i].pattern, &found);
	for (size_t i = 0; r >= 0 && i < found.n; i++)
		r = bootset_needs_add(n, span_of(pathset_at(&found, i)), BOOTSET_PROGRAM);
	return r < 0 ? r : bootset_needs_follow(n);
}

static int add_all(struct bootset_needs *n, struct pathset *files)
{
	int r = add_deadly(n);

	if (r >= 0)
		r = add_self(n);
	if (r >= 0)
		r = add_reads(n->b, files);
	if (r >= 0)
		r = add_logins(n, files);
	if (r >= 0)
		r = bootset_needs_follow(n);
	if (r >= 0)
		r = add_modules(n->b, files);
	if (r >= 0)
		r = bootset_needs_units(n);
	return r < 0 ? r : add_scripts(n);
}

int bootset_from_init(struct bootset *b)
{
	struct bootset_said *said = bootset_saying(b, BOOTSET_FROM_INIT);
	_cleanup_bootset_needs_ struct bootset_needs n = {0};
	_cleanup_pathset_ struct pathset files = {0};
	int r;

	if (bootset_root(b)->dir[ROOT_TARGET] < 0)
		return diag_set(&said->why, DIAG_NO_SOURCE, ENOENT,
				"The host was recorded without its files.");
	pathset_init(&files);
	r = bootset_needs_open(&n, b);
	n.early = true;
	if (r >= 0)
		r = add_all(&n, &files);
	if (r >= 0 && !said->uses && !said->why.id)
		(void)diag_set(&said->why, DIAG_NO_SOURCE, ENOENT,
			       "There is no init and no shell below this root.");
	return r;
}
