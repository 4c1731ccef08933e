/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which package owns a path, from dpkg's and rpm's databases of the target root. Loaded
 * once (in a pool job when there is a pool), held as hash of path -> package: 8 bytes per
 * slot and one name per package. Paths are compared as the kernel logs them: spaces read
 * '_', and /bin, /sbin, /lib* are /usr/bin.. where the root is merged.
 *
 * Of rpm's databases the one of SQLite is read (rpm 4.16 and later: Fedora, RHEL 9), through
 * libsqlite3 where that is installed. Berkeley DB (RHEL 8: Packages) and ndb (openSUSE:
 * Packages.db) are not.
 *
 * 46 bits of hash stand for a path: with 150 000 files one look-up in 400 million gives a
 * wrong answer, and the answer is a label, never a verdict.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/cleanup.h"
#include "core/base/diag.h"
#include "core/base/hashalg.h"
#include "core/base/root.h"
#include "core/host/pool.h"

enum { PKGDB_FILES_MAX = 8 << 20, PKGDB_NONE = -1 };

struct pkgdb;

/* An empty database: every look-up answers "not known". */
int pkgdb_new(struct pkgdb **ret, struct diag *reterr);
struct pkgdb *pkgdb_free(struct pkgdb *db);
DEFINE_CLEANUP(struct pkgdb *, pkgdb_free)

/* Loads now. 0: nothing installed here knows packages; else the number of files. */
int pkgdb_load(struct pkgdb *db, const struct root *root, struct diag *reterr);

/* Tells @file of each path that packages own, once, as they list it; folders of rpm's are among
 * them. Its -errno ends it as -ENOMEM. The number of files; 0 as above. */
int pkgdb_each(const struct root *root, int (*file)(void *user, struct span path),
	       void *user, struct diag *reterr);

/* Loads in the pool; @root must outlive it. @ready (may be NULL) is called from
 * pool_dispatch() when look-ups have begun to answer. */
int pkgdb_load_async(struct pkgdb *db, const struct root *root, struct pool *pool,
		     void (*ready)(void *user), void *user);

/* What rpm's database says that a file holds, @path with its slash. 1: *ret; 0: nothing;
 * -ENOMEM. It is read for that: once and again is fine, not for each file. */
int pkgdb_rpm_digest(const struct root *root, const char *path, struct digest *ret);

bool pkgdb_is_loaded(const struct pkgdb *db);
/* Where names come from: "dpkg", "rpm"; "dpkg" where both know files; "" where none does. */
const char *pkgdb_kind(const struct pkgdb *db);
size_t pkgdb_files(const struct pkgdb *db);
size_t pkgdb_memory(const struct pkgdb *db);

/* The package's number, PKGDB_NONE when nobody owns the path or nothing is loaded. */
int pkgdb_owner(const struct pkgdb *db, struct span path);
/* Its name; "" for PKGDB_NONE. */
const char *pkgdb_name(const struct pkgdb *db, int package);
