/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What programs need to run, as the kernel and ld.so(8) look for it: PT_INTERP, "#!",
 * DT_NEEDED by way of DT_RUNPATH, DT_RPATH, /etc/ld.so.conf and the usual folders. Not by
 * /etc/ld.so.cache, which says no more than those. A library's own DT_RPATH counts, not that
 * of the program that loads it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fspath.h"
#include "core/simulate/bootset-internal.h"
#include "core/host/elffile.h"

enum { FILES_MAX = 100000, SHEBANG = 256 /* BINPRM_BUF_SIZE */ };

/* glibc's and musl's, whichever is there. */
static const char *const usual_folders[] = {
	"lib64", "usr/lib64", "lib", "usr/lib", "usr/local/lib",
};
/* Debian's loader has its architecture's folder of these built in. */
static const char *const multiarch[] = {"lib", "usr/lib"};
static const char *const command_folders[] = {
	"usr/sbin", "usr/bin", "sbin", "bin", "usr/local/sbin", "usr/local/bin",
};

static const uint16_t ops_of[] = {
	[BOOTSET_PROGRAM] = 1 << BOOTSET_EXEC,
	[BOOTSET_LIBRARY] = 1 << BOOTSET_MMAP | 1 << BOOTSET_READ,
	[BOOTSET_LOADER] = 1 << BOOTSET_MMAP,
};

static int meet(struct bootset_needs *n, struct span path, uint16_t ops)
{
	return bootset_met(n->b, path,
			   &(struct bootset_met){.source = BOOTSET_FROM_INIT,
						 .ops = ops,
						 .early = n->early,
						 .there = true});
}

int bootset_needs_add(struct bootset_needs *n, struct span path, enum bootset_kind kind)
{
	const struct root *root = bootset_root(n->b);
	_cleanup_strbuf_ struct strbuf name = {0}, real = {0};
	int r;

	strbuf_add(&name, path.ptr, path.len);
	r = fspath_below(root->dir[ROOT_TARGET], true, strbuf_str(&name), &real);
	if (r == -ENOMEM || name.failed || real.failed)
		return -ENOMEM;
	if (r < 0 || n->files.n >= FILES_MAX)
		return 0;
	r = meet(n, strbuf_span(&real), ops_of[kind]);
	if (r > 0 && pathset_add(&n->files, strbuf_span(&real)) == -ENOMEM)
		return -ENOMEM;
	return r;
}

int bootset_needs_command(struct bootset_needs *n, struct span name)
{
	int r = 0;

	for (size_t i = 0; i < array_size(command_folders) && r == 0; i++) {
		_cleanup_strbuf_ struct strbuf path = {0};

		strbuf_addf(&path, "%s/", command_folders[i]);
		strbuf_add(&path, name.ptr, name.len);
		r = path.failed
			    ? -ENOMEM
			    : bootset_needs_add(n, strbuf_span(&path), BOOTSET_PROGRAM);
	}
	return r;
}

/* Programs that are not ELF: "#!/usr/bin/env -S bash -e". linux 6.12 fs/binfmt_script.c
 * load_script(). */
static int add_script(struct bootset_needs *n, const char *path, int fd)
{
	char head[SHEBANG];
	ssize_t got = pread(fd, head, sizeof(head), 0);
	struct bytes b = bytes_of(head, got > 2 ? (size_t)got : 0);
	const char *end = got > 2 ? memchr(head, '\n', (size_t)got) : NULL;
	struct span w, leaf = {0}, folder;
	int r;

	if (end)
		b.len = (size_t)(end - head);
	if (b.len < 3 || memcmp(head, "#!", 2) != 0)
		return 0;
	b.pos = 2;
	r = meet(n, span_of(path), 1 << BOOTSET_READ);
	if (r < 0 || !bytes_word(&b, " \t", &w))
		return r;
	r = bootset_needs_add(n, w, BOOTSET_PROGRAM);
	if (r < 0 || !span_cut_last(w, "/", &folder, &leaf) || !span_is(leaf, "env"))
		return r;
	while (bytes_word(&b, " \t", &w))
		if (w.ptr[0] != '-' && !memchr(w.ptr, '=', w.len))
			return bootset_needs_command(n, w);
	return 0;
}

