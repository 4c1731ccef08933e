/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's places as an initramfs may lack them. */
#pragma once

#include <stdbool.h>

#include "core/base/root.h"

/* Where nobody has mounted securityfs yet (initramfs-tools does not), @root gets one that no
 * path leads to: nothing is left behind. -errno: it cannot be had, or needs Linux 5.2. */
int kernelfs_security(struct root *root);

/* Is this the kernel that saves the memory of one that crashed (kdump)? It got the words of
 * that one, and the same root. */
bool kernelfs_saves_dump(const struct root *root);
