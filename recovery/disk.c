/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recovery/disk.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"

enum { PARTITIONS_MAX = 1 << 18 };

/* That people carry around, and that Linux writes to by itself. */
static bool is_writable_type(const char *type)
{
	static const char *const types[] = {"vfat", "exfat", "ext4", "ext3",
					    "ext2", "xfs",   "btrfs"};

	for (size_t i = 0; i < array_size(types); i++)
		if (strcmp(types[i], type) == 0)
			return true;
	return false;
}

static void value_of(blkid_probe p, const char *name, char *buf, size_t size)
{
	const char *value;
	size_t len;

	*buf = '\0';
	if (blkid_probe_lookup_value(p, name, &value, &len) == 0)
		str_quote(buf, size,
			  (struct span){(const uint8_t *)value, strnlen(value, len)});
}

/* Does one file system lie on it, and which? */
static bool identify(int fd, struct disk *d)
{
	blkid_probe p = blkid_new_probe();
	bool known = false;

	if (!p)
		return false;
	if (blkid_probe_set_device(p, fd, 0, 0) == 0 &&
	    blkid_probe_enable_superblocks(p, 1) == 0 &&
	    blkid_probe_set_superblocks_flags(p, BLKID_SUBLKS_TYPE |
							 BLKID_SUBLKS_LABEL) == 0 &&
	    blkid_do_safeprobe(p) == 0) {
		value_of(p, "TYPE", d->type, sizeof(d->type));
		value_of(p, "LABEL", d->label, sizeof(d->label));
		d->bytes = (uint64_t)blkid_probe_get_size(p);
		known = is_writable_type(d->type);
	}
	blkid_free_probe(p);
	return known;
}

/* O_EXCL: -EBUSY where it is mounted or part of something (linux 6.12 block/bdev.c
 * bd_prepare_to_claim()). */
static bool look(const struct root *here, struct span name, struct disk *ret)
{
	struct disk d = {.bytes = 0};
	_cleanup_close_ int fd = -1;
	int readonly = 0;

	if (name.len >= sizeof(d.name))
		return false;
	memcpy(d.name, name.ptr, name.len);
	fd = root_openat(here, ROOT_DEV, d.name,
			 O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC, NULL);
	if (fd < 0 || ioctl(fd, BLKROGET, &readonly) < 0 || readonly || !identify(fd, &d))
		return false;
	*ret = d;
	return true;
}

/* "   8       17   30720000 sdb1"; false: the head, or an empty line. */
static bool partition_name(struct span line, struct span *ret)
{
	struct bytes in = bytes_of(line.ptr, line.len);
	struct span word;
	size_t n = 0;

	while (bytes_word(&in, " \t", &word)) {
		*ret = word;
		n++;
	}
	return n == 4 && !span_is(word, "name");
}

size_t disk_list(const struct root *here, struct disk ret[DISK_MAX])
{
	_cleanup_close_ int fd =
		root_openat(here, ROOT_PROC, "partitions", O_RDONLY, NULL);
	_cleanup_strbuf_ struct strbuf text = {0};
	struct span line, name;
	struct bytes in;
	size_t n = 0;

	if (fd < 0 || fs_read_fd(fd, PARTITIONS_MAX, "partitions", &text, NULL) < 0)
		return 0;
	in = bytes_of(strbuf_str(&text), text.len);
	while (n < DISK_MAX && bytes_until(&in, '\n', &line))
		if (partition_name(line, &name) && look(here, name, &ret[n]))
			n++;
	return n;
}

int disk_find(const struct root *here, const char *name, struct disk *ret,
	      struct diag *reterr)
{
	static const char dev[] = "/dev/";
	char quoted[80];

	if (strncmp(name, dev, sizeof(dev) - 1) == 0)
		name += sizeof(dev) - 1;
	if (look(here, span_of(name), ret))
		return 0;
	return diag_set(
		reterr, DIAG_REPORT, ENODEV,
		"%s is no disk with a file system that can be written to and is not "
		"in use.",
		str_quote(quoted, sizeof(quoted), span_of(name)));
}

void disk_text(const struct disk *d, struct strbuf *out)
{
	char size[32];

	strbuf_addf(out, "%-10s %-6s %s", d->name, d->type,
		    str_bytes(size, sizeof(size), d->bytes));
	if (*d->label)
		strbuf_addf(out, "  \"%s\"", d->label);
}

/* A mount without a place in the tree, which ends with its descriptor (fsmount(2)). */
static int mount_fd(const struct disk *d)
{
	_cleanup_close_ int fs = fsopen(d->type, FSOPEN_CLOEXEC);
	char path[sizeof(d->name) + 8];
	int fd;

	if (fs < 0)
		return -errno;
	(void)snprintf(path, sizeof(path), "/dev/%s", d->name);
	if (fsconfig(fs, FSCONFIG_SET_STRING, "source", path, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	fd = fsmount(fs, FSMOUNT_CLOEXEC,
		     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return fd < 0 ? -errno : fd;
}

int disk_mount(const struct disk *d, struct diag *reterr)
{
	int fd = mount_fd(d);

	return fd < 0 ? diag_set(reterr, DIAG_REPORT, -fd,
				 "%s (%s) cannot be mounted: %s.", d->name, d->type,
				 diag_errno(-fd))
		      : fd;
}
