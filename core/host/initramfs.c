/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/initramfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/fs.h"

enum { CONF_MAX = 1 << 16 };

static const struct {
	enum initramfs_tool tool;
	const char *program;
} programs[] = {
	{INITRAMFS_TOOLS, "usr/sbin/update-initramfs"},
	{INITRAMFS_DRACUT, "usr/bin/dracut"},
	{INITRAMFS_DRACUT, "usr/sbin/dracut"},
	{INITRAMFS_MKINITCPIO, "usr/bin/mkinitcpio"},
};

/* Files and folders with configuration. */
static const struct {
	enum initramfs_tool tool;
	const char *path;
} confs[] = {
	{INITRAMFS_DRACUT, "usr/lib/dracut/dracut.conf.d"},
	{INITRAMFS_DRACUT, "etc/dracut.conf"},
	{INITRAMFS_DRACUT, "etc/dracut.conf.d"},
	{INITRAMFS_TOOLS, "etc/initramfs-tools/hooks"},
	{INITRAMFS_MKINITCPIO, "etc/mkinitcpio.conf"},
	{INITRAMFS_MKINITCPIO, "etc/mkinitcpio.conf.d"},
};

static bool holds(struct span line, const char *text)
{
	return line.len && memmem(line.ptr, line.len, text, strlen(text)) != NULL;
}

static void read_line(struct initramfs *i, struct span line, const char *file)
{
	if (!line.len || line.ptr[0] == '#')
		return;
	i->integrity |= i->tool == INITRAMFS_DRACUT && holds(line, "dracutmodules") &&
			holds(line, "integrity");
	if (holds(line, "etc/keys") || holds(line, "etc/ima")) {
		i->copies = true;
		(void)snprintf(i->where, sizeof(i->where), "/%s", file);
	}
}

static void read_conf(struct initramfs *i, int at, const char *name, const char *path)
{
	_cleanup_strbuf_ struct strbuf text = {0};
	struct bytes in;
	struct span line;

	if (fs_read_at(at, name, CONF_MAX, &text, NULL) < 0)
		return; /* what cannot be read says nothing */
	in = bytes_of(strbuf_str(&text), text.len);
	while (bytes_left(&in)) {
		if (!bytes_until(&in, '\n', &line))
			(void)bytes_take(&in, bytes_left(&in), &line);
		read_line(i, line, path);
	}
}

static int read_folder(struct initramfs *i, DIR *dir, const char *path)
{
	const struct dirent *e;

	while ((e = readdir(dir))) {
		_cleanup_strbuf_ struct strbuf full = {0};

		strbuf_addf(&full, "%s/%s", path, e->d_name);
		if (full.failed)
			return -ENOMEM;
		if (e->d_name[0] != '.')
			read_conf(i, dirfd(dir), e->d_name, strbuf_str(&full));
	}
	return 0;
}

static int read_confs(struct initramfs *i, const struct root *root, const char *path)
{
	int fd = root_openat(root, ROOT_TARGET, path, O_RDONLY | O_DIRECTORY, NULL), r;
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (!dir) {
		if (fd >= 0)
			(void)close(fd);
		else if (fd == -ENOTDIR)
			read_conf(i, root->dir[ROOT_TARGET], path, path);
		return 0;
	}
	r = read_folder(i, dir, path);
	(void)closedir(dir);
	return r;
}

int initramfs_look(const struct root *root, struct initramfs *ret, struct diag *reterr)
{
	struct initramfs i = {INITRAMFS_UNKNOWN};
	int r = 0;

	for (size_t p = 0; p < array_size(programs) && !i.tool; p++) {
		_cleanup_close_ int fd =
			root_openat(root, ROOT_TARGET, programs[p].program, O_PATH, NULL);

		if (fd >= 0)
			i.tool = programs[p].tool;
	}
	for (size_t c = 0; c < array_size(confs) && r == 0; c++)
		if (confs[c].tool == i.tool)
			r = read_confs(&i, root, confs[c].path);
	if (r < 0)
		return diag_set(reterr, DIAG_MEMORY, ENOMEM, "Out of memory.");
	*ret = i;
	return 0;
}

size_t initramfs_command(const struct initramfs *i, const char *release,
			 const char *ret[8])
{
	static const char *const none[] = {NULL};
	const char *const dracut[] = {"dracut", "--force", "--kver", release, NULL};
	const char *const tools[] = {"update-initramfs", "-u", "-k", release, NULL};
	const char *const mkinitcpio[] = {"mkinitcpio", "-P", NULL};
	const char *const *words = i->tool == INITRAMFS_DRACUT	     ? dracut
				   : i->tool == INITRAMFS_TOOLS	     ? tools
				   : i->tool == INITRAMFS_MKINITCPIO ? mkinitcpio
								     : none;
	size_t n = 0;

	for (; words[n]; n++)
		ret[n] = words[n];
	ret[n] = NULL;
	return n;
}

static void add_command(const struct initramfs *i, const char *release,
			struct strbuf *out)
{
	const char *words[8];

	(void)initramfs_command(i, *release ? release : "RELEASE", words);
	for (size_t w = 0; words[w]; w++) {
		strbuf_adds(out, w ? " " : "");
		str_escape(out, span_of(words[w]), true);
	}
}

void initramfs_format(const struct initramfs *i, const char *release, bool keys,
		      struct strbuf *out)
{
	char q[130];

	if (i->tool == INITRAMFS_UNKNOWN) {
		strbuf_adds(out, "Who makes the initramfs is not known here: see whether "
				 "it holds a copy of /etc/ima or /etc/keys/ima.\n");
		return;
	}
	if (i->copies) {
		strbuf_addf(out,
			    "The initramfs holds a copy of keys or policy (%s); make it "
			    "anew: ",
			    str_quote(q, sizeof(q), span_of(i->where)));
		add_command(i, release, out);
		strbuf_adds(out, " (--initramfs does it).\n");
	} else {
		strbuf_adds(out,
			    "The initramfs holds no copy of keys or policy and stays "
			    "as it is.\n");
	}
	if (i->integrity)
		strbuf_adds(out,
			    "dracut's module integrity loads keys from /etc/keys/ima, "
			    "and before PID 1 the policy that /etc/sysconfig/ima "
			    "names.\n");
	else if (keys)
		strbuf_addf(out,
			    "Nothing in the initramfs is known to load what lies in "
			    "the folder /etc/keys/ima%s.\n",
			    i->tool == INITRAMFS_DRACUT
				    ? ": dracut's module integrity does, with "
				      "add_dracutmodules+=\" integrity \""
				    : "");
}
