/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel modules by name: their files and those that they depend on, by modules.dep(5). */
#include <errno.h>
#include <string.h>

#include "core/simulate/bootset-internal.h"

enum { NAME_MAX_BYTES = 64 }; /* MODULE_NAME_LEN */

/* "kernel/drivers/net/virtio-net.ko.xz" is virtio_net. */
static struct span name_of(struct span path, char buf[NAME_MAX_BYTES])
{
	struct span folder, leaf = path;
	size_t n = 0;

	(void)span_cut_last(path, "/", &folder, &leaf);
	while (n < leaf.len && n < NAME_MAX_BYTES && leaf.ptr[n] != '.') {
		buf[n] = leaf.ptr[n] == '-' ? '_' : (char)leaf.ptr[n];
		n++;
	}
	return (struct span){(const uint8_t *)buf, n};
}

int bootset_add_module_name(struct pathset *names, struct span name)
{
	char buf[NAME_MAX_BYTES];
	int r = pathset_add(names, name_of(name, buf));

	return r == -ENOMEM ? r : 0;
}

static int add_module(struct bootset *b, const char *folder, struct span path,
		      enum bootset_source source)
{
	_cleanup_strbuf_ struct strbuf name = {0};
	struct bootset_met how = {.source = source,
				  .ops = 1 << BOOTSET_MODULE | 1 << BOOTSET_READ,
				  .early = true,
				  .there = true};

	if (path.ptr[0] != '/')
		strbuf_addf(&name, "%s/", folder);
	strbuf_add(&name, path.ptr, path.len);
	return name.failed ? -ENOMEM : bootset_met(b, strbuf_span(&name), &how);
}

/* "kernel/a.ko: kernel/b.ko kernel/c.ko" */
static int add_line(struct bootset *b, const char *folder, struct span line,
		    const struct pathset *names, enum bootset_source source)
{
	struct bytes at = bytes_of(line.ptr, line.len);
	char buf[NAME_MAX_BYTES];
	struct span path;
	int r;

	if (!bytes_until(&at, ':', &path) || !path.len ||
	    pathset_find(names, name_of(path, buf)) < 0)
		return 0;
	r = add_module(b, folder, path, source);
	while (r >= 0 && bytes_word(&at, " ", &path))
		r = add_module(b, folder, path, source);
	return r;
}

static int add_version(struct bootset *b, const char *folder, const struct pathset *names,
		       enum bootset_source source)
{
	_cleanup_strbuf_ struct strbuf path = {0}, text = {0};
	struct span line;
	struct bytes at;
	int r;

	strbuf_addf(&path, "%s/modules.dep", folder);
	r = path.failed ? -ENOMEM : bootset_slurp(bootset_root(b), path.ptr, &text);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	at = bytes_of(strbuf_str(&text), text.len);
	while (r >= 0 && bytes_until(&at, '\n', &line))
		r = add_line(b, folder, line, names, source);
	return r;
}

/* The running kernel's; those of all kernels where none of the root's runs. */
static int find_versions(const struct root *root, struct pathset *ret)
{
	_cleanup_strbuf_ struct strbuf release = {0}, path = {0};

	if (root_is_recorded(root) || !root_owns_place(root, ROOT_PROC) ||
	    root_read(root, ROOT_OSRELEASE, &release, NULL) < 0)
		return bootset_list(root, "lib/modules", "*", ret);
	strbuf_addf(&path, "lib/modules/%.*s", (int)strcspn(strbuf_str(&release), "\n"),
		    strbuf_str(&release));
	return pathset_add(ret, strbuf_span(&path)) == -ENOMEM ? -ENOMEM : 0;
}

int bootset_add_modules(struct bootset *b, const struct pathset *names,
			enum bootset_source source)
{
	_cleanup_pathset_ struct pathset versions = {0};
	int r;

	pathset_init(&versions);
	r = find_versions(bootset_root(b), &versions);
	for (size_t i = 0; r >= 0 && i < versions.n; i++)
		r = add_version(b, pathset_at(&versions, i), names, source);
	return r < 0 ? r : 0;
}
