/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/klog.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "recovery/diagnose.h"

enum {
	TAIL_MAX = 16 << 10,
	RECORD_MAX = 8192, /* CONSOLE_EXT_LOG_MAX, linux 6.1 include/linux/printk.h */
};

int klog_open(const struct root *root, bool all, struct klog *ret)
{
	_cleanup_close_ int fd = openat(root->dir[ROOT_DEV], "kmsg",
					O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || lseek(fd, 0, all ? SEEK_SET : SEEK_END) < 0)
		return -errno;
	*ret = (struct klog){.fd = -1, .record = malloc(RECORD_MAX)};
	if (!ret->record)
		return -ENOMEM;
	ret->fd = take_fd(&fd);
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
	ssize_t n;

	do
		n = read(k->fd, k->record, RECORD_MAX);
	/* EPIPE: records were lost; EINVAL: one is longer than any can be */
	while (n < 0 && (errno == EPIPE || errno == EINTR || errno == EINVAL));
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	*ret = (struct span){(const uint8_t *)k->record, (size_t)n};
	keep(k, *ret);
	return n > 0;
}
