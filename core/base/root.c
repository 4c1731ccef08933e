/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/base/fspath.h"

static const struct {
	enum root_place place;
	const char *live;
	const char *recorded;
	size_t limit;
} files[_ROOT_FILE_MAX] = {
#define ROOT_FILE(id, place, live, recorded, limit)                                      \
	[ROOT_##id] = {ROOT_##place, live, recorded, limit},
#include "core/base/root-files.inc"
#undef ROOT_FILE
};

/* Kernel places are this machine's even with --root: one kernel answers for both. */
static const struct {
	const char *path;
	bool below_target;
} places[_ROOT_PLACE_MAX] = {
	[ROOT_TARGET] = {".", true},
	[ROOT_SECURITYFS] = {"/sys/kernel/security", false},
	[ROOT_PROC] = {"/proc", false},
	[ROOT_SYS] = {"/sys", false},
	[ROOT_DEV] = {"/dev", false},
	[ROOT_RUN] = {"run/imactl", true},
	[ROOT_CACHE] = {"var/cache/imactl", true},
	[ROOT_STATE] = {"var/lib/imactl", true},
};

static void clear(struct root *root)
{
	for (size_t i = 0; i < _ROOT_PLACE_MAX; i++)
		root->dir[i] = -1;
	root->host = -1;
	root->target_path = root->state_path = NULL;
}

static int open_dir(int at, const char *path)
{
	return openat(at, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static const char *path_of(const struct root *root, enum root_place place)
{
	return place == ROOT_STATE && root->state_path ? root->state_path
						       : places[place].path;
}

/* -1 where absent. Another root's links lead to its own files, never to ours. */
static int open_place(const struct root *root, enum root_place place)
{
	const char *path = path_of(root, place);
	int fd = places[place].below_target ? fspath_open_in(root->dir[ROOT_TARGET], path,
							     O_PATH | O_DIRECTORY)
					    : open_dir(AT_FDCWD, path);

	return fd < 0 ? -1 : fd;
}

static int cannot_open(const char *path, int err, struct diag *reterr)
{
	char q[160];

	return diag_set(reterr,
			err == EACCES || err == EPERM ? DIAG_PERMISSION : DIAG_OPEN, err,
			"Cannot open %s: %s.", str_quote(q, sizeof(q), span_of(path)),
			diag_errno(err));
}

int root_open_live(struct root *ret, const char *target, struct diag *reterr)
{
	struct root root;

	if (!target || !*target)
		target = "/";
	clear(&root);
	root.dir[ROOT_TARGET] = open_dir(AT_FDCWD, target);
	if (root.dir[ROOT_TARGET] < 0)
		return cannot_open(target, errno, reterr);
	for (size_t i = 0; i < _ROOT_PLACE_MAX; i++)
		if (i != ROOT_TARGET) /* absent places stay -1: each reader says what it
					 misses */
			root.dir[i] = open_place(&root, (enum root_place)i);
	root.target_path = strdup(target);
	if (!root.target_path) {
		root_done(&root);
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	}
	*ret = root;
	return 0;
}

int root_open_host(struct root *ret, const char *path, struct diag *reterr)
{
	struct root root;

	clear(&root);
	root.host = open_dir(AT_FDCWD, path);
	if (root.host < 0)
		return cannot_open(path, errno, reterr);
	root.dir[ROOT_TARGET] =
		openat(root.host, "root", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	root.target_path = strdup(path);
	if (!root.target_path) {
		root_done(&root);
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	}
	*ret = root;
	return 0;
}

bool root_has_records(const struct root *root)
{
	_cleanup_close_ int fd =
		openat(root->host, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	bool found = false;

	if (!dir)
		return false;
	(void)take_fd(&fd); /* the stream's now */
	while (!found && (e = readdir(dir)))
		for (size_t i = 0; i < _ROOT_FILE_MAX && !found; i++)
			found = strncmp(e->d_name, files[i].recorded,
					strcspn(files[i].recorded, ".")) == 0;
	(void)closedir(dir);
	return found;
}

void root_done(struct root *root)
{
	for (size_t i = 0; i < _ROOT_PLACE_MAX; i++)
		cleanup_closep(&root->dir[i]);
	cleanup_closep(&root->host);
	free(root->target_path);
	free(root->state_path);
	clear(root);
}

bool root_owns_place(const struct root *root, enum root_place place)
{
	return places[place].below_target || root_is_live(root);
}

bool root_is_live(const struct root *root)
{
	return !root_is_recorded(root) && root->target_path &&
	       strcmp(root->target_path, "/") == 0;
}

/* Makes @path with its parents; each folder on the way holds the name of the next, so all
 * of them must reach the disk. */
static int make_way(int target, const char *path, mode_t mode)
{
	char above[1024] = ".", part[sizeof(above)];

	if (strlen(path) >= sizeof(part))
		return -ENAMETOOLONG;
	for (size_t i = 1;; i++) {
		_cleanup_close_ int fd = -1;

		if (path[i] != '/' && path[i] != '\0')
			continue;
		(void)snprintf(part, sizeof(part), "%.*s", (int)i, path);
		fd = fspath_open_in(target, above, O_RDONLY | O_DIRECTORY);
		if (fd < 0)
			return fd;
		if (mkdirat(fd, strrchr(part, '/') ? strrchr(part, '/') + 1 : part,
			    mode) < 0 &&
		    errno != EEXIST)
			return -errno;
		if (fsync(fd) < 0)
			return -errno;
		if (path[i] == '\0')
			return 0;
		memcpy(above, part, sizeof(above));
	}
}

int root_make_place(struct root *root, enum root_place place, mode_t mode,
		    struct diag *reterr)
{
	char q[160];
	int r;

	if (root_is_recorded(root))
		return diag_set(reterr, DIAG_READ_ONLY_HOST, EROFS,
				"A recorded host cannot be changed.");
	if (root->dir[place] >= 0)
		return 0;
	if (!places[place].below_target)
		return cannot_open(places[place].path, ENOENT, reterr);
	r = make_way(root->dir[ROOT_TARGET], path_of(root, place), mode);
	if (r < 0)
		return diag_set(reterr,
				r == -EACCES || r == -EPERM ? DIAG_PERMISSION
							    : DIAG_WRITE,
				r, "Cannot make folder %s: %s.",
				str_quote(q, sizeof(q), span_of(path_of(root, place))),
				diag_errno(r));
	root->dir[place] = open_place(root, place);
	return root->dir[place] < 0 ? cannot_open(path_of(root, place), ENOENT, reterr)
				    : 0;
}

int root_use_state(struct root *root, const char *path)
{
	char *copy = strdup(path + strspn(path, "/"));

	if (!copy)
		return -ENOMEM;
	free(root->state_path);
	cleanup_closep(&root->dir[ROOT_STATE]);
	root->state_path = copy;
	root->dir[ROOT_STATE] = open_place(root, ROOT_STATE);
	return 0;
}

int root_open_again(const struct root *root, struct root *ret, struct diag *reterr)
{
	int r;

	if (root_is_recorded(root))
		return diag_set(reterr, DIAG_LIVE_ONLY, EROFS,
				"A recorded host has no files of its own.");
	r = root_open_live(ret, root->target_path, reterr);
	if (r == 0 && root->state_path && root_use_state(ret, root->state_path) < 0) {
		root_done(ret);
		r = diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	}
	return r;
}

/* name + "_" + suffix, the suffix before ".txt". */
static int with_suffix(char *buf, size_t size, const char *name, const char *suffix)
{
	size_t len = strlen(name);
	bool txt = len > 4 && strcmp(name + len - 4, ".txt") == 0;
	int n;

	if (!suffix)
		n = snprintf(buf, size, "%s", name);
	else if (txt)
		n = snprintf(buf, size, "%.*s-%s.txt", (int)len - 4, name, suffix);
	else
		n = snprintf(buf, size, "%s_%s", name, suffix);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* The folder and the name of a known file; -ENOENT where the root cannot have it. */
static int locate(const struct root *root, enum root_file file, const char *suffix,
		  char *buf, size_t size)
{
	int at;

	if (root_is_recorded(root))
		at = root->host;
	else if (files[file].place == ROOT_NOWHERE)
		return -ENOENT;
	else
		at = root->dir[files[file].place];
	if (with_suffix(buf, size,
			root_is_recorded(root) ? files[file].recorded : files[file].live,
			suffix) < 0)
		return -ENAMETOOLONG;
	return at < 0 ? -ENOENT : at;
}

/* A recorded host may come from anywhere and is looked at as root: nothing in it but
 * plain files is opened. Opening alone starts a watchdog, rewinds a tape, waits for a
 * FIFO. */
static int open_recorded(int at, const char *name)
{
	_cleanup_close_ int held = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_close_ int fd = -1;
	struct stat st, opened;

	if (held < 0 || fstat(held, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISLNK(st.st_mode)   ? -ELOOP
		       : S_ISDIR(st.st_mode) ? -EISDIR
					     : -EOPNOTSUPP;
	fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &opened) < 0)
		return -errno;
	if (st.st_ino != opened.st_ino || st.st_dev != opened.st_dev)
		return -EAGAIN;
	return take_fd(&fd);
}

/* Files of the kernel: securityfs has links among its own (ima_fs.c since 6.10). */
static int open_live(int at, const char *name, enum root_place place)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, fd;

	if (place == ROOT_TARGET)
		return fspath_open_in(at, name, flags);
	fd = openat(at, name, flags);
	return fd < 0 ? -errno : fd;
}

/* Where a file of the root lies, as people write it: below / even with --root. */
static int cannot_open_at(const struct root *root, enum root_place place,
			  const char *path, int err, struct diag *reterr)
{
	_cleanup_strbuf_ struct strbuf full = {0};

	if (!root_is_recorded(root) && place != ROOT_NOWHERE && *path != '/')
		root_place_path(&full, place);
	strbuf_adds(&full, path);
	return cannot_open(strbuf_str(&full), err, reterr);
}

int root_open_suffix(const struct root *root, enum root_file file, const char *suffix,
		     struct diag *reterr)
{
	char name[512];
	int at = locate(root, file, suffix, name, sizeof(name)), fd;

	if (at < 0)
		return cannot_open(files[file].recorded, -at, reterr);
	fd = root_is_recorded(root) ? open_recorded(at, name)
				    : open_live(at, name, files[file].place);
	return fd < 0 ? cannot_open_at(root, files[file].place, name, -fd, reterr) : fd;
}

int root_open(const struct root *root, enum root_file file, struct diag *reterr)
{
	return root_open_suffix(root, file, NULL, reterr);
}

int root_read(const struct root *root, enum root_file file, struct strbuf *out,
	      struct diag *reterr)
{
	_cleanup_close_ int fd = root_open(root, file, reterr);

	if (fd < 0)
		return fd;
	return fs_read_fd(fd, files[file].limit, files[file].recorded, out, reterr);
}

int root_read_line(const struct root *root, enum root_file file, struct strbuf *out,
		   struct diag *reterr)
{
	size_t before = out->len;
	char *end;
	int r = root_read(root, file, out, reterr);

	if (r < 0)
		return r;
	end = out->len > before ? memchr(out->ptr + before, '\n', out->len - before)
				: NULL;
	if (end) {
		*end = '\0';
		out->len = (size_t)(end - out->ptr);
	}
	return 0;
}

int root_stat(const struct root *root, enum root_file file, struct stat *ret)
{
	char name[512];
	int at = locate(root, file, NULL, name, sizeof(name)), flags = 0;
	_cleanup_close_ int fd = -1;

	if (at < 0)
		return at;
	if (!root_is_recorded(root) && files[file].place == ROOT_TARGET) {
		fd = fspath_open_in(at, name, O_PATH);
		if (fd < 0)
			return fd;
		at = fd;
		name[0] = '\0';
		flags = AT_EMPTY_PATH;
	} else if (root_is_recorded(root))
		flags = AT_SYMLINK_NOFOLLOW;
	return fstatat(at, name, ret, flags) < 0 ? -errno : 0;
}

int root_openat(const struct root *root, enum root_place place, const char *path,
		int flags, struct diag *reterr)
{
	int at = place < _ROOT_PLACE_MAX ? root->dir[place] : -1, fd;
	const char *shown = path;

	while (*path == '/')
		path++;
	if (at < 0)
		return cannot_open_at(root, place, shown, ENOENT, reterr);
	flags |= O_NOFOLLOW | O_CLOEXEC | (flags & O_PATH ? 0 : O_NOCTTY);
	if (place == ROOT_TARGET)
		fd = fspath_open_in(at, path, flags);
	else if ((fd = openat(at, *path ? path : ".", flags, 0600)) < 0)
		fd = -errno;
	return fd < 0 ? cannot_open_at(root, place, shown, -fd, reterr) : fd;
}

void root_place_path(struct strbuf *out, enum root_place place)
{
	if (place == ROOT_TARGET)
		strbuf_addc(out, '/');
	else
		strbuf_addf(out, "%s%s/", places[place].below_target ? "/" : "",
			    places[place].path);
}

const char *root_recorded_name(enum root_file file)
{
	return files[file].recorded;
}

const char *root_live_path(enum root_file file, char *buf, size_t size)
{
	if (files[file].place == ROOT_NOWHERE)
		(void)snprintf(buf, size, "%s", files[file].recorded);
	else
		(void)snprintf(buf, size, "%s/%s",
			       places[files[file].place].below_target
				       ? ""
				       : places[files[file].place].path,
			       files[file].live);
	return buf;
}
