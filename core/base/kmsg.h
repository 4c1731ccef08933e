/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of the kernel log as /dev/kmsg gives them, one a read: "PRIORITY,SEQUENCE,TIME,-;
 * TEXT\n", what is not printable as \xNN (linux 6.12 Documentation/ABI/testing/dev-kmsg). Who
 * may write to the log cannot give a record the kernel's facility (printk.c devkmsg_emit()).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/root.h"

enum {
	KMSG_RECORD_MAX = 8192
}; /* CONSOLE_EXT_LOG_MAX, linux 6.1 include/linux/printk.h */

struct kmsg_record {
	uint64_t priority, sequence;
	struct span text; /* the first line, which is what was said */
};

/* False: it is none. Borrows from @bytes. */
bool kmsg_parse(struct span bytes, struct kmsg_record *ret);

static inline bool kmsg_by_kernel(const struct kmsg_record *r)
{
	return r->priority < 8; /* the facility is above: syslog(3) */
}

/* The log from its oldest record on; the caller closes it. -errno. */
int kmsg_open(const struct root *root);
/* The next record there is now, into @buf of KMSG_RECORD_MAX: 1; 0: no more; -errno. What was
 * lost, or is longer than any can be, is passed over. */
int kmsg_next(int fd, char *buf, struct span *ret);
