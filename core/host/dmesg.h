/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel log, whole: syslog(2) on this machine, dmesg.txt of a recorded host. */
#pragma once

#include "core/base/bytes.h"
#include "core/base/diag.h"
#include "core/base/root.h"
#include "core/base/str.h"

/* Appended to @out as the kernel formats it ("<6>[    1.5] text"). -EPERM: needs
 * CAP_SYSLOG here (kernel.dmesg_restrict). The ring buffer forgets: what is not in there
 * may still have happened. */
int dmesg_read(const struct root *root, struct strbuf *out, struct diag *reterr);

/* The first line that holds @text, without its prefix; false: none. */
bool dmesg_find(const struct strbuf *log, const char *text, struct span *ret);
