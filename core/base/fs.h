/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole-file reads with a limit, and file replacement that a power cut cannot tear. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/diag.h"
#include "core/base/str.h"

/* Reads @fd to its end into @out (appended). Works on files without a size (securityfs,
 * proc). More than @limit bytes: IMA-H003. @name is for the message only. */
int fs_read_fd(int fd, size_t limit, const char *name, struct strbuf *out,
	       struct diag *reterr);

/* Opens @path below @dirfd (no symbolic link as last component) and reads it whole. */
int fs_read_at(int dirfd, const char *path, size_t limit, struct strbuf *out,
	       struct diag *reterr);

/* write(2) until all is written, through EINTR and short writes. -errno. */
int fs_write_all(int fd, const void *data, size_t len);

/* Replaces @name (at most 500 bytes) below @dirfd: temporary file, fsync, rename, fsync of the folder. Either
 * the old or the new content is there at any moment. */
int fs_replace_at(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		  struct diag *reterr);

/* The same for a file that must not be there yet: IMA-H009 when something is, and then
 * nothing is changed. */
int fs_create_at(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		 struct diag *reterr);

/* Makes @path below @dirfd and its missing parents; fine when it exists. */
int fs_mkdirs_at(int dirfd, const char *path, mode_t mode, struct diag *reterr);

/* A path to what @fd holds, without a second look-up of its name: for the xattr calls,
 * which refuse O_PATH descriptors. Returns @buf. */
const char *fs_fd_path(char buf[32], int fd);

/* Appends the value of an extended attribute; @fd may be O_PATH. -errno: ENODATA there is
 * none, EOPNOTSUPP the file system has none. */
int fs_get_xattr(int fd, const char *name, struct strbuf *out);
/* Sets it; and removes it, which is fine where there is none. -errno. */
int fs_set_xattr(int fd, const char *name, struct span value);
int fs_remove_xattr(int fd, const char *name);
