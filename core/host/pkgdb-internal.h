/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the back ends of pkgdb share, nobody else's business. */
#pragma once

#include "core/base/hashalg.h"
#include "core/host/pkgdb.h"

/* The new package's number; -ENOMEM, -ENOSPC. */
int pkgdb_add_package(struct pkgdb *db, struct span name);
void pkgdb_add_file(struct pkgdb *db, struct span path, int package);
/* A package as rpm exports it. 1: with files, 0: it has none; -EBADMSG: damaged, nothing
 * of it was added; -ENOMEM, -ENOSPC. */
int pkgdb_add_rpm_header(struct pkgdb *db, struct span header);

/* Headers say what files hold: the digest of @path (with its slash; borrowed) is kept when it
 * comes by. */
void pkgdb_seek(struct pkgdb *db, const char *path);
bool pkgdb_seeks(const struct pkgdb *db, struct span path);
void pkgdb_keep_digest(struct pkgdb *db, enum hash_alg alg, struct span hex);
/* NULL: it did not come by. */
const struct digest *pkgdb_digest(const struct pkgdb *db);

/* 1: files were added, 0: there is no such database here, -ENOMEM. */
int pkgdb_load_dpkg(struct pkgdb *db, const struct root *root);
int pkgdb_load_rpm(struct pkgdb *db, const struct root *root);
