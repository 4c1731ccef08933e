/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File systems by name and by number: what rules about them mean. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"

enum fskind {
	FSKIND_UNKNOWN,
	FSKIND_PSEUDO, /* the kernel's own files, or files that live in memory */
	FSKIND_DISK,   /* files keep labels */
	FSKIND_BARE,   /* files have no extended attributes */
	FSKIND_OTHER,  /* stacked on others, or of other machines */
};

struct fskind_row {
	uint32_t magic;
	const char *name;
	enum fskind kind;
};

/* Those of fs-magics.inc, which ima_policy=appraise_tcb leaves out: how many, and each. */
enum {
	FSKIND_EXCEPTED = 0
#define FS_MAGIC(magic, name) +1
#include "core/host/fs-magics.inc"
#undef FS_MAGIC
};
const struct fskind_row *fskind_excepted(size_t i);

/* NULL: not known. By magic: the first of several names. */
const struct fskind_row *fskind_by_name(struct span type);
const struct fskind_row *fskind_by_magic(uint64_t magic);
