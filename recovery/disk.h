/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks and partitions that a report can be saved to. */
#pragma once

#include <stdint.h>

#include "core/base/root.h"

enum { DISK_MAX = 16 };

struct disk {
	char name[64];	/* below /dev: "sdb1" */
	char type[16];	/* its file system: "vfat" */
	char label[64]; /* escaped; "": it has none */
	uint64_t bytes;
};

/* Those with a file system that can be written to and that nobody uses now (mounted, part of
 * a volume); how many. */
size_t disk_list(const struct root *here, struct disk ret[DISK_MAX]);
/* That one, named with or without "/dev/". IMA-R024: it is none of those. */
int disk_find(const struct root *here, const char *name, struct disk *ret,
	      struct diag *reterr);

/* "sdb1  vfat  29.3 GiB  "USB"". Appends. */
void disk_text(const struct disk *d, struct strbuf *out);

/* Its root folder, mounted nowhere: closing the descriptor ends it. Nothing on it can be run
 * or is a device. IMA-R024. */
int disk_mount(const struct disk *d, struct diag *reterr);
