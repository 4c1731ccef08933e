/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A made-up machine for the live reader: a folder with the places of a root in it, whose
 * list and count are regular files. What only a kernel does (a page per read, the cost of
 * a walk, trimming under an open file) is tested in the lab.
 */
#pragma once

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/root.h"
#include "tests/unit/listgen.h"

#define MACHINE_IMA "sys/kernel/security/integrity/ima/"

struct machine {
	struct root root;
	char dir[64];
	int fd;
};

static inline void machine_put(struct machine *m, const char *path, const void *data,
			       size_t len, mode_t mode)
{
	int fd = openat(m->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EACCES)
		abort();
	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, data, len), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static inline void machine_read(struct machine *m, const char *path, struct strbuf *out)
{
	assert_int_equal(fs_read_at(m->fd, path, 64 << 20, out, NULL), 0);
}

static inline bool machine_has(struct machine *m, const char *path)
{
	return faccessat(m->fd, path, F_OK, 0) == 0;
}

static inline void machine_count(struct machine *m, unsigned long count)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu\n", count);
	machine_put(m, MACHINE_IMA "runtime_measurements_count", text, strlen(text),
		    0440);
}

/* @mode 0440: cannot be trimmed; 0660: can. */
static inline void machine_list(struct machine *m, const struct strbuf *b,
				unsigned long count, mode_t mode)
{
	machine_put(m, MACHINE_IMA "binary_runtime_measurements", b->ptr, b->len, mode);
	machine_count(m, count);
}

static inline int machine_open_dir(struct machine *m, const char *path)
{
	return openat(m->fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static inline struct machine machine_make(void)
{
	struct machine m = {.dir = "/tmp/imactl-machine-XXXXXX"};

	assert_non_null(mkdtemp(m.dir));
	m.fd = open(m.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fs_mkdirs_at(m.fd, MACHINE_IMA, 0755, NULL), 0);
	assert_int_equal(fs_mkdirs_at(m.fd, "proc/sys/kernel/random", 0755, NULL), 0);
	assert_int_equal(root_open_live(&m.root, m.dir, NULL), 0);
	close(m.root.dir[ROOT_SECURITYFS]);
	close(m.root.dir[ROOT_PROC]);
	m.root.dir[ROOT_SECURITYFS] = machine_open_dir(&m, "sys/kernel/security");
	m.root.dir[ROOT_PROC] = machine_open_dir(&m, "proc");
	machine_put(&m, "proc/sys/kernel/random/boot_id",
		    "11111111-2222-3333-4444-555555555555\n", 37, 0444);
	machine_put(&m, MACHINE_IMA "violations", "0\n", 2, 0440);
	return m;
}

static inline int machine_remove(const char *path, const struct stat *st, int type,
				 struct FTW *ftw)
{
	return remove(path);
}

static inline void machine_drop(struct machine *m)
{
	root_done(&m->root);
	close(m->fd);
	assert_int_equal(nftw(m->dir, machine_remove, 16, FTW_DEPTH | FTW_PHYS), 0);
}
