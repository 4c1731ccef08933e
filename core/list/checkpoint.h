/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is kept of a live list between two runs within one boot: the bytes read (below
 * /var/cache/imactl) and how far they go (below /run/imactl), both bound to the boot id.
 *
 * Order makes it safe: bytes are appended first, then the state file is replaced. Bytes
 * beyond the state are ignored and overwritten. No fsync: a crash of the machine ends the
 * boot, and with it the checkpoint. One process writes (flock); others read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cleanup.h"
#include "core/base/diag.h"
#include "core/base/root.h"
#include "core/list/mlog.h"

struct checkpoint_state {
	char boot_id[40];
	struct mlog_dialect dialect;
	uint64_t bytes;	  /* valid bytes of the cache file */
	uint64_t count;	  /* whole records in them */
	uint64_t trimmed; /* of those, records the kernel no longer has */
	uint64_t trimmed_bytes;
	uint64_t checksum; /* checkpoint_sum() over the bytes */
};

struct checkpoint;

/* Opens or creates the files. Never fails for want of permission: then it reads only, or
 * holds nothing. A checkpoint of another boot, or damaged, counts as none. */
int checkpoint_open(const struct root *root, const char *boot_id, struct checkpoint **ret,
		    struct diag *reterr);
struct checkpoint *checkpoint_free(struct checkpoint *c);
DEFINE_CLEANUP(struct checkpoint *, checkpoint_free)

/* NULL: there is none that is valid. */
const struct checkpoint_state *checkpoint_state(const struct checkpoint *c);
bool checkpoint_writable(const struct checkpoint *c);

/* Reads @len bytes at @offset of the cached list. -ENODATA when they are not there. */
int checkpoint_read(const struct checkpoint *c, uint64_t offset, void *buf, size_t len);

/* Appends bytes to the cache (not valid until checkpoint_commit()). */
int checkpoint_append(struct checkpoint *c, struct span bytes);
/* Makes everything appended valid. @state.bytes and .checksum are filled in here. */
int checkpoint_commit(struct checkpoint *c, const struct checkpoint_state *state,
		      struct diag *reterr);
/* Forgets the bytes: they cannot be used. */
void checkpoint_reset(struct checkpoint *c);
/* The kernel's list turned out to be another one: what was read earlier in this boot is
 * kept as that (the first time; it is evidence), and the named blobs with it. */
void checkpoint_set_aside(struct checkpoint *c);
/* A new descriptor of what was set aside in this boot, a list; -ENOENT, -EMFILE. */
int checkpoint_aside(const struct checkpoint *c);

struct span checkpoint_blob(const struct checkpoint *c, const char *name);
int checkpoint_set_blob(struct checkpoint *c, const char *name, struct span data);

/* Running 64-bit checksum; start with CHECKPOINT_SUM. Against accidents, not attackers:
 * whoever may write these files is root. */
#define CHECKPOINT_SUM 0xcbf29ce484222325u
uint64_t checkpoint_sum(uint64_t sum, struct span bytes);
