/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/klog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/kmsg.h"
#include "recovery/diagnose.h"

enum { TAIL_MAX = 16 << 10 };

int klog_open(const struct root *root, bool all, struct klog *ret)
{
	_cleanup_free_ char *record = malloc(KMSG_RECORD_MAX);
	_cleanup_close_ int fd = record ? kmsg_open(root) : -ENOMEM;

	if (fd < 0)
		return fd;
	if (!all && lseek(fd, 0, SEEK_END) < 0)
		return -errno;
	*ret = (struct klog){.fd = take_fd(&fd), .record = take_ptr(record)};
	return 0;
}

void klog_close(struct klog *k)
{
	cleanup_closep(&k->fd);
	k->fd = -1;
	free(k->record);
	k->record = NULL;
	strbuf_done(&k->tail);
}

/* Twice as much is kept for a while as is promised. */
static void keep(struct klog *k, struct span record)
{
	struct span text;
	uint64_t seq;

	if (!diagnose_text(record, &seq, &text))
		return;
	if (k->tail.len > (size_t)2 * TAIL_MAX) {
		memmove(k->tail.ptr, k->tail.ptr + k->tail.len - TAIL_MAX, TAIL_MAX);
		k->tail.len = TAIL_MAX;
	}
	strbuf_add(&k->tail, text.ptr, text.len);
	strbuf_addc(&k->tail, '\n');
}

int klog_next(struct klog *k, struct span *ret)
{
	int r = kmsg_next(k->fd, k->record, ret);

	if (r > 0)
		keep(k, *ret);
	return r;
}
