/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Audit records as they come, beside auditd: AUDIT_NLGRP_READLOG (linux 3.16 and later). */
#pragma once

#include <stdbool.h>

/* From now on; -errno: no audit in the kernel, or not CAP_AUDIT_READ. */
int auditlisten_open(void);
/* Does a record of IMA's rules name that file? Waits no longer than @milliseconds. */
bool auditlisten_for(int fd, const char *path, int milliseconds);
