/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"
#include "core/host/elffile.h"
#include "tests/fuzz/fuzz.h"

static void check_name(const struct elffile *e, uint32_t name)
{
	if (name > e->names.len || (name && strlen(elffile_name(e, name)) >= PATH_MAX))
		abort();
}

static void check(const struct elffile *e)
{
	check_name(e, e->interp);
	check_name(e, e->rpath);
	check_name(e, e->runpath);
	if (e->n_needed > ELFFILE_NEEDED_MAX)
		abort();
	for (size_t i = 0; i < e->n_needed; i++)
		check_name(e, e->needed[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd = memfd_create("elf", MFD_CLOEXEC);
	_cleanup_elffile_ struct elffile e = {0};
	int r;

	if (fd < 0 || fs_write_all(fd, data, size) < 0)
		abort();
	r = elffile_read(fd, &e);
	if (r != 0 && r != 1 && r != -EBADMSG && !(fuzz_starved && r == -ENOMEM))
		abort();
	if (r == 1)
		check(&e);
	else if (e.names.ptr)
		abort();
	return 0;
}
