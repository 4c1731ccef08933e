/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the running kernel was built with: /proc/config.gz, /boot/config-RELEASE or
 * /lib/modules/RELEASE/config of the target, or a recorded host's "config". */
#pragma once

#include "core/base/cleanup.h"
#include "core/base/diag.h"
#include "core/base/root.h"
#include "core/base/str.h"

struct kconfig {
	struct strbuf text;
	char source[160]; /* where it came from, for people */
};

enum kconfig_value {
	KCONFIG_NO, /* "is not set", or not mentioned */
	KCONFIG_MODULE,
	KCONFIG_YES,
};

/* -ENOENT: there is none (IMA-H008). -EBADMSG: damaged. */
int kconfig_load(const struct root *root, struct kconfig *ret, struct diag *reterr);
/* The configuration in a file (plain or gzip) that somebody names; @path is for messages.
 * IMA-H008: it holds none. */
int kconfig_load_file(int dirfd, const char *path, struct kconfig *ret,
		      struct diag *reterr);
void kconfig_done(struct kconfig *k);

/* @option without CONFIG_. */
enum kconfig_value kconfig_get(const struct kconfig *k, const char *option);

/* Does the configuration say anything of @option, be it "is not set"? Then the kernel has
 * it. */
bool kconfig_mentions(const struct kconfig *k, const char *option);

/* A string (without quotes) or number; false when the option is not set. */
bool kconfig_text(const struct kconfig *k, const char *option, struct span *ret);
