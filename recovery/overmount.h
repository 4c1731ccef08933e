/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One folder in another's place until the machine is started again; the disk stays as it is. */
#pragma once

#include "core/base/diag.h"
#include "core/base/root.h"

/* @from (a folder, O_PATH) takes the place of @onto below the target, read-only: who edits
 * what is seen there would else edit the generation (recovery.md, rule 7). @onto is made where
 * it is missing. IMA-R012: it cannot be done, and nothing is in its place then. */
int overmount_folder(const struct root *target, int from, const char *onto,
		     struct diag *reterr);

/* The root folder of the target without what takes a place in it for this boot: what is on the
 * disk. Linux before 5.2 has no such thing: there it is the folder as it is. -errno. */
int overmount_beneath(const struct root *target);
