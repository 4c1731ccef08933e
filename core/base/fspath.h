/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths that a change may touch. They are relative to a place of struct root, canonical
 * (no "." or "..", no doubled slash) and never lead through a symbolic link, so nobody
 * who can write a folder on the way can point the change elsewhere.
 */
#pragma once

#include <stdbool.h>

#include "core/base/str.h"

#define FSPATH_LEAF_MAX 256

/* Not empty, relative, canonical, shorter than PATH_MAX. */
bool fspath_valid(const char *path);

/* Opens the folder that holds @path (O_PATH) below @at and copies the last component to
 * @leaf. -errno; -ELOOP: a symbolic link on the way. @path must be valid. */
int fspath_parent(int at, const char *path, char leaf[FSPATH_LEAF_MAX]);

/* Opens @path itself, which is no link either: -ELOOP (-ENOTDIR with O_DIRECTORY); "" is
 * @at. @flags as for open(2), without O_CREAT. -errno. */
int fspath_open(int at, const char *path, int flags);

/* The folder of the last path, kept open for the next one: trees are gone through in
 * order. All zero before the first use. */
struct fspath_folder {
	int at;	    /* where the path began */
	char *name; /* NULL: none is open */
	int fd;
	unsigned turn; /* how many were opened */
};

/* As fspath_parent(), but the descriptor stays the folder's: it lasts until the next
 * call. */
int fspath_keep_parent(struct fspath_folder *folder, int at, const char *path,
		       char leaf[FSPATH_LEAF_MAX]);
void fspath_folder_done(struct fspath_folder *folder);

/* Opens @path for reading as a process would whose root folder is @at: links are followed
 * and stay below it, "..", too. Where the kernel cannot do that (before 5.6), only names
 * without any link are opened: -ELOOP. @flags as for open(2), without O_CREAT. -errno. */
int fspath_open_in(int at, const char *path, int flags);

/* Appends the path of what @fd holds (it may be O_PATH) below the folder @at, as the steps
 * of a plan name it; nothing for the folder itself. -EXDEV: it does not lie there; -ENOENT: it has no name any more. */
int fspath_of(int at, int fd, struct strbuf *out);

/* Appends the same for a path that somebody typed: of the process (links followed), or
 * with @inside as one whose root folder is @at. "": @at itself. -errno, -EXDEV as above. */
int fspath_below(int at, bool inside, const char *path, struct strbuf *out);

/* fsync of a folder held as O_PATH; -errno. */
int fspath_sync(int dirfd);