bool bootset_needs_step(struct bootset_needs *n, size_t steps)
{
	uint32_t left = BOOTSET_STEPS_MAX - n->steps;

	if (steps < left) {
		n->steps += (uint32_t)steps;
		return true;
	}
	if (left)
		(void)diag_set(&bootset_saying(n->b, BOOTSET_FROM_INIT)->why,
			       DIAG_TOO_LARGE, E2BIG,
			       "More folders, units and libraries are named than are "
			       "looked up.");
	n->steps = BOOTSET_STEPS_MAX;
	return false;
}

/* 1: a library that such a file can load lies there. */
static int try_library(struct bootset_needs *n, const struct elffile *e,
		       const struct strbuf *path)
{
	_cleanup_free_ struct elffile *found = calloc(1, sizeof(*found));
	_cleanup_close_ int fd = -1;
	bool fits;

	if (!found || path->failed)
		return -ENOMEM;
	if (!bootset_needs_step(n, 1))
		return 0;
	fd = bootset_open(bootset_root(n->b), strbuf_str(path));
	if (fd < 0 && fd != -EACCES)
		return 0;
	fits = fd == -EACCES || (elffile_read(fd, found) == 1 && elffile_fits(e, found));
	elffile_done(found);
	return fits ? bootset_needs_add(n, strbuf_span(path), BOOTSET_LIBRARY) : 0;
}

/* "$ORIGIN/../lib", "${ORIGIN}/lib": the folder of the file that says it. */
static void expand(struct strbuf *out, struct span folder, const char *file)
{
	static const char *const origin[] = {"$ORIGIN", "${ORIGIN}"};
	const char *slash = strrchr(file, '/');
	size_t skipped = 0;

	for (size_t i = 0; i < array_size(origin) && !skipped; i++)
		if (folder.len >= strlen(origin[i]) &&
		    memcmp(folder.ptr, origin[i], strlen(origin[i])) == 0)
			skipped = strlen(origin[i]);
	if (skipped)
		strbuf_addf(out, "/%.*s", slash ? (int)(slash - file) : 0, file);
	strbuf_add(out, folder.ptr + skipped, folder.len - skipped);
}

/* In the folders that the file names itself. */
static int search_own(struct bootset_needs *n, const struct elffile *e, const char *file,
		      const char *name)
{
	const char *list = elffile_name(e, e->runpath ? e->runpath : e->rpath);
	struct bytes b = bytes_of(list, list ? strlen(list) : 0);
	struct span folder;
	int r = 0;

	while (r == 0 && n->steps < BOOTSET_STEPS_MAX && bytes_word(&b, ":", &folder)) {
		_cleanup_strbuf_ struct strbuf path = {0};

		expand(&path, folder, file);
		strbuf_addf(&path, "/%s", name);
		r = try_library(n, e, &path);
	}
	return r;
}

/* In the system's. Of those for certain processors (glibc-hwcaps) each may be the one. */
static int search_usual(struct bootset_needs *n, const struct elffile *e,
			const char *name)
{
	int r = 0, any = 0;

	for (size_t i = 0; i < n->folders.n && r == 0 && n->steps < BOOTSET_STEPS_MAX;
	     i++) {
		_cleanup_strbuf_ struct strbuf path = {0};
		const char *folder = pathset_at(&n->folders, i);

		strbuf_addf(&path, "%s/%s", folder, name);
		r = try_library(n, e, &path);
		any |= r > 0;
		if (r > 0 && strstr(folder, "/glibc-hwcaps/"))
			r = 0;
	}
	return r < 0 ? r : any;
}

