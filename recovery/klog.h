/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel log: records as they come, their end kept in memory. */
#pragma once

#include <stdbool.h>

#include "core/base/bytes.h"
#include "core/base/root.h"
#include "core/base/str.h"

struct klog {
	int fd;
	char *record;	    /* owned */
	struct strbuf tail; /* the last records, as text; information only */
};

/* From now on, or with @all from the oldest record. -errno. */
int klog_open(const struct root *root, bool all, struct klog *ret);
void klog_close(struct klog *k);

/* The next record: 1, borrowed until the next call; 0: none yet; -errno. */
int klog_next(struct klog *k, struct span *ret);
