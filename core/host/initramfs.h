/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who makes this machine's initramfs, and what of keys and policies is in it, as far as its
 * configuration says. */
#pragma once

#include <stdbool.h>

#include "core/base/diag.h"
#include "core/base/root.h"
#include "core/base/str.h"

enum initramfs_tool {
	INITRAMFS_UNKNOWN,
	INITRAMFS_DRACUT,
	INITRAMFS_TOOLS, /* Debian's initramfs-tools */
	INITRAMFS_MKINITCPIO,
};

struct initramfs {
	enum initramfs_tool tool;
	/* dracut's module integrity: it loads the keys of /etc/keys/ima, and the policy that
	 * /etc/sysconfig/ima names, from the root file system. */
	bool integrity;
	bool copies;	 /* something puts /etc/keys or /etc/ima into it */
	char where[120]; /* the file that says so; foreign bytes */
};

/* -ENOMEM. */
int initramfs_look(const struct root *root, struct initramfs *ret, struct diag *reterr);

/* The command that makes it anew for a kernel, NULL at the end; 0: not known which. */
size_t initramfs_command(const struct initramfs *i, const char *release,
			 const char *ret[8]);
/* What it means for keys and a policy, a sentence or two a line. */
void initramfs_format(const struct initramfs *i, const char *release, bool keys,
		      struct strbuf *out);
