/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known about a boot that went wrong, saved for somebody who looks at it elsewhere: a
 * folder "imactl-report-N" that `imactl --host` reads as a recorded host (imactl-host(5)), with
 * report.txt, the policies that matter and what was kept of earlier failures beside. Nothing
 * else of the root's files, and no measurement list: who saves it was asked for no password.
 */
#pragma once

#include "core/base/root.h"
#include "core/base/str.h"
#include "recovery/disk.h"

enum { REPORT_NAME_SIZE = 32 };

/* Into a new folder of the folder @at, synced; its name. @target NULL: no root was found.
 * What cannot be read is left out, and report.txt says so. IMA-R024: it cannot be written. */
int report_write(const struct root *here, const struct root *target, int at,
		 char ret_name[REPORT_NAME_SIZE], struct diag *reterr);

/* The same on that disk, which is mounted for it alone. */
int report_to_disk(const struct root *here, const struct root *target,
		   const struct disk *disk, char ret_name[REPORT_NAME_SIZE],
		   struct diag *reterr);

/* The policy on the disk, whatever stands in its place for this boot. Appends. -errno. */
int report_policy(const struct root *target, struct strbuf *out);
