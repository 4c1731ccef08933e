/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the rescue menu may offer, by the kernel's command line: who may type there got the
 * boot this far, perhaps by making it fail, and is nobody yet (recovery.md, rule 20).
 */
#pragma once

#include <stdbool.h>

#include "core/base/bytes.h"

struct menurules {
	/* A shell, and a boot without the policy, after root's password. Not where the boot
	 * arguments forbid the shell of an initramfs: panic=, rd.shell=0, rd.emergency=. */
	bool shell;
	const char *forbids; /* the argument that does; NULL: none */
	bool asked;	     /* imactl=rescue: somebody wanted to be here */
	/* Nobody typed anything for so many seconds: the boot goes on as it is. 0: it waits. */
	unsigned seconds;
};

void menurules_of(struct span cmdline, struct menurules *ret);
