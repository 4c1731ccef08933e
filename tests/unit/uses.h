/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Made-up machines whose files are used, and what a bootset says of them. */
#pragma once

#include "core/simulate/bootset-internal.h"
#include "tests/unit/machine.h"

#define BIT(op)	     (1U << BOOTSET_##op)
#define FROM(source) (1U << BOOTSET_FROM_##source)

static inline struct bootset *make(const struct root *root)
{
	struct bootset *b = NULL;

	assert_int_equal(bootset_new(root, &b, NULL), 0);
	return b;
}

static inline struct bootset_use use_of(const struct bootset *b, const char *path,
					uint32_t uid)
{
	struct bootset_use u = {0};

	if (!bootset_find(b, path, uid, &u))
		fail_msg("%s: no use by %u", path, uid);
	assert_string_equal(u.path, path);
	assert_int_equal(u.uid, uid);
	return u;
}

static inline bool has(const struct bootset *b, const char *path)
{
	struct bootset_use u;

	return bootset_find(b, path, 0, &u);
}

static inline void put(struct machine *m, const char *path, const char *text, mode_t mode)
{
	_cleanup_free_ char *folder = strdup(path);
	char *slash = strrchr(folder, '/');

	if (slash) {
		*slash = '\0';
		assert_int_equal(fs_mkdirs_at(m->fd, folder, 0755, NULL), 0);
	}
	machine_put(m, path, text, strlen(text), mode);
}

static inline void link_to(struct machine *m, const char *to, const char *path)
{
	assert_int_equal(symlinkat(to, m->fd, path), 0);
}

/* The kernel's places are the machine's own, as they are of "/". */
static inline struct machine own_machine(void)
{
	struct machine m = machine_make();

	free(m.root.target_path);
	m.root.target_path = strdup("/");
	return m;
}

static inline void put_modules(struct machine *m)
{
	put(m, "lib/modules/6.12.0/modules.dep",
	    "kernel/drivers/virtio-net.ko.xz: kernel/net/failover.ko.xz\n"
	    "kernel/net/failover.ko.xz:\n"
	    "kernel/other.ko.xz: kernel/net/failover.ko.xz\n",
	    0644);
	put(m, "lib/modules/6.12.0/kernel/drivers/virtio-net.ko.xz", "x", 0644);
	put(m, "lib/modules/6.12.0/kernel/net/failover.ko.xz", "x", 0644);
	put(m, "lib/modules/6.12.0/kernel/other.ko.xz", "x", 0644);
	put(m, "lib/modules/6.1.0/modules.dep", "kernel/old-net.ko:\n", 0644);
	put(m, "lib/modules/6.1.0/kernel/old-net.ko", "x", 0644);
}
