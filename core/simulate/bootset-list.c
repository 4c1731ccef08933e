/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source "list": what the policy in force had measured, with no word on how it was used. */
#include <errno.h>

#include "core/simulate/bootset-internal.h"
#include "core/list/live.h"
#include "core/list/mfile.h"
#include "core/list/mreader.h"

/* Field imode of newer templates: the file's mode when it was measured. */
static uint16_t mode_of(const struct mlog_dialect *dialect,
			const struct mlog_entry *entry)
{
	struct span v;

	if (!mlog_field(dialect, entry, MLOG_IMODE, &v) || v.len != 2)
		return 0;
	return (uint16_t)bytes_load(v.ptr, v.len, dialect->big_endian);
}

/* Names of keyrings, critical data and boot_aggregate are no paths. linux 6.12
 * ima_main.c: what has no path is logged with its last component (ima_d_path()). */
int bootset_add_entry(struct bootset *b, const struct mlog_dialect *dialect,
		      const struct mlog_entry *entry)
{
	struct bootset_met how = {.source = BOOTSET_FROM_LIST,
				  .mode = mode_of(dialect, entry)};
	struct span path = mlog_path(dialect, entry);
	int r;

	if (!path.len || path.ptr[0] != '/') {
		bootset_saying(b, BOOTSET_FROM_LIST)->nameless++;
		return 0;
	}
	r = bootset_met(b, path, &how);
	return r < 0 ? r : 0;
}

int bootset_add_list(struct bootset *b, int fd, uint8_t digest_size, struct diag *reterr)
{
	_cleanup_(mreader_freep) struct mreader *reader = NULL;
	struct bootset_said *said = bootset_saying(b, BOOTSET_FROM_LIST);
	struct mlog_entry e;
	int r = mreader_new(fd, digest_size, &reader, reterr);

	while (r >= 0 && (r = mreader_next(reader, &e, &said->why)) > 0) {
		r = bootset_add_entry(b, mreader_dialect(reader), &e);
		if (r == -ENOMEM)
			return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	}
	return r == -ENOMEM ? r : 0;
}

static int add_store(struct bootset *b, const struct mstore *store)
{
	_cleanup_strbuf_ struct strbuf scratch = {0};
	struct mlog_entry e;
	int r = 0;

	for (mref i = 0; r >= 0 && i < mstore_head(store); i++)
		if (mstore_entry(store, i, &scratch, &e))
			r = bootset_add_entry(b, mstore_dialect(store), &e);
	return r;
}

/* The checkpoint of an earlier reading is used: the kernel's list is dear to read. */
static int from_kernel(struct bootset *b)
{
	_cleanup_(live_freep) struct live *live = NULL;
	struct diag *why = &bootset_saying(b, BOOTSET_FROM_LIST)->why;
	int r = live_open(bootset_root(b), LIVE_NO_TAIL, NULL, &live, why);

	if (r >= 0)
		r = live_catch_up(live, NULL, why);
	return live ? add_store(b, live_store(live)) : r;
}

int bootset_from_list(struct bootset *b)
{
	struct diag *why = &bootset_saying(b, BOOTSET_FROM_LIST)->why;
	_cleanup_close_ int fd = -1;

	if (root_is_recorded(bootset_root(b))) {
		fd = mfile_open_recorded(bootset_root(b), why);
		return fd < 0 ? fd : bootset_add_list(b, fd, 0, NULL);
	}
	if (!root_owns_place(bootset_root(b), ROOT_SECURITYFS))
		return diag_set(why, DIAG_NO_SOURCE, ENOENT,
				"The measurement list is the running system's, not that "
				"of another root.");
	return from_kernel(b);
}
