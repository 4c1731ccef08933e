/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the back ends of pkgdb share, nobody else's business. */
#pragma once

#include "core/host/pkgdb.h"

/* The new package's number; -ENOMEM, -ENOSPC. */
int pkgdb_add_package(struct pkgdb *db, struct span name);
void pkgdb_add_file(struct pkgdb *db, struct span path, int package);
/* A package as rpm exports it. 1: with files, 0: it has none; -EBADMSG: damaged, nothing
 * of it was added; -ENOMEM, -ENOSPC. */
int pkgdb_add_rpm_header(struct pkgdb *db, struct span header);

/* 1: files were added, 0: there is no such database here, -ENOMEM. */
int pkgdb_load_dpkg(struct pkgdb *db, const struct root *root);
int pkgdb_load_rpm(struct pkgdb *db, const struct root *root);
