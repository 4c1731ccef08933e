/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capabilities of files: from the words of setcap to the value of security.capability. */
#pragma once

#include "core/base/bytes.h"
#include "core/base/diag.h"

enum { FILECAPS_SIZE = 20 }; /* struct vfs_cap_data: XATTR_CAPS_SZ_2 */

/* "cap_net_raw,cap_net_admin=ep cap_setuid+i": clauses of names, "=" or "+" and letters of
 * e, i, p. A file's effective bit is one for all: every clause or none has e. -EINVAL
 * (IMA-U003): not understood. */
int filecaps_parse(const char *text, uint8_t ret[FILECAPS_SIZE], struct diag *reterr);