/* Most programs need the same few libraries. */
static int find_usual(struct bootset_needs *n, const struct elffile *e, const char *name)
{
	_cleanup_strbuf_ struct strbuf key = {0};
	int before = (int)n->found.n, i, r;

	strbuf_addf(&key, "%d %d %u %s", e->wide, e->big_endian, e->machine, name);
	i = key.failed ? -ENOMEM : pathset_find(&n->found, strbuf_span(&key));
	if (i >= 0 || i == -ENOMEM)
		return i < 0 ? i : 1;
	r = search_usual(n, e, name);
	if (r > 0 && pathset_add(&n->found, strbuf_span(&key)) != before)
		return -ENOMEM;
	return r;
}

/* What a program has loaded already by its own DT_RUNPATH is there for its libraries, too:
 * systemd's need each other that way. */
static int find_own(struct bootset_needs *n, const struct elffile *e, const char *file,
		    const char *name)
{
	int r = search_own(n, e, file, name);

	if (r > 0 && pathset_add(&n->own, span_of(name)) == -ENOMEM)
		return -ENOMEM;
	return r;
}

static int find_library(struct bootset_needs *n, const struct elffile *e,
			const char *file, const char *name)
{
	int r;

	if (strchr(name, '/'))
		return bootset_needs_add(n, span_of(name), BOOTSET_LIBRARY);
	r = find_own(n, e, file, name);
	if (r == 0)
		r = find_usual(n, e, name);
	return r == 0 ? pathset_find(&n->own, span_of(name)) >= 0 : r;
}

static int add_library(struct bootset_needs *n, const struct elffile *e, const char *file,
		       const char *name)
{
	struct bootset_said *said = bootset_saying(n->b, BOOTSET_FROM_INIT);
	char q[140], by[80];
	int r = find_library(n, e, file, name);

	if (r != 0)
		return r < 0 ? r : 0;
	said->nameless++;
	if (!said->why.id)
		(void)diag_set(&said->why, DIAG_NO_LIBRARY, ENOENT,
			       "/%s needs %s, which is not found.",
			       str_quote(q, sizeof(q), span_of(file)),
			       str_quote(by, sizeof(by), span_of(name)));
	return 0;
}

static int add_needed(struct bootset_needs *n, const struct elffile *e, const char *file)
{
	const char *interp = elffile_name(e, e->interp);
	int r = interp ? bootset_needs_add(n, span_of(interp), BOOTSET_LOADER) : 0;

	if (r >= 0) /* by the kernel, or by the loader */
		r = meet(n, span_of(file), 1 << BOOTSET_MMAP);
	for (size_t i = 0; r >= 0 && i < e->n_needed; i++)
		r = add_library(n, e, file, elffile_name(e, e->needed[i]));
	return r;
}

static int follow(struct bootset_needs *n, const char *file)
{
	_cleanup_free_ struct elffile *e = calloc(1, sizeof(*e));
	struct diag *why = &bootset_saying(n->b, BOOTSET_FROM_INIT)->why;
	_cleanup_close_ int fd = -1;
	char q[140];
	int r;

	if (!e)
		return -ENOMEM;
	fd = bootset_open(bootset_root(n->b), file);
	r = fd < 0 ? fd : elffile_read(fd, e);
	if (r > 0)
		r = add_needed(n, e, file);
	else if (r == 0)
		r = add_script(n, file, fd);
	else if (r != -ENOMEM && !why->id)
		(void)diag_set(why, r == -EACCES ? DIAG_PERMISSION : DIAG_READ, -r,
			       "What /%s needs is not known: %s.",
			       str_quote(q, sizeof(q), span_of(file)), diag_errno(-r));
	elffile_done(e);
	return r == -ENOMEM ? r : 0;
}

int bootset_needs_follow(struct bootset_needs *n)
{
	int r = 0;

	while (r >= 0 && n->done < n->files.n) {
		/* the set grows, and moves, meanwhile */
		_cleanup_free_ char *file = strdup(pathset_at(&n->files, n->done++));

		r = file ? follow(n, file) : -ENOMEM;
	}
	return r;
}

