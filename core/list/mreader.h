/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A measurement list record by record from a file descriptor, in memory that does not
 * grow with the list. For those who need each record once; who comes back to records uses
 * mstore, who follows a live list uses live.
 */
#pragma once

#include <stdint.h>

#include "core/base/cleanup.h"
#include "core/base/diag.h"
#include "core/list/mlog.h"

struct mreader;

/* Takes no ownership of @fd. @digest_size as for mlog_sniff(). */
int mreader_new(int fd, uint8_t digest_size, struct mreader **ret, struct diag *reterr);
struct mreader *mreader_free(struct mreader *r);
DEFINE_CLEANUP(struct mreader *, mreader_free)

/* 1: the next record, borrowed until the next call. 0: the end. -EBADMSG: damaged or cut
 * (IMA-L00x, with the byte offset); other -errno: reading failed. What came before an
 * error is good. */
int mreader_next(struct mreader *r, struct mlog_entry *ret, struct diag *reterr);

/* Of a list that has had a record. */
const struct mlog_dialect *mreader_dialect(const struct mreader *r);
