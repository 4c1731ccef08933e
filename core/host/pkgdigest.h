/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a package says that one of its files holds: dpkg's list of MD5 digests, without
 * configuration files; rpm's database. It tells a file that was changed by accident from one
 * that was not; whoever may write the file may mostly write the list as well.
 */
#pragma once

#include "core/base/hashalg.h"
#include "core/base/root.h"

/* @path below the target, @package as pkgdb_name() has it. 1: *ret; 0: nothing is said of
 * the file. -ENOMEM. */
int pkgdigest_of(const struct root *root, const char *package, const char *path,
		 struct digest *ret);
