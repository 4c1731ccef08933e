/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Source "package": programs, libraries, modules and firmware that packages own: what could
 * be used at all. Data that is only read is left out, and so are places that hold nothing
 * else.
 */
#include <errno.h>
#include <string.h>

#include "core/simulate/bootset-internal.h"
#include "core/host/pkgdb.h"

static const char *const data_folders[] = {
	"usr/share/doc/",    "usr/share/man/",	"usr/share/locale/",
	"usr/share/icons/",  "usr/share/info/", "usr/share/fonts/",
	"usr/share/themes/", "usr/include/",	"usr/share/zoneinfo/",
};

static int add_file(void *user, struct span path)
{
	struct bootset *b = user;
	struct bootset_met how = {.source = BOOTSET_FROM_PACKAGE,
				  .there = true,
				  .code = true};
	struct span below = path;
	int r;

	if (path.len && path.ptr[0] == '/')
		below = (struct span){path.ptr + 1, path.len - 1};
	for (size_t i = 0; i < array_size(data_folders); i++) {
		size_t n = strlen(data_folders[i]);

		if (below.len > n && memcmp(below.ptr, data_folders[i], n) == 0)
			return 0;
	}
	r = bootset_met(b, path, &how);
	return r == -ENOMEM ? r : 0;
}

int bootset_from_package(struct bootset *b)
{
	struct bootset_said *said = bootset_saying(b, BOOTSET_FROM_PACKAGE);
	int n = pkgdb_each(bootset_root(b), add_file, b, &said->why);

	if (n == 0)
		return diag_set(
			&said->why, DIAG_NO_SOURCE, ENOENT,
			"Below this root is no package database that can be read.");
	return n < 0 ? n : 0;
}
