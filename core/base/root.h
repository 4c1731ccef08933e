/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where facts are read from: this machine, another root (--root /sysroot), or a recorded
 * host (--host DIR). Every reader takes a struct root; nobody else opens an absolute
 * path.
 *
 * Each file imactl knows is a row in root-files.inc with its place on a live machine and
 * its name in a recorded host. `imactl bundle` walks the same table, so a fact that can
 * be read can be recorded.
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "core/base/diag.h"
#include "core/base/str.h"

enum root_place {
	ROOT_TARGET,	 /* the root file system looked at: "/" or --root */
	ROOT_SECURITYFS, /* /sys/kernel/security */
	ROOT_PROC,	 /* /proc */
	ROOT_SYS,	 /* /sys */
	ROOT_DEV,	 /* /dev */
	ROOT_RUN,	 /* /run/imactl: state of this boot */
	ROOT_CACHE,	 /* /var/cache/imactl */
	ROOT_STATE,	 /* /var/lib/imactl: journals */
	_ROOT_PLACE_MAX,
	ROOT_NOWHERE = _ROOT_PLACE_MAX, /* only in recorded hosts */
};

enum root_file {
#define ROOT_FILE(id, place, live, recorded, limit) ROOT_##id,
#include "core/base/root-files.inc"
#undef ROOT_FILE
	_ROOT_FILE_MAX,
};

struct root {
	int dir[_ROOT_PLACE_MAX]; /* O_PATH dirfds, -1 where absent */
	int host;		  /* the recorded host's folder, -1 when live */
	char *target_path;	  /* as given, for messages; owned */
	char *state_path; /* ROOT_STATE below the target; NULL: the usual place; owned */
};

/* This machine ("/" or NULL), or its kernel with another root file system. The kernel's
 * places are always this machine's; run, cache and state lie below the target. */
int root_open_live(struct root *ret, const char *target, struct diag *reterr);

/* A recorded host: nothing live is read. */
int root_open_host(struct root *ret, const char *path, struct diag *reterr);

/* Does the folder hold anything a recorded host would? (An empty folder, or the wrong
 * one, does not.) */
bool root_has_records(const struct root *root);

void root_done(struct root *root);

/* Is the place part of what is looked at? With another root the kernel's are not. */
bool root_owns_place(const struct root *root, enum root_place place);

/* Is it this machine itself, not another root or a recorded host? */
bool root_is_live(const struct root *root);

/* Makes and opens one of imactl's own folders (RUN, CACHE, STATE) where it is missing.
 * -EROFS: a recorded host. */
int root_make_place(struct root *root, enum root_place place, mode_t mode,
		    struct diag *reterr);

/* Journals of somebody who may not write the machine's own: @path (absolute) stands for
 * the STATE place. It need not be there. -ENOMEM. */
int root_use_state(struct root *root, const char *path);

/* The same live root opened anew: places that came since are there, and another thread may
 * have it for its own. -EROFS: a recorded host. */
int root_open_again(const struct root *root, struct root *ret, struct diag *reterr);

static inline bool root_is_recorded(const struct root *root)
{
	return root->host >= 0;
}

/* Opens a known file for reading. -ENOENT without touching @reterr's meaning: absent is
 * IMA-H001 with err ENOENT, so that callers can go on without it. */
int root_open(const struct root *root, enum root_file file, struct diag *reterr);

/* The same for files that exist per hash algorithm or bank: "_" and @suffix are appended
 * (binary_runtime_measurements_sha256), before ".txt" where the name has that. */
int root_open_suffix(const struct root *root, enum root_file file, const char *suffix,
		     struct diag *reterr);

/* Its first line, without the end of that. */
int root_read_line(const struct root *root, enum root_file file, struct strbuf *out,
		   struct diag *reterr);
/* Opens and reads whole, up to the row's limit. */
int root_read(const struct root *root, enum root_file file, struct strbuf *out,
	      struct diag *reterr);

/* stat of a known file; -errno. Recorded hosts answer for their copy. */
int root_stat(const struct root *root, enum root_file file, struct stat *ret);

/* Any other path below a place (never following a link in the last component, nor
 * any link out of the target), for trees
 * that are not single facts: package databases, PCR folders. In a recorded host the
 * target's files lie below "root/" and other places are absent (-ENOENT). */
int root_openat(const struct root *root, enum root_place place, const char *path,
		int flags, struct diag *reterr);

/* Appends a place's path on a live machine, "/run/imactl/"; for messages. */
void root_place_path(struct strbuf *out, enum root_place place);

/* Name of a file in a recorded host ("cmdline"), and on a live machine for messages
 * ("/proc/cmdline" into @buf). */
const char *root_recorded_name(enum root_file file);
const char *root_live_path(enum root_file file, char *buf, size_t size);