static int add_folder(struct bootset_needs *n, struct span folder)
{
	_cleanup_strbuf_ struct strbuf name = {0};
	int r;

	if (!bootset_needs_step(n, 1))
		return 0;
	if (folder.ptr[0] == '/')
		folder = (struct span){folder.ptr + 1, folder.len - 1};
	strbuf_add(&name, folder.ptr, folder.len);
	while (name.len > 1 && name.ptr[name.len - 1] == '/')
		name.ptr[--name.len] = '\0';
	strbuf_adds(&name, "/glibc-hwcaps");
	if (name.failed)
		return -ENOMEM;
	r = bootset_list(bootset_root(n->b), strbuf_str(&name), "*", &n->folders);
	if (r < 0)
		return r;
	name.len -= strlen("/glibc-hwcaps");
	return pathset_add(&n->folders, strbuf_span(&name)) == -ENOMEM ? -ENOMEM : 0;
}

/* "include /etc/ld.so.conf.d/ *.conf", by ldconfig(8) relative to the file's folder. */
static int add_include(struct bootset_needs *n, struct span pattern,
		       struct pathset *files)
{
	_cleanup_strbuf_ struct strbuf folder = {0}, leaf = {0};
	struct span before, after;

	if (pattern.ptr[0] != '/')
		strbuf_adds(&folder, "etc/");
	if (span_cut_last(pattern, "/", &before, &after)) {
		strbuf_add(&folder, before.ptr, before.len);
		pattern = after;
	}
	strbuf_add(&leaf, pattern.ptr, pattern.len);
	if (folder.failed || leaf.failed)
		return -ENOMEM;
	return bootset_list(bootset_root(n->b), strbuf_str(&folder), strbuf_str(&leaf),
			    files);
}

/* A line of ld.so.conf, or of musl's ld-musl-ARCH.path. */
static int add_conf_line(struct bootset_needs *n, struct span line, struct pathset *files)
{
	struct bytes b = bytes_of(line.ptr, line.len);
	struct span w;
	int r = 0;

	if (bytes_until(&b, '#', &w)) /* behind it: a comment */
		b = bytes_of(w.ptr, w.len);
	while (r >= 0 && bytes_word(&b, " \t:,", &w)) {
		if (span_is(w, "include"))
			return bytes_word(&b, " \t", &w) ? add_include(n, w, files) : 0;
		if (w.ptr[0] == '/') /* not "hwcap 1 nosegneg" */
			r = add_folder(n, w);
	}
	return r;
}

static int add_conf(struct bootset_needs *n, const char *path, struct pathset *files)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct bytes b;
	struct span line;
	int r = bootset_slurp(bootset_root(n->b), path, &text);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	strbuf_addc(&text, '\n');
	b = bytes_of(strbuf_str(&text), text.len);
	while (r >= 0 && bytes_until(&b, '\n', &line))
		r = add_conf_line(n, line, files);
	return text.failed ? -ENOMEM : r;
}

static int add_folders(struct bootset_needs *n)
{
	_cleanup_pathset_ struct pathset files = {0};
	int r;

	pathset_init(&files);
	r = pathset_add(&files, span_of("etc/ld.so.conf"));
	if (r >= 0)
		r = bootset_list(bootset_root(n->b), "etc", "ld-musl-*.path", &files);
	for (size_t i = 0; r >= 0 && i < files.n; i++) {
		_cleanup_free_ char *path = strdup(pathset_at(&files, i));

		r = path ? add_conf(n, path, &files) : -ENOMEM;
	}
	for (size_t i = 0; r >= 0 && i < array_size(multiarch); i++)
		r = bootset_list(bootset_root(n->b), multiarch[i], "*-linux-*",
				 &n->folders);
	for (size_t i = 0; r >= 0 && i < array_size(usual_folders); i++)
		r = add_folder(n, span_of(usual_folders[i]));
	return r;
}

int bootset_needs_open(struct bootset_needs *n, struct bootset *b)
{
	*n = (struct bootset_needs){.b = b};
	pathset_init(&n->files);
	pathset_init(&n->folders);
	pathset_init(&n->found);
	pathset_init(&n->own);
	return add_folders(n);
}

void bootset_needs_done(struct bootset_needs *n)
{
	pathset_done(&n->files);
	pathset_done(&n->folders);
	pathset_done(&n->found);
	pathset_done(&n->own);
}
