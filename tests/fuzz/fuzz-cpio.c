/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The archives of an initramfs: whatever the bytes are, no more is read than there is. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/host/cpio.h"
#include "tests/fuzz/fuzz.h"

static uint64_t read_content(struct cpio *c, int *ret_err)
{
	uint8_t buf[1000];
	uint64_t all = 0;
	ssize_t n;

	while ((n = cpio_read(c, buf, sizeof(buf), NULL)) > 0)
		all += (uint64_t)n;
	*ret_err = (int)n;
	return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cpio c;
	static struct cpio_entry e;
	_cleanup_close_ int fd = memfd_create("cpio", MFD_CLOEXEC);
	uint64_t all = 0;
	int r, err = 0;

	if (fd < 0 || fs_write_all(fd, data, size) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		abort();
	cpio_init(&c, fd);
	while ((r = cpio_next(&c, &e, NULL)) > 0 && err == 0)
		if (e.size % 2) /* the others are skipped */
			all += read_content(&c, &err);
	if (all > size || c.at > size || (r < 0 && r != -EBADMSG) ||
	    (err < 0 && err != -EBADMSG))
		abort();
	return 0;
}
