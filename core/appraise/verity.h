/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The digest that fs-verity vouches for. */
#pragma once

#include "core/base/hashalg.h"

/* The file digest of @fd, which is open for reading: what rules with digest_type=verity
 * appraise and signatures of version 3 in type 06 sign. -ENODATA: the file has no
 * fs-verity; another -errno. linux 6.12 fs/verity/measure.c fsverity_ioctl_measure(). */
int verity_measure(int fd, struct digest *ret);
