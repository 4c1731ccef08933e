/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a package says that one of its files holds: dpkg's list of MD5 digests. It tells a
 * file that was changed by accident from one that was not; whoever may write the file may
 * mostly write the list as well. Configuration files are not in it.
 */
#pragma once

#include "core/base/hashalg.h"
#include "core/base/root.h"

/* @path below the target, @package as pkgdb_name() has it. 1: *ret; 0: the list is not there
 * or says nothing of the file. -ENOMEM. */
int pkgdigest_of(const struct root *root, const char *package, const char *path,
		 struct digest *ret);
