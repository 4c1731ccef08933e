/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether an initramfs holds what imactl needs in it: the image itself is unpacked and looked
 * at, not the configuration it was made from.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/diag.h"
#include "core/base/root.h"
#include "core/base/sha256.h"
#include "core/host/initramfs.h"

enum { HOOKCHECK_PATH = 256 };

enum hookcheck_group {
#define HOOKCHECK_GROUP(id, word, title) HOOKCHECK_##id,
#include "core/host/hookcheck-groups.inc"
#undef HOOKCHECK_GROUP
	_HOOKCHECK_GROUP_MAX,
};

enum hookcheck_state {
	HOOKCHECK_MISSING,
	HOOKCHECK_DIFFERS, /* from the file on this machine */
	HOOKCHECK_GOOD,
	_HOOKCHECK_STATE_MAX,
};

struct hookcheck_part {
	enum hookcheck_group group;
	enum initramfs_tool tool; /* only in images of that tool; UNKNOWN: in any */
	enum hookcheck_state state;
	bool compared; /* @want is set: of the file it is a copy of */
	uint8_t want[SHA256_SIZE];
	char name[128];	 /* what its name in the image ends in */
	char found[160]; /* its name there, "" while it is missing; foreign, may be cut */
};

struct hookcheck {
	enum initramfs_tool tool; /* that made the image */
	uint64_t files;		  /* in it */
	bool systemd; /* its init is systemd, which loads the policy it finds */
	bool policy;  /* it holds /etc/ima/ima-policy */
	bool loader;  /* it loads /etc/sysconfig/ima-policy, which is there, on its own,
		       * behind the gate: dracut's module integrity */
	bool console; /* it is meant to hold the console */
	struct hookcheck_part *part;
	size_t n;
};

/* Opens the image of a kernel's initramfs, where the tools put it; its path into @ret.
 * IMA-R073: there is none. */
int hookcheck_open(const struct root *root, const char *release, char ret[HOOKCHECK_PATH],
		   struct diag *reterr);

/* Looks at the image @fd from its start. @root: what it was made from. IMA-R070 to R072,
 * IMA-R074: nothing of imactl is installed that could be in it. */
int hookcheck_run(const struct root *root, int fd, const char *release,
		  struct hookcheck *ret, struct diag *reterr);
void hookcheck_done(struct hookcheck *h);
#define _cleanup_hookcheck_ __attribute__((cleanup(hookcheck_done)))

/* Nothing is missing, nothing differs, and nothing loads a policy behind the gate's back. */
bool hookcheck_good(const struct hookcheck *h);

const char *hookcheck_group_word(enum hookcheck_group group);  /* "module" */
const char *hookcheck_group_title(enum hookcheck_group group); /* "modules" */
const char *hookcheck_state_word(enum hookcheck_state state);  /* "missing" */
