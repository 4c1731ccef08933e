/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/host/pkgdb-internal.h"
#include "tests/fuzz/fuzz.h"

/* The answer and what was added belong together, whatever the header holds. */
static void check(struct pkgdb *db, int r, size_t size)
{
	size_t files = pkgdb_files(db), name = strlen(pkgdb_name(db, 0));

	if (r != 0 && r != 1 && r != -EBADMSG && !(fuzz_starved && r == -ENOMEM))
		abort();
	if (r == 1 ? !name || name > 255 || name >= size
		   : r != -ENOMEM && (files || name))
		abort();
	if (files > size || *pkgdb_name(db, 1))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pkgdb *db = NULL;

	if (pkgdb_new(&db, NULL) < 0)
		return 0;
	check(db, pkgdb_add_rpm_header(db, (struct span){data, size}), size);
	(void)pkgdb_free(db);
	return 0;
}
