/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/fskind.h"

#include "core/base/cleanup.h"

static const struct fskind_row rows[] = {
#define FS_MAGIC(magic, name) {magic, name, FSKIND_PSEUDO},
#include "core/host/fs-magics.inc"
#undef FS_MAGIC
#define FS_KIND(magic, name, kind) {magic, name, FSKIND_##kind},
#include "core/host/fs-kinds.inc"
#undef FS_KIND
};

const struct fskind_row *fskind_excepted(size_t i)
{
	return &rows[i];
}

const struct fskind_row *fskind_by_name(struct span type)
{
	for (size_t i = 0; i < array_size(rows); i++)
		if (span_is(type, rows[i].name))
			return &rows[i];
	return NULL;
}

const struct fskind_row *fskind_by_magic(uint64_t magic)
{
	for (size_t i = 0; i < array_size(rows); i++)
		if (rows[i].magic == magic)
			return &rows[i];
	return NULL;
}
